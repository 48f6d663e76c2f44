"""How judgement takes up its work after a stop: last snapshot, what was stored since, and our blindness.

Decides where to start reading. Must never judge a record twice within one state, nor count the time between
the last sign of life of the owner and now against a station.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol

import msgspec

from data.store import Store
from rules.core.handling import Escalation
from rules.core.model import Blind, Effect, Evidence, IncidentRow, Observation

log = logging.getLogger(__name__)

# Columns of an incident that hold JSON, and what is in them.
JSON_COLUMNS: dict[str, Any] = {
    "evidence": list[Evidence],
    "route_words": dict[str, str],
    "escalation": Escalation | None,
}


class Judging(Protocol):
    """What the engine needs of `rules.core.judge.Judge`."""

    def feed(self, obs: Observation) -> list[Effect]: ...

    def advance(self, now: datetime) -> list[Effect]: ...

    def state(self) -> bytes: ...


class Resumed(msgspec.Struct):
    """`alive_at`: the last instant (UTC) at which the previous process is known to have watched."""

    judge: Judging
    cursor: int
    alive_at: datetime | None


def resume(store: Store, make_judge: Callable[[bytes | None], Judging]) -> Resumed:
    """The judge of the last snapshot. `make_judge(None)` starts empty; it does so too when the snapshot
    cannot be read (a version that remembers more), and then everything stored is judged anew."""
    kept = store.snapshot()
    if kept is None:
        return Resumed(make_judge(None), 0, None)
    cursor, at, body = kept
    try:
        return Resumed(make_judge(body), cursor, at)
    except (msgspec.MsgspecError, ValueError, KeyError) as error:
        log.warning("the saved state of judgement cannot be read (%s): judging all records anew", error)
        return Resumed(make_judge(None), 0, at)


def backlog(store: Store, resumed: Resumed) -> Iterator[list[Observation]]:
    """What was stored after the snapshot, in order of receipt."""
    return store.observations_after(resumed.cursor)


def blind_since(alive_at: datetime | None, now: datetime, next_record_id: Callable[[], int]) -> Blind | None:
    """The observation that says we could not see; None when nothing was ever seen before."""
    if alive_at is None or alive_at >= now:
        return None
    return Blind(station="", at=now, since=alive_at, record_id=next_record_id())


def stored_incident(store: Store, incident_id: str) -> IncidentRow | None:
    """An incident as stored, for a notice about an incident that this process did not see open."""
    table = store.query("incident", incident_id=incident_id)
    if table.is_empty():
        return None
    row = {name: value for name, value in table.row(0, named=True).items() if value is not None}
    for name, kind in JSON_COLUMNS.items():
        if name in row:
            row[name] = msgspec.json.decode(row[name], type=kind)
    known = {name: row[name] for name in IncidentRow.__struct_fields__ if name in row}
    return msgspec.convert(known | {"effect": "incident"}, IncidentRow)
