"""Rows on their way into a table, as DuckDB reads them from memory.

Decides nothing. A registered table costs DuckDB more than a millisecond each time, whatever its size: so each
cursor gets one lasting name a table, behind which the rows change.
"""

from __future__ import annotations

import weakref
from typing import Any

import duckdb
import pyarrow as pa

_Names = tuple[str, ...]
# Of each cursor: the table and its columns -> what arrives there.
_known: weakref.WeakKeyDictionary[duckdb.DuckDBPyConnection, dict[tuple[str, _Names], _Arrivals]] = (
    weakref.WeakKeyDictionary()
)


class _Arrivals:
    """What DuckDB asks for its rows at every reading (Arrow's C stream interface)."""

    def __init__(self, name: str, rows: pa.Table) -> None:
        self.name = name
        self.rows: pa.Table | None = rows

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        assert self.rows is not None, "nothing arrives: the name is read within an insert only"
        return self.rows.__arrow_c_stream__(requested_schema)


def insert_table(cursor: duckdb.DuckDBPyConnection, table: str, batch: pa.Table, conflict: str = "") -> None:
    """Bulk insert by column name. `table` and `conflict` are this room's own constants, never input."""
    mine = _known.setdefault(cursor, {})
    key = (table, tuple(batch.schema.names))
    arrivals = mine.get(key)
    if arrivals is None:
        arrivals = mine[key] = _Arrivals(f"arriving_{len(mine)}", batch)
        cursor.register(arrivals.name, arrivals)
    arrivals.rows = batch
    try:
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM {arrivals.name} {conflict}")
    finally:
        arrivals.rows = None


def forget(cursor: duckdb.DuckDBPyConnection) -> None:
    """After a ROLLBACK: names that were given within the transaction went with it."""
    _known.pop(cursor, None)
