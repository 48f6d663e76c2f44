"""A file that cannot be opened: which error, and what its message tells a person."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from data.at_rest import RestingStore
from data.migrate import Migration, migrate, packaged_migrations
from data.store import Store, StoreCorrupt, StoreError, StoreLocked, StoreTooNew, StoreUnwritable
from tests.data.rows import heard, submit_and_wait

HOLD = """
import sys
from pathlib import Path
from data.store import Store
with Store.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "laadwacht.duckdb"


@pytest.fixture
def other_owner(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process
        process.communicate("\n", timeout=30)


def test_a_second_owner_is_told_which_process_has_the_file(
    path: Path, other_owner: subprocess.Popen[str]
) -> None:
    with pytest.raises(StoreLocked, match=f"{path}.*process {other_owner.pid}.*stop that one"):
        Store.open(path)
    with pytest.raises(StoreLocked):
        RestingStore.open(path)


def test_a_second_owner_in_the_same_process_is_refused_and_the_first_goes_on(path: Path) -> None:
    with Store.open(path) as store:
        with pytest.raises(StoreLocked):
            Store.open(path)
        assert submit_and_wait(store, heard(1)) == [None]
    Store.open(path).close()


def test_a_database_of_a_newer_version_is_refused_untouched(path: Path) -> None:
    Store.open(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "INSERT INTO schema_version VALUES (99, '0099_future.sql', 'x', TIMESTAMP '2030-01-01')"
        )
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match=r"0099_future\.sql.*newer version"):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_schema_altered_after_it_was_applied_is_refused(path: Path) -> None:
    Store.open(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE schema_version SET checksum = 'other' WHERE version = 1")
    with pytest.raises(StoreCorrupt, match=r"0001_base\.sql"):
        Store.open(path)


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.write_text("this is a shopping list, not a database\n" * 500)
    with pytest.raises(StoreCorrupt, match="not a usable database"):
        Store.open(path)
    assert path.read_text().startswith("this is a shopping list")


def test_a_missing_directory_a_directory_and_an_unwritable_place_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable, match="does not exist"):
        Store.open(tmp_path / "nowhere" / "laadwacht.duckdb")
    with pytest.raises(StoreUnwritable, match="is not a file"):
        Store.open(tmp_path)
    # Nobody, root included, can make a file here.
    with pytest.raises(StoreUnwritable, match="permissions and free space"):
        Store.open(Path("/proc/laadwacht.duckdb"))


def test_a_taken_read_port_is_named_and_the_file_is_free_again(path: Path, free_port: int) -> None:
    token = path.with_name("read.token")
    with (
        Store.open(path.with_name("first.duckdb"), read_port=free_port, token_file=token),
        pytest.raises(StoreError, match=f"port {free_port}"),
    ):
        Store.open(path, read_port=free_port, token_file=token)
    Store.open(path).close()


def test_the_token_file_is_for_its_owner_only_and_stays_the_same(path: Path, free_port: int) -> None:
    token = path.with_name("read.token")
    Store.open(path, read_port=free_port, token_file=token).close()
    first = token.read_text()
    assert token.stat().st_mode & 0o777 == 0o600
    assert len(first) >= 32
    Store.open(path, read_port=free_port, token_file=token).close()
    assert token.read_text() == first
    assert sorted(os.listdir(path.parent)) == ["laadwacht.duckdb", "read.token"]


def test_an_empty_token_file_is_refused(path: Path, free_port: int) -> None:
    token = path.with_name("read.token")
    token.write_text("\n")
    with pytest.raises(StoreError, match="is empty"):
        Store.open(path, read_port=free_port, token_file=token)
    Store.open(path).close()


def test_a_file_at_rest_can_be_read_by_several_and_is_not_changed(path: Path) -> None:
    with Store.open(path) as store:
        submit_and_wait(store, heard(1))
    before = path.read_bytes()
    with RestingStore.open(path) as one, RestingStore.open(path) as other:
        assert one.query("stations_known").is_empty()
        assert other.query("stations_known").is_empty()
    assert path.read_bytes() == before


def test_reading_at_rest_names_what_is_missing(path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        RestingStore.open(path)
    duckdb.connect(str(path)).close()
    with pytest.raises(StoreCorrupt, match="not a database of Laadwacht"):
        RestingStore.open(path)


def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path) -> None:
    good = packaged_migrations()
    bad = Migration(
        good[-1].version + 1, "0099_bad.sql", "CREATE TABLE half (n INTEGER); SELECT no_such_function();"
    )
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path))
        with pytest.raises(duckdb.CatalogException):
            migrate(connection, str(path), [*good, bad])
        assert connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'"
        ).fetchone() == (0,)
        assert migrate(connection, str(path)) == []


def test_each_migration_has_a_number_of_its_own_from_one_on() -> None:
    versions = [migration.version for migration in packaged_migrations()]
    assert versions == sorted(set(versions))
    assert versions[0] == 1
