"""Reads a database that no owner process has open: exports and look-ups from the command line.

Decides nothing. Must never write: the file is opened for reading only, and is not migrated. What a crashed
owner left in its journal is read along with the tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl

from data.errors import StoreCorrupt, StoreError
from data.migrate import applied_migrations, check_history, packaged_migrations
from data.named_queries import named_query
from data.opening import connect, translate
from data.recovery import add_journal, left_in_journal
from data.results import table_of
from data.rows import Tables
from data.scope import HELPDESK, Scope, visible_select


class RestingStore:
    """Made by `open`. Several processes may read at the same time, none may own."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection, left: Tables) -> None:
        """`left`: what only the journal holds."""
        self.path = path
        self._connection = connection
        self._left = left

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises StoreLocked when an owner has the file (ask its read door), or another StoreError."""
        path = path.resolve()
        connection = connect(path, read_only=True)
        try:
            applied = applied_migrations(connection)
            known = packaged_migrations()
            if not applied:
                raise StoreCorrupt(f"{path} is not a database of Laadwacht: name another data directory")
            check_history(applied, known, str(path))
            if len(applied) < len(known):
                raise StoreError(
                    f"{path} was made by an older version: start `laadwacht serve` once to upgrade it"
                )
            left = left_in_journal(connection, path)
        except duckdb.Error as error:
            connection.close()
            raise translate(error, path) from error
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, left)

    def query(self, name: str, scope: Scope = HELPDESK, **params: Any) -> pl.DataFrame:
        """A named query within `scope`; instants come back aware, in UTC. QueryRefused for wrong inputs."""
        text = named_query(name).allowed_text(params, scope.role, visible_select(scope))
        with self._connection.cursor() as reading:
            add_journal(reading, self._left)
            return table_of(reading.execute(text))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
