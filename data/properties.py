"""Writes what stations told about themselves, as periods: from when to when a property had a value.

Decides what is news: a value that differs from the one known, told later than that. Telling again what is
known, or what was known once, changes nothing, so that the same effects may be applied twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

from data.rows import UTC_MICROSECONDS, naive_utc
from rules.core.model import PropertyRow

MOST: Final = 2_000
"""Properties kept of one station: a full inventory of OCPP 2.x has some hundreds. More are left out."""

_SCHEMA: Final = pa.schema(
    [
        ("station", pa.string()),
        ("property", pa.string()),
        ("since", UTC_MICROSECONDS),
        ("value", pa.string()),
        ("until", UTC_MICROSECONDS),
        ("source", pa.string()),
        ("readonly", pa.bool_()),
    ]
)


def write_properties(cursor: duckdb.DuckDBPyConnection, rows: Sequence[PropertyRow]) -> None:
    """Within the caller's transaction."""
    columns = ", ".join(_SCHEMA.names)
    known = cursor.execute(
        f"SELECT {columns} FROM station_property"
        " WHERE until IS NULL AND station IN (SELECT unnest(?::VARCHAR[]))",
        [sorted({row.station for row in rows})],
    ).fetchall()
    open_now: dict[tuple[str, str], list[Any]] = {(row[0], row[1]): list(row) for row in known}
    count: dict[str, int] = {}
    for station, _property in open_now:
        count[station] = count.get(station, 0) + 1
    changed: dict[tuple[str, str, Any], list[Any]] = {}
    for row in sorted(rows, key=lambda row: row.at):
        key, at = (row.station, row.property), naive_utc(row.at)
        before = open_now.get(key)
        if before is not None:
            if at <= before[2] or before[3] == row.value:
                continue
            before[4] = at
            changed[(*key, before[2])] = before
        elif count.get(row.station, 0) >= MOST:
            continue
        else:
            count[row.station] = count.get(row.station, 0) + 1
        period = [row.station, row.property, at, row.value, None, row.source, row.readonly]
        open_now[key] = changed[(*key, at)] = period
    if not changed:
        return
    periods = list(changed.values())
    arriving = pa.table([[period[n] for period in periods] for n in range(len(_SCHEMA))], schema=_SCHEMA)
    cursor.register("arriving", arriving)
    try:
        cursor.execute(
            "INSERT INTO station_property BY NAME SELECT * FROM arriving"
            " ON CONFLICT (station, property, since) DO UPDATE SET until = excluded.until"
        )
    finally:
        cursor.unregister("arriving")
