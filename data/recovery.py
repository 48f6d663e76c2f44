"""What the journal still holds after a crash: into the tables at the next start, or read beside them.

Decides what is missing by the mark in the database. Must never remove a journal file before the commit that
holds its groups.
"""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb

from data.insert import TABLES, insert_tables, mark_of, set_mark
from data.journal import groups_after, journal_files
from data.rows import Batch, Tables, joined, tables_of
from data.transaction import in_transaction

log = logging.getLogger(__name__)

# Groups in one transaction: bounds the memory of a large recovery.
STEP = 500


def replay(connection: duckdb.DuckDBPyConnection, database: Path) -> int:
    """Returns the last sequence number in use. Raises duckdb.Error; then the journal is untouched."""
    files = journal_files(database)
    last = mark_of(connection)
    waiting: list[Batch] = []
    recovered = 0
    for group in groups_after(database, last):
        waiting.append(group.batch)
        last = max(last, group.sequence)
        recovered += 1
        if len(waiting) >= STEP:
            _insert(connection, waiting, last)
            waiting = []
    if waiting:
        _insert(connection, waiting, last)
    if recovered:
        log.warning("the last process did not end by itself: %d groups came from its journal", recovered)
    for file in files:
        file.unlink()
    return last


def _insert(connection: duckdb.DuckDBPyConnection, waiting: list[Batch], last: int) -> None:
    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        insert_tables(cursor, tables_of(joined(waiting)))
        set_mark(cursor, last)

    in_transaction(connection, job)


def left_in_journal(connection: duckdb.DuckDBPyConnection, database: Path) -> Tables:
    """What a crashed owner made durable and did not bring to the tables. Nothing is changed."""
    groups = groups_after(database, mark_of(connection), keep_damaged=False)
    return tables_of(joined([group.batch for group in groups]))


def add_journal(cursor: duckdb.DuckDBPyConnection, left: Tables) -> None:
    """For this cursor, and without writing to the database, the tables hold what is `left` too."""
    for name, table in zip(TABLES, left, strict=True):
        if table is not None:
            cursor.register(f"{name}_in_journal", table)
            cursor.execute(
                f"CREATE TEMP VIEW {name} AS SELECT * FROM {_database_of(cursor)}.main.{name}"
                f" UNION ALL BY NAME SELECT * FROM {name}_in_journal"
            )


def _database_of(cursor: duckdb.DuckDBPyConnection) -> str:
    """The name DuckDB gave the file, quoted: without it the view would find itself."""
    row = cursor.execute("SELECT current_database()").fetchone()
    name: str = row[0] if row else ""
    return '"' + name.replace('"', '""') + '"'
