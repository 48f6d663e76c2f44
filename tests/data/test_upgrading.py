"""A database of an earlier version, with a row in each of its tables, comes up to this version's schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from data.migrate import Migration, migrate, packaged_migrations
from data.store import Store

MIGRATIONS = packaged_migrations()
# The statements of it run in one transaction, which DuckDB then refuses to commit where the table has rows.
ROUTING = next(place for place, migration in enumerate(MIGRATIONS) if migration.name == "0009_routing.sql")

# A value of a column, by the start of its type's name.
VALUES = {
    "TIMESTAMP": "TIMESTAMP '2026-11-01'",
    "DATE": "DATE '2026-11-01'",
    "BOOLEAN": "true",
    "BLOB": "'x'::BLOB",
    "VARCHAR": "'x'",
    "JSON": "'{}'",
}

# What the store itself reads at its start: no invented row there.
KEPT_AS_MADE = {"schema_version", "journal_mark", "judge_snapshot"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "laadwacht.duckdb"


def columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM duckdb_columns()"
        " WHERE NOT internal ORDER BY ALL"
    ).fetchall()


def one_row_in_every_table(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables: dict[str, list[str]] = {}
    for table, column, kind, _nullable, _default in columns(connection):
        fitting = (
            "[]" if kind.endswith("[]") else next((v for k, v in VALUES.items() if kind.startswith(k)), "1")
        )
        tables.setdefault(table, []).append(f"{fitting} AS {column}")
    for table in KEPT_AS_MADE & tables.keys():
        del tables[table]
    for table, values in tables.items():
        connection.execute(f"INSERT INTO {table} BY NAME SELECT {', '.join(values)}")
    return dict.fromkeys(tables, 1)


def made_at(path: Path, version: int) -> dict[str, int]:
    """Makes the database as version number `version` left it; the rows of each table."""
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path), MIGRATIONS[:version])
        return one_row_in_every_table(connection)


@pytest.mark.parametrize("version", [1, ROUTING, len(MIGRATIONS) - 1], ids=["first", "routing", "last"])
def test_a_database_with_content_of_an_earlier_version_is_upgraded(path: Path, version: int) -> None:
    rows = made_at(path, version)
    with duckdb.connect() as fresh:
        migrate(fresh, "new")
        wanted = columns(fresh)
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path))
        assert columns(connection) == wanted
        counted = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in rows
        }
    assert counted == rows


def test_an_upgraded_database_opens(path: Path) -> None:
    made_at(path, 1)
    Store.open(path).close()
    Store.open(path).close()


def test_an_upgrade_that_was_cut_off_between_two_statements_goes_on_there(path: Path) -> None:
    made_at(path, ROUTING)
    with duckdb.connect(str(path)) as connection:
        for statement in connection.extract_statements(MIGRATIONS[ROUTING].sql)[:3]:
            connection.execute(statement)
        connection.execute("CREATE TABLE schema_step (version INTEGER NOT NULL, done INTEGER NOT NULL)")
        connection.execute("INSERT INTO schema_step VALUES (?, 3)", [MIGRATIONS[ROUTING].version])
    with duckdb.connect(str(path)) as connection, duckdb.connect() as fresh:
        migrate(connection, str(path))
        migrate(fresh, "new")
        assert columns(connection) == columns(fresh)


def test_the_error_of_a_failing_file_is_its_own_and_not_that_of_the_rollback(path: Path) -> None:
    # Its COMMIT ends the transaction, so that there is nothing left to roll back.
    broken = Migration(99, "0099_broken.sql", "COMMIT; SELECT no_such_function();")
    with (
        duckdb.connect(str(path)) as connection,
        pytest.raises(duckdb.CatalogException, match="no_such_function"),
    ):
        migrate(connection, str(path), [broken])
