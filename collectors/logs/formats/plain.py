"""OCPP-J frames, one a line, bare or with a time in front: what a proxy, a tool or `evcc` prints.

A line with a time keeps it. A bare frame gets the last time known: of a line before it, or that the back end
put in an answer (`currentTime`), or else the station's own `timestamp`. Decides direction from the action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from collectors.logs.formats.direction import Directions, looks_like_frame
from collectors.logs.formats.text import (
    STAMP,
    LocalClock,
    LogFormatError,
    Reading,
    text_lines,
    without_console,
)
from collectors.logs.logfile import MAX_LINE, BadLine, LogRecord, Unfit, parse_time, station_name

#: Lines looked through for a first instant.
LOOK_AHEAD = 2_000
#: A station's own time this far ahead of the log's is not believed.
BELIEVED = timedelta(days=1)

_STAMP = re.compile(STAMP)
_FRAME = re.compile(r"\[\s*\"?[2-6]\"?\s*,.*", re.DOTALL)
_BACK_END_TIME = re.compile(r'"currentTime"\s*:\s*"([^"]{10,40})"')
_STATION_TIME = re.compile(r'"timestamp"\s*:\s*"([^"]{10,40})"')


def fits(lines: Sequence[str]) -> bool:
    found = (_FRAME.search(without_console(line)) for line in lines)
    return any(frame is not None and looks_like_frame(frame[0]) for frame in found)


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    """LogFormatError when no station is named, or nothing tells when the log begins."""
    if reading.station is None:
        raise LogFormatError("bare OCPP-J frames name no station: add --station ID")
    station = station_name(reading.station)
    lines = text_lines(chunks)
    ahead = list(islice(lines, LOOK_AHEAD))
    reached = reading.begin or _first_instant(ahead)
    clock, directions = LocalClock(reading.zone), Directions()
    for number, found in chain(ahead, lines):
        if found is None:
            yield BadLine(number, f"the line is longer than {MAX_LINE} bytes")
            continue
        line = without_console(found)
        frame = _FRAME.search(line)
        if frame is None or not looks_like_frame(frame[0]):
            if line.strip():
                yield BadLine(number, "no OCPP-J frame in this line")
            continue
        raw = frame[0].rstrip()
        stamp = _STAMP.search(line, 0, frame.start())
        try:
            if stamp is not None:
                at = reached = clock.at(stamp)
            elif reached is None:
                raise LogFormatError("nothing tells when this log begins: add --begin YYYY-MM-DDTHH:MM:SS")
            else:
                at = reached = _moved(reached, raw)
        except Unfit as fault:
            yield BadLine(number, str(fault))
            continue
        yield LogRecord(number, at, station, direction=directions.of(station, raw), raw=raw)


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
