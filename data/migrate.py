"""Brings a database to this version's schema: numbered SQL files, each applied once.

A file is one transaction. Where DuckDB runs its statements but cannot commit them together, they are
committed one by one, with a count beside them: a start after a crash goes on where it was.

Decides nothing about the content. Must never touch a database whose history it does not recognise: a newer
version or an altered file is refused before anything is written.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple

import duckdb

from data.errors import StoreCorrupt, StoreTooNew
from data.rows import naive_utc

log = logging.getLogger(__name__)


class Migration(NamedTuple):
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def packaged_migrations() -> list[Migration]:
    """The files of data/schema, by number."""
    found = []
    for file in files("data").joinpath("schema").iterdir():
        if file.name.endswith(".sql"):
            number, _, _rest = file.name.partition("_")
            text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
            found.append(Migration(int(number), file.name, text))
    return sorted(found)


def migrate(
    connection: duckdb.DuckDBPyConnection, path: str, migrations: list[Migration] | None = None
) -> list[Migration]:
    """Applies what is missing and returns it. `path` is only for the error's text.

    Raises StoreTooNew for a database of a later version, StoreCorrupt when an applied file was altered since.
    """
    known = packaged_migrations() if migrations is None else migrations
    applied = applied_migrations(connection)
    check_history(applied, known, path)
    missing = [migration for migration in known if migration.version not in applied]
    if not missing:
        return []
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name VARCHAR NOT NULL,"
        " checksum VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    done_of = _steps_done(connection)
    for migration in missing:
        if migration.version in done_of or not _apply_whole(connection, migration):
            log.info("%s: %s is applied statement by statement", path, migration.name)
            _apply_in_steps(connection, migration, done_of.get(migration.version, 0))
    connection.execute("CHECKPOINT")
    return missing


def _apply_whole(connection: duckdb.DuckDBPyConnection, migration: Migration) -> bool:
    """False when every statement ran but they could not be committed together; nothing is changed then.

    DuckDB 1.5 does so with a column that has `DEFAULT false`, added to a table with rows and followed by
    another ALTER: it fills that column by an UPDATE, and "another transaction has altered this table".
    """
    connection.execute("BEGIN TRANSACTION")
    try:
        connection.execute(migration.sql)
        _record(connection, migration)
    except BaseException:
        # What failed is the error worth telling, and DuckDB may have ended the transaction with it.
        with suppress(duckdb.TransactionException):
            connection.execute("ROLLBACK")
        raise
    try:
        connection.execute("COMMIT")
    except duckdb.TransactionException as error:
        log.debug("%s: %s", migration.name, error)
        return False
    return True


def _apply_in_steps(connection: duckdb.DuckDBPyConnection, migration: Migration, done: int) -> None:
    """Statements after the first `done`, each in a transaction with the count, the last with the record."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_step (version INTEGER NOT NULL, done INTEGER NOT NULL)"
    )
    # DuckDB wraps the statements that it makes of one in BEGIN and COMMIT; here each has its own anyway.
    statements = [
        statement
        for statement in connection.extract_statements(migration.sql)
        if statement.type != duckdb.StatementType.TRANSACTION
    ]
    for number, statement in enumerate(statements[done:], start=done + 1):
        with connection.cursor() as step:
            step.execute("BEGIN TRANSACTION")
            step.execute(statement)
            step.execute("DELETE FROM schema_step")
            if number == len(statements):
                _record(step, migration)
            else:
                step.execute("INSERT INTO schema_step VALUES (?, ?)", [migration.version, number])
            step.execute("COMMIT")
    connection.execute("DROP TABLE schema_step")


def _record(connection: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    connection.execute(
        "INSERT INTO schema_version VALUES (?, ?, ?, ?)",
        [migration.version, migration.name, migration.checksum, naive_utc(datetime.now(UTC))],
    )


def _steps_done(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Version -> statements committed so far, of a migration that was cut off between two of them."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_step'"
    ).fetchone()
    if not found or not found[0]:
        return {}
    return dict(connection.execute("SELECT version, done FROM schema_step").fetchall())


def applied_migrations(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[str, str]]:
    """Version -> (file name, checksum) as recorded in the database; empty for a new one."""
    has_table = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'"
    ).fetchone()
    if not has_table or not has_table[0]:
        return {}
    rows = connection.execute("SELECT version, name, checksum FROM schema_version").fetchall()
    return {version: (name, checksum) for version, name, checksum in rows}


def check_history(applied: dict[int, tuple[str, str]], known: list[Migration], path: str) -> None:
    by_version = {migration.version: migration for migration in known}
    newest = max(by_version, default=0)
    for version, (name, checksum) in sorted(applied.items()):
        if version > newest:
            raise StoreTooNew(
                f"{path} has schema {version} ({name}), this version of Laadwacht knows up to {newest}: "
                "run the newer version of Laadwacht, or restore the backup made before its upgrade"
            )
        migration = by_version.get(version)
        if migration is None or migration.checksum != checksum:
            raise StoreCorrupt(
                f"{path} was made with another text of schema file {name}: "
                "run the version of Laadwacht that made it, or restore a backup"
            )
