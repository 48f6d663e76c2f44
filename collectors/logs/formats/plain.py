"""OCPP-J frames, one a line, bare or behind words: what a proxy, `evcc` or Python's `ocpp` package prints.

Whose a frame is, is read from the words before it; `--station` names the station of frames without. A line
with a time keeps it. A frame without gets the last time known: of a line before it, or that the back end put
in an answer (`currentTime`), or else the station's own `timestamp`. Decides direction from the action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple

from collectors.logs.formats.direction import Directions, asker_of, looks_like_frame
from collectors.logs.formats.text import (
    MAX_LINES,
    STAMP,
    LocalClock,
    LogFormatError,
    Reading,
    is_whole,
    text_lines,
    without_console,
)
from collectors.logs.formats.words import Said, said, syslog_time
from collectors.logs.logfile import MAX_LINE, BadLine, LogRecord, Unfit, parse_time, station_name

#: Lines looked through for a first instant, and for who wrote the log.
LOOK_AHEAD = 2_000
#: A station's own time this far ahead of the log's is not believed.
BELIEVED = timedelta(days=1)

_STAMP = re.compile(STAMP)
_FRAME = re.compile(r"\[\s*\"?[2-6]\"?\s*,.*", re.DOTALL)
# A serial console may lose the line's end between two messages.
_NEXT_ON_LINE = re.compile(r"(?<=\])(?=[^\[\]\"{}]*\[(?:MO|AO|OCPP)\] (?:Recv|Send): \[)")
# Lines that can only be the rest of printed JSON.
_GOES_ON = re.compile(r"\s*(?:[{}\]\",]|\[\s*(?:$|[\[{\"])|(?:-?\d[\d.eE+-]*|true|false|null)\s*[,\]}]?\s*$)")
_BACK_END_TIME = re.compile(r'"currentTime"\s*:\s*"([^"]{10,40})"')
_STATION_TIME = re.compile(r'"timestamp"\s*:\s*"([^"]{10,40})"')

NO_FRAME = "no OCPP-J frame in this line"


class _Found(NamedTuple):
    """A frame and what stood before it; without `raw` the reason why there is none."""

    line: int
    before: str
    raw: str | None
    reason: str = ""


def fits(lines: Sequence[str]) -> bool:
    return any(_split(without_console(line)) is not None for line in lines)


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    """LogFormatError when nothing names a station, or nothing tells when the log begins."""
    lines = text_lines(chunks)
    ahead = list(islice(lines, LOOK_AHEAD))
    frames = [pair for _, line in ahead if line and (pair := _split(without_console(line)))]
    default = None if reading.station is None else station_name(reading.station)
    if default is None and not any(said(before).station for before, _ in frames):
        raise LogFormatError("bare OCPP-J frames name no station: add --station ID")
    reached = reading.begin or _first_instant(ahead)
    clock, directions, side = LocalClock(reading.zone), Directions(), _Side(frames)
    talks = any(before.strip() for before, _ in frames)
    for found in _found(chain(ahead, lines), talks):
        if found.raw is None:
            yield BadLine(found.line, found.reason)
            continue
        stamp = _STAMP.search(found.before)
        try:
            words = said(found.before[stamp.end() :] if stamp else found.before)
            station = station_name(words.station or default)
            if stamp is not None:
                at = clock.at(stamp)
            elif reached is None:
                raise LogFormatError("nothing tells when this log begins: add --begin YYYY-MM-DDTHH:MM:SS")
            else:
                at = syslog_time(found.before, reading.zone, reached) or _moved(reached, found.raw)
        except Unfit as fault:
            yield BadLine(found.line, str(fault))
            continue
        reached = at
        direction = directions.of(station, found.raw, side.told(words, found.raw))
        yield LogRecord(found.line, at, station, direction=direction, raw=found.raw)


def _split(line: str) -> tuple[str, str] | None:
    """What stands before the frame of a line, and the frame."""
    frame = _FRAME.search(line)
    if frame is None or not looks_like_frame(frame[0]):
        return None
    return line[: frame.start()], frame[0].rstrip()


def _found(lines: Iterable[tuple[int, str | None]], talks: bool) -> Iterator[_Found]:
    """Frames, put together over their lines. In a log that `talks`, other lines are about something else."""
    held: _Found | None = None
    parts: list[str] = []
    size = 0
    for number, text in lines:
        line = None if text is None else without_console(text)
        if held is not None:
            if line is not None and len(parts) < MAX_LINES and size < MAX_LINE and _GOES_ON.match(line):
                parts.append(line)
                size += len(line)
                if line.rstrip().endswith("]") and is_whole("\n".join(parts)):
                    yield held._replace(raw="\n".join(parts).rstrip())
                    held = None
                continue
            yield held._replace(raw="\n".join(parts).rstrip())
            held = None
        if line is None:
            yield _Found(number, "", None, f"the line is longer than {MAX_LINE} bytes")
            continue
        for piece in _NEXT_ON_LINE.split(line) if "Recv: [" in line or "Send: [" in line else (line,):
            split = _split(piece)
            if split is None:
                if piece.strip() and not talks:
                    yield _Found(number, "", None, NO_FRAME)
            elif is_whole(split[1]):
                yield _Found(number, *split)
            else:
                held, parts, size = _Found(number, *split), [split[1]], len(split[1])
    if held is not None:
        yield held._replace(raw="\n".join(parts).rstrip())


class _Side:
    """Who wrote the log: what a back end receives comes from the station, what a station sends too."""

    def __init__(self, frames: Iterable[tuple[str, str]]) -> None:
        self._inward_is_from_station = True
        for before, raw in frames:
            if self._learn(said(before), raw):
                break

    def told(self, words: Said, raw: str) -> str | None:
        if words.inward is None:
            return None
        self._learn(words, raw)
        return "in" if words.inward is self._inward_is_from_station else "out"

    def _learn(self, words: Said, raw: str) -> bool:
        asker = asker_of(raw)
        if words.inward is None or asker is None:
            return False
        self._inward_is_from_station = words.inward is (asker == "in")
        return True


def _first_instant(lines: Iterable[tuple[int, str | None]]) -> datetime | None:
    """The back end's first instant, else the station's first."""
    texts = [line for _, line in lines if line is not None]
    for pattern in (_BACK_END_TIME, _STATION_TIME):
        for text in texts:
            if (at := _instant(pattern, text)) is not None:
                return at
    return None


def _moved(reached: datetime, raw: str) -> datetime:
    """Time goes on by what the frame tells; what it tells of the past moves nothing."""
    at = _instant(_BACK_END_TIME, raw)
    if at is not None:
        return max(reached, at)
    at = _instant(_STATION_TIME, raw)
    if at is not None and reached < at < reached + BELIEVED:
        return at
    return reached


def _instant(pattern: re.Pattern[str], text: str) -> datetime | None:
    found = pattern.search(text)
    if found is None:
        return None
    try:
        at = parse_time(found[1])
    except Unfit:
        return None
    return at if at > datetime(2000, 1, 1, tzinfo=UTC) else None
