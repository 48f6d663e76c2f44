"""Brings rows into the tables frame, link and observation, within the caller's transaction.

Decides only which imported records are stored already. Must never split a record from its observations.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data.arrivals import insert_table
from data.rows import Tables

TABLES = ("frame", "link", "observation")


def insert_tables(cursor: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """One statement a table: its fixed cost is that of a thousand rows."""
    for name, table in zip(TABLES, tables, strict=True):
        if table is not None:
            insert_table(cursor, name, table)


def set_mark(cursor: duckdb.DuckDBPyConnection, sequence: int) -> None:
    """The last journal group that is in the tables."""
    cursor.execute("UPDATE journal_mark SET sequence = ?", [sequence])


def mark_of(cursor: duckdb.DuckDBPyConnection) -> int:
    row = cursor.execute("SELECT max(sequence) FROM journal_mark").fetchone()
    return (row[0] if row else None) or 0


def insert_imports(cursor: duckdb.DuckDBPyConnection, tables: Tables) -> set[int]:
    """Adds the records whose import key is not stored yet; returns the record ids that were left out."""
    known = _stored(cursor, "frame", tables.frames) | _stored(cursor, "link", tables.links)
    if known:
        tables = Tables(*(_without(table, known) for table in tables))
    insert_tables(cursor, tables)
    return known


def _without(table: pa.Table | None, known: set[int]) -> pa.Table | None:
    if table is None:
        return None
    wanted = [number not in known for number in table["record_id"].to_pylist()]
    return table.filter(pa.array(wanted)) if any(wanted) else None


def _stored(cursor: duckdb.DuckDBPyConnection, name: str, table: pa.Table | None) -> set[int]:
    """Records whose import key is stored already, or came earlier in this table."""
    first: dict[int, int] = {}
    repeated: set[int] = set()
    if table is not None:
        keys, numbers = table["import_key"].to_pylist(), table["record_id"].to_pylist()
        for key, number in zip(keys, numbers, strict=True):
            if key is not None and first.setdefault(key, number) != number:
                repeated.add(number)
    if not first:
        return repeated
    cursor.register("arriving", pa.table({"import_key": pa.array(list(first), pa.uint64())}))
    try:
        stored = cursor.execute(f"SELECT import_key FROM {name} SEMI JOIN arriving USING (import_key)")
        repeated.update(first[key] for (key,) in stored.fetchall())
    finally:
        cursor.unregister("arriving")
    return repeated
