"""Brings a database to this version's schema: numbered SQL files, each applied once, each in one transaction.

Decides nothing about the content. Must never touch a database whose history it does not recognise: a newer
version or an altered file is refused before anything is written.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple

import duckdb

from data.errors import StoreCorrupt, StoreTooNew
from data.rows import naive_utc


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
    for migration in missing:
        connection.execute("BEGIN TRANSACTION")
        try:
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?, ?, ?)",
                [migration.version, migration.name, migration.checksum, naive_utc(datetime.now(UTC))],
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    connection.execute("CHECKPOINT")
    return missing


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
