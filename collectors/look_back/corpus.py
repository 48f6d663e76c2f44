"""Labelled traces of real stations (`laadwacht score`): a file of cases, and each case as a log.

Decides how a trace without times gets some, which way a frame went where the trace does not say, and which
words about a link mean that it opened or closed. What one case lacks or spells oddly never costs the others.
Must never look at a case's label: what the rules hear is the log alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from collectors.logs.formats.direction import Directions
from collectors.logs.logfile import MAX_STATION, VERSIONS, BadLine, parse_time

#: Where a trace prints no time at all.
NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=1)
#: A link event is told in somebody's words; the first of these found in them counts. What holds none of them
#: (a line of a server's log, say) says nothing about the link.
LINK_WORDS = (
    ("reconnect", "connected"),
    ("disconnect", "disconnected"),
    ("closes", "disconnected"),
    ("closed", "disconnected"),
    ("link lost", "disconnected"),
    ("link drop", "disconnected"),
    ("drops the link", "disconnected"),
    ("connection lost", "disconnected"),
    ("connection reset", "disconnected"),
    ("broken pipe", "disconnected"),
    ("connected", "connected"),
    ("connection established", "connected"),
    ("timeout", "timeout"),
    ("timed out", "timeout"),
)
#: How traces name the two ways, besides `in` and `out`.
WAYS = {
    **dict.fromkeys(("in", "recv", "receive", "received", "rx", "request", "cp", "from_station"), "in"),
    **dict.fromkeys(("out", "sent", "send", "tx", "response", "cs", "csms", "to_station"), "out"),
}
_ONLY_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?")


class CorpusFrame(Struct, frozen=True):
    """`t` as the trace printed it, None where it printed none; `raw` the frame, or its text."""

    dir: str
    raw: Any
    t: str | None = None


class LinkEvent(Struct, frozen=True):
    event: str
    t: str | None = None


class Case(Struct, frozen=True):
    """One trace. The truth fields are empty in a corpus without labels."""

    id: str
    frames: tuple[CorpusFrame, ...]
    ocpp: str | None = None
    conn_events: tuple[LinkEvent, ...] = ()
    truth_side: str = "unknown"
    confidence: str = "low"
    tags: tuple[str, ...] = ()


def read_cases(lines: Iterable[bytes | str]) -> tuple[list[Case], list[BadLine]]:
    """One case a line; blank lines are passed over. A line that is none is named, the others count."""
    cases: list[Case] = []
    bad: list[BadLine] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(case_of(_decoded(line), f"line {number}"))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            bad.append(BadLine(number, f"no case: {error}"[:200]))
    return cases, bad


def _decoded(line: bytes | str) -> Any:
    """JSON, with half a character (a lone surrogate, as in fuzzed frames) replaced. Raises ValueError."""
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        try:
            text = json.dumps(json.loads(line), ensure_ascii=False)
        except ValueError as error:
            raise ValueError("not JSON") from error
        return msgspec.json.decode(text.encode(errors="replace"))


def case_of(body: Any, name: str) -> Case:
    """The case that `body` tells, as far as it can be read; `name` for one without an id. ValueError for what
    is none."""
    if not isinstance(body, dict):
        raise ValueError("a case is an object")
    frames = body.get("frames")
    if not isinstance(frames, list):
        raise ValueError("frames must be a list")
    ways = Directions()
    known = [frame for frame in frames if isinstance(frame, dict) and frame.get("raw") is not None]
    events = body.get("conn_events")
    return Case(
        id=_text(body.get("id")) or name,
        frames=tuple(_frame(frame, ways) for frame in known),
        ocpp=_version(body.get("ocpp")),
        conn_events=tuple(
            LinkEvent(str(event["event"]), _clock_text(event.get("t")))
            for event in (events if isinstance(events, list) else ())
            if isinstance(event, dict) and event.get("event")
        ),
        truth_side=_text(body.get("truth_side")) or "unknown",
        confidence=_text(body.get("confidence")) or "low",
        tags=tuple(str(tag) for tag in tags) if isinstance(tags := body.get("tags"), list) else (),
    )


def _frame(frame: dict[str, Any], ways: Directions) -> CorpusFrame:
    raw = frame["raw"]
    text = raw if isinstance(raw, str) else msgspec.json.encode(raw).decode()
    told = WAYS.get((_text(frame.get("dir")) or "").casefold())
    guessed = ways.of("", text, told)
    return CorpusFrame(told or guessed, raw, _clock_text(frame.get("t")))


def log_of(case: Case) -> Iterator[dict[str, Any]]:
    """The case's records in the fixed log format; its station is named after it. Frames stay in their order.

    Printed times are taken as UTC; an item without one follows the item before it by a second, or by less
    where the next time that is printed comes sooner, and leads the first printed time by a second.
    """
    frames: list[tuple[datetime | None, dict[str, Any]]] = [
        (_moment(frame.t), {"dir": frame.dir, "raw": frame.raw}) for frame in case.frames
    ]
    later: list[tuple[datetime | None, dict[str, Any]]] = []
    timed: list[tuple[datetime, dict[str, Any]]] = []
    for event in case.conn_events:
        words = event.event.casefold()
        kind = next((kind for word, kind in LINK_WORDS if word in words), None)
        if kind is None:
            continue
        at = _moment(event.t)
        if at is None:
            later.append((None, {"event": kind}))
        else:
            timed.append((at, {"event": kind}))
    station = "".join(char for char in case.id if char.isprintable())[:MAX_STATION] or "station"
    for at, record in _merged(_placed([*frames, *later]), timed):
        head: dict[str, Any] = {"t": at.isoformat().replace("+00:00", "Z"), "station": station}
        if case.ocpp is not None:
            head["version"] = case.ocpp
        yield {**head, **record}


def _placed(
    items: list[tuple[datetime | None, dict[str, Any]]],
) -> list[tuple[datetime, dict[str, Any]]]:
    """Every item with a time, never before that of the item before it."""
    placed: list[tuple[datetime, dict[str, Any]]] = []
    untimed = next((n for n, (at, _) in enumerate(items) if at is not None), len(items))
    first = items[untimed][0] if untimed < len(items) else None
    last = (NO_TIME if first is None else first - STEP * untimed) - STEP
    for n, (printed, record) in enumerate(items):
        at = printed
        if at is None:
            at = last + STEP
            following = next((t for t, _ in items[n + 1 :] if t is not None), None)
            if following is not None and last <= following < at:
                at = following
        last = max(last, at) if n else at
        placed.append((last, record))
    return placed


def _merged(
    frames: list[tuple[datetime, dict[str, Any]]], events: list[tuple[datetime, dict[str, Any]]]
) -> list[tuple[datetime, dict[str, Any]]]:
    """Link events at their times among the frames; after a frame of the same time."""
    every = [(at, 0, record) for at, record in frames] + [(at, 1, record) for at, record in events]
    return [(at, record) for at, _, record in sorted(every, key=lambda item: (item[0], item[1]))]


def _moment(text: str | None) -> datetime | None:
    """Aware UTC; a time of day is one of a day that nobody knows. None for what is no time."""
    if text is None:
        return None
    if _ONLY_TIME.fullmatch(text):
        text = f"{NO_TIME.date()}T{text if text.count(':') == 2 else text + ':00'}".replace(",", ".")
        text = re.sub(r"T(\d):", r"T0\1:", text)
    try:
        return parse_time(text.replace(",", "."))
    except ValueError:
        return None


def _clock_text(value: Any) -> str | None:
    return (
        str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    )


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _version(value: Any) -> str | None:
    """`1.6` of "1.6", 1.6, "1.6J" or "ocpp1.6"; None for what is none of ours."""
    text = str(value).casefold().removeprefix("ocpp").strip() if isinstance(value, str | float) else ""
    text = "2.0.1" if text.startswith(("2.0", "201")) else text
    return next((version for version in sorted(VERSIONS) if text.startswith(version)), None)
