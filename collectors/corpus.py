"""Labelled traces of real stations (`laadwacht score`): a file of cases, and each case as a log.

Decides how a trace without times gets some, and which words about a link mean that it opened or closed. Must
never look at a case's label: what the rules hear is the log alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

#: Where a trace prints no time at all.
NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=1)
#: A link event is told in somebody's words; the first of these found in them counts. What holds none of them
#: (a request that timed out, a line of a server's log) says nothing about the socket.
LINK_WORDS = (
    ("reconnect", "connected"),
    ("disconnect", "disconnected"),
    ("closes", "disconnected"),
    ("closed", "disconnected"),
    ("link lost", "disconnected"),
    ("connection lost", "disconnected"),
    ("connected", "connected"),
)


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
    truth_owner: str = "unknown"
    confidence: str = "low"
    tags: tuple[str, ...] = ()


class CorpusError(ValueError):
    """What is wrong with a file of cases; the text has one line for each mistake."""


def read_cases(lines: Iterable[bytes | str]) -> list[Case]:
    """One case a line; blank lines are passed over. Raises CorpusError naming every line that is none."""
    decode = msgspec.json.Decoder(Case).decode
    cases: list[Case] = []
    mistakes: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = decode(line)
            for t in (*(frame.t for frame in case.frames), *(event.t for event in case.conn_events)):
                if t is not None:
                    _utc(t)
        except (msgspec.MsgspecError, ValueError) as error:
            mistakes.append(f"line {number}: no case: {error}")
        else:
            cases.append(case)
    if mistakes:
        raise CorpusError("\n".join(mistakes))
    return cases


def log_of(case: Case) -> Iterator[dict[str, Any]]:
    """The case's records in the fixed log format, in order; its station is named after it.

    Printed times are taken as UTC; an item without one follows the item before it by a second, and leads the
    first printed time by a second where none came before.
    """
    items: list[tuple[str | None, dict[str, Any]]] = [
        (frame.t, {"dir": frame.dir, "raw": frame.raw}) for frame in case.frames
    ]
    later: list[tuple[str | None, dict[str, Any]]] = []
    for event in case.conn_events:
        words = event.event.casefold()
        kind = next((kind for word, kind in LINK_WORDS if word in words), None)
        if kind is not None:
            (later if event.t is None else items).append((event.t, {"event": kind}))
    items += later
    untimed = next((n for n, (t, _) in enumerate(items) if t is not None), len(items))
    first = _utc(items[untimed][0] or "") if untimed < len(items) else NO_TIME + STEP * untimed
    at = first - STEP * (untimed + 1)
    placed: list[tuple[datetime, dict[str, Any]]] = []
    for t, record in items:
        at = _utc(t) if t is not None else at + STEP
        placed.append((at, record))
    placed.sort(key=lambda item: item[0])
    for at, record in placed:
        head: dict[str, Any] = {"t": at.isoformat().replace("+00:00", "Z"), "station": case.id}
        if case.ocpp is not None:
            head["version"] = case.ocpp
        yield {**head, **record}


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
