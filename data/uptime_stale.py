"""Notes which added-up days (uptime_day) an effect makes stale, in the transaction that writes it.

Decides only from what a row was and what it becomes. May point at too much, never at too little; what is only
today's is never pointed at, since no day is added up before it is over.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from data.rows import TEXT_LIST, UTC_MICROSECONDS
from rules.core.model import BlindRow, Effect, IncidentRow, IntervalRow, LinkRow, PlannedRow

BRUSSELS = ZoneInfo("Europe/Brussels")
_Place = tuple[str, int, int]
# Of each cursor: the connectors it knows to be in table `connector`.
_known: weakref.WeakKeyDictionary[duckdb.DuckDBPyConnection, set[_Place]] = weakref.WeakKeyDictionary()

_FOREVER = "TIMESTAMP 'infinity'"
# Stored instead: readers of the table cannot all take infinity.
_BEGIN, _END = "TIMESTAMP '1970-01-01'", "TIMESTAMP '9999-01-01'"


def _ended(row: str) -> str:
    return f"coalesce({row}.ended_at, {_FOREVER})"


def _interval(table: str, key: str, said: str) -> str:
    """An interval that only ends otherwise changes nothing before the earlier of both ends."""
    same = f"o.station IS NOT NULL AND {said}"
    return f"""
    SELECT n.station, CASE WHEN {same} THEN least({_ended("o")}, {_ended("n")}) ELSE n.started_at END AS a,
           CASE WHEN o.station IS NULL THEN {_ended("n")} ELSE greatest({_ended("o")}, {_ended("n")}) END AS z
    FROM changing n LEFT JOIN {table} o USING ({key})
    WHERE NOT ({same} AND {_ended("o")} = {_ended("n")})"""


_CHANGES: dict[type[Effect], tuple[str, str]] = {
    IntervalRow: (
        "station evse connector started_at ended_at status",
        _interval("state_interval", "station, evse, connector, started_at", "o.status = n.status"),
    ),
    LinkRow: (
        "station started_at ended_at state",
        _interval("link_interval", "station, started_at", "o.state = n.state"),
    ),
    PlannedRow: (
        "station window_id started_at ended_at",
        _interval("planned_interval", "station, window_id, started_at", "true"),
    ),
    BlindRow: (
        "started_at ended_at",
        """
    SELECT NULL AS station, coalesce(least(o.ended_at, n.ended_at), n.started_at) AS a,
           greatest(o.ended_at, n.ended_at) AS z
    FROM changing n LEFT JOIN blind_interval o USING (started_at)
    WHERE o.ended_at IS DISTINCT FROM n.ended_at""",
    ),
    IncidentRow: (
        "incident_id station members connector scope owner cause pending_at closed_at",
        f"""
    SELECT unnest(list_distinct(list_filter(
               list_concat(n.members, [n.station], coalesce(o.members, []), [o.station]),
               lambda s: s IS NOT NULL))) AS station,
           CASE WHEN same THEN least(coalesce(o.closed_at, {_FOREVER}), coalesce(n.closed_at, {_FOREVER}))
                ELSE least(o.pending_at, n.pending_at) END AS a,
           CASE WHEN o.incident_id IS NULL THEN coalesce(n.closed_at, {_FOREVER})
                ELSE greatest(coalesce(o.closed_at, {_FOREVER}), coalesce(n.closed_at, {_FOREVER}))
           END AS z
    FROM (SELECT n, o, o.incident_id IS NOT NULL AND o.pending_at = n.pending_at AND o.scope = n.scope
                 AND o.owner = n.owner AND o.cause = n.cause AND o.members = n.members
                 AND o.station IS NOT DISTINCT FROM n.station
                 AND o.connector IS NOT DISTINCT FROM n.connector AS same
          FROM changing n LEFT JOIN incident o USING (incident_id))
    WHERE NOT (same AND o.closed_at IS NOT DISTINCT FROM n.closed_at)""",
    ),
}
_TIMES = ("started_at", "ended_at", "pending_at", "closed_at")
_NUMBERS = ("evse", "connector")


def day_ends(day: date) -> datetime:
    """The midnight in Brussels that ends `day`."""
    return datetime.combine(day + timedelta(days=1), time(), BRUSSELS).astimezone(UTC)


def note_changes(cursor: duckdb.DuckDBPyConnection, by_kind: Mapping[type[Effect], Sequence[Effect]]) -> None:
    """To be called before the rows are written. New connectors are noted too."""
    kinds = [kind for kind in _CHANGES if by_kind.get(kind)]
    if not kinds:
        return
    row = cursor.execute("SELECT max(day) FROM uptime_rolled").fetchone()
    newest = row[0] if row else None
    _note_connectors(cursor, by_kind.get(IntervalRow, ()), anything_rolled=newest is not None)
    if newest is None:
        return
    over = day_ends(newest)
    for kind in kinds:
        names, changes = _CHANGES[kind]
        began = "pending_at" if kind is IncidentRow else "started_at"
        old = [change for change in by_kind[kind] if getattr(change, began) < over]
        if old:
            _note(cursor, _table(old, names.split()), changes, over)


def _table(rows: Sequence[Any], names: Sequence[str]) -> pa.Table:
    def kind(name: str) -> pa.DataType:
        if name in _TIMES:
            return UTC_MICROSECONDS
        if name == "members":
            return TEXT_LIST
        return pa.int32() if name in _NUMBERS else pa.string()

    return pa.table({name: pa.array([getattr(row, name) for row in rows], kind(name)) for name in names})


def _note(cursor: duckdb.DuckDBPyConnection, rows: pa.Table, changes: str, over: datetime) -> None:
    cursor.register("changing", rows)
    try:
        cursor.execute(
            f"INSERT INTO uptime_stale SELECT station, a, least(z, {_END}) FROM ({changes})"
            " WHERE a < z AND a < ?",
            [over.replace(tzinfo=None)],
        )
    finally:
        cursor.unregister("changing")


def _note_connectors(
    cursor: duckdb.DuckDBPyConnection, rows: Sequence[Any], *, anything_rolled: bool
) -> None:
    known = _known.setdefault(cursor, set())
    places = {(row.station, row.evse, row.connector) for row in rows if row.connector > 0} - known
    if not places:
        return
    values = {"places": [{"station": s, "evse": e, "connector": c} for s, e, c in sorted(places)]}
    new = cursor.execute(
        "INSERT INTO connector SELECT DISTINCT p.station, p.evse, p.connector"
        " FROM (SELECT unnest($places) AS p)"
        " ON CONFLICT DO NOTHING RETURNING station",
        values,
    ).fetchall()
    if new and anything_rolled:
        # All its days before were unknown; until now they were those of a station without it.
        cursor.execute(
            f"INSERT INTO uptime_stale SELECT DISTINCT unnest(?::VARCHAR[]), {_BEGIN}, {_END}",
            [[station for (station,) in new]],
        )
    known.update(places)


def forget(cursor: duckdb.DuckDBPyConnection) -> None:
    """After a ROLLBACK: what it added is not there."""
    _known.pop(cursor, None)
