"""The read door over real Quack: what passes, what is refused, and what happens when the owner goes away."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import OwnerDown, QueryRefused
from data.extensions import load_extensions
from data.literals import literal
from data.read import HELPDESK, ReadDoor, Scope, _remote, read_url
from data.register import write_register
from data.store import Store
from rules.core.model import Asset, StationRow
from tests.data.rows import NOON, heard, submit_and_wait
from tests.sinks import closed_port

FLEET = [
    Asset(station="BE-1", installer="Volt & Zonen", customer="Stad Gent"),
    Asset(station="BE-2", installer="Volt & Zonen", customer="O'Neill"),
    Asset(station="BE-3", installer="Ampère", customer="Stad Gent"),
]


class House(NamedTuple):
    """A served store with the fleet above, one frame, and a station that is in no register."""

    store: Store
    port: int
    token_file: Path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    port, token = closed_port(), directory / "read.token"
    with Store.open(directory / "laadwacht.duckdb", read_port=port, token_file=token) as store:
        write_register(store, FLEET, NOON)
        store.apply([StationRow(station="BE-9", first_seen_at=NOON, last_seen_at=NOON)])
        submit_and_wait(store, heard(store.next_record_id()))
        yield House(store, port, token)


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[ReadDoor]:
    with ReadDoor(read_url(house.port), house.token_file) as opened:
        yield opened


def stations(door: ReadDoor, role: str, party: str | None = None) -> list[str]:
    return door.query("stations_known", Scope(role, party))["station"].to_list()


@pytest.mark.parametrize(
    ("role", "party", "visible"),
    [
        ("helpdesk", None, ["BE-1", "BE-2", "BE-3", "BE-9"]),
        ("installer", "Volt & Zonen", ["BE-1", "BE-2"]),
        ("installer", "Ampère", ["BE-3"]),
        ("customer", "Stad Gent", ["BE-1", "BE-3"]),
        ("customer", "O'Neill", ["BE-2"]),
        ("installer", "Stad Gent", []),
        ("installer", None, []),
        ("customer", "", []),
        ("stranger", "Volt & Zonen", []),
        ("customer", "' OR true --", []),
    ],
)
def test_each_role_sees_its_own_stations_only(
    door: ReadDoor, role: str, party: str | None, visible: list[str]
) -> None:
    assert stations(door, role, party) == visible


def test_instants_come_back_aware_in_utc(door: ReadDoor) -> None:
    table = door.query("stations_known", HELPDESK)
    assert table.filter(pl.col("station") == "BE-9")["last_seen_at"].item() == NOON


def test_a_reader_sees_what_was_just_committed(door: ReadDoor, house: House) -> None:
    house.store.apply([StationRow(station="BE-new", first_seen_at=NOON, last_seen_at=NOON)])
    assert "BE-new" in stations(door, "helpdesk")
    house.store.transact(lambda cursor: cursor.execute("DELETE FROM station WHERE station = 'BE-new'"))
    assert "BE-new" not in stations(door, "helpdesk")


def test_a_query_for_the_helpdesk_is_refused_to_others(door: ReadDoor) -> None:
    assert door.query("incidents_open_count", HELPDESK).is_empty()
    for role in ("installer", "customer", ""):
        with pytest.raises(QueryRefused, match="helpdesk only"):
            door.query("incidents_open_count", Scope(role, "Volt & Zonen"))


def test_unknown_queries_and_wrong_inputs_are_refused(door: ReadDoor) -> None:
    for name in ("no_such_query", "../schema/0001_base", "stations_known.sql", ""):
        with pytest.raises(QueryRefused, match="no query named"):
            door.query(name, HELPDESK)
    with pytest.raises(QueryRefused, match="takes nothing, was given limit"):
        door.query("stations_known", HELPDESK, limit=1)


def test_sixteen_threads_read_at_once(door: ReadDoor) -> None:
    found: list[int] = []

    def work() -> None:
        for _ in range(20):
            found.append(len(door.query("stations_known", HELPDESK)))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [4] * 320


def test_a_restarted_owner_is_found_again_and_a_missing_one_is_a_state(
    tmp_path: Path, free_port: int
) -> None:
    path, token = tmp_path / "laadwacht.duckdb", tmp_path / "read.token"
    with ReadDoor(read_url(free_port), token) as door:
        with pytest.raises(OwnerDown, match="no token"):
            door.query("stations_known", HELPDESK)
        for _ in range(3):
            with Store.open(path, read_port=free_port, token_file=token):
                assert door.query("stations_known", HELPDESK).is_empty()
                assert door.query("stations_known", HELPDESK).is_empty()
            with pytest.raises(OwnerDown):
                door.query("stations_known", HELPDESK)
    with pytest.raises(OwnerDown, match="closed"):
        door.query("stations_known", HELPDESK)


def test_a_wrong_token_is_told_without_showing_it(house: House, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.token"
    wrong.write_text("not-the-token-at-all")
    with (
        ReadDoor(read_url(house.port), wrong) as door,
        pytest.raises(OwnerDown, match="does not accept the token") as told,
    ):
        door.query("stations_known", HELPDESK)
    assert "not-the-token-at-all" not in str(told.value)
    assert house.store.read_url == read_url(house.port)


def test_an_owner_that_hangs_counts_as_down_and_is_found_again_when_it_goes_on(
    tmp_path: Path, free_port: int
) -> None:
    path, token = tmp_path / "laadwacht.duckdb", tmp_path / "read.token"
    code = (
        "import sys; from pathlib import Path; from data.store import Store\n"
        "with Store.open(Path(sys.argv[1]), read_port=int(sys.argv[2]), token_file=Path(sys.argv[3])):\n"
        "    print('open', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code, str(path), str(free_port), str(token)]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner,
        ReadDoor(read_url(free_port), token, timeout_s=1.0) as hasty,
        ReadDoor(read_url(free_port), token) as patient,
    ):
        assert owner.stdout
        assert owner.stdout.readline() == "open\n"
        assert patient.query("stations_known", HELPDESK).is_empty()
        owner.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(OwnerDown, match="no answer"):
                hasty.query("stations_known", HELPDESK)
        finally:
            owner.send_signal(signal.SIGCONT)
        assert patient.query("stations_known", HELPDESK).is_empty()
        owner.communicate("\n", timeout=60)


# --- straight to the protocol, as somebody with the token but without the client would ---


@pytest.fixture(scope="module")
def raw(house: House) -> Iterator[duckdb.DuckDBPyConnection]:
    token = house.token_file.read_text()
    with duckdb.connect() as connection:
        load_extensions(connection)
        url = read_url(house.port)
        connection.execute(f"ATTACH {literal(url)} AS owner (TYPE quack, TOKEN {literal(token)})")
        yield connection


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO frame SELECT * FROM frame",
        "WITH gone AS (DELETE FROM frame RETURNING *) FROM gone",
        "UPDATE frame SET raw = ''",
        "CREATE TABLE mine (n INTEGER)",
        "DROP TABLE frame",
        "COPY frame TO 'frames.csv'",
        "ATTACH 'other.duckdb'",
        "SET threads = 1",
        "SELECT 1; DROP TABLE frame",
        "CALL quack_stop('quack:localhost:1')",
        "FROM quack_stop('quack:localhost:1')",
        "FROM checkpoint()",
        "SELECT * FROM read_text('/etc/hostname')",
        "FROM glob('*')",
        "FROM '/etc/hostname'",
        "SELECT getenv('HOME')",
        "FROM query('DROP TABLE frame')",
        "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT password FROM app_user",
        'SELECT password FROM main."APP_USER"',
        "SELECT (SELECT max(password) FROM app_user)",
        "SUMMARIZE app_user",
        "FROM query_table('app_user')",
        "SELECT * FROM web_session",
        "SELECT secret FROM station_secret",
        "FROM duckdb_secrets()",
        "LOAD json",
        "this is not SQL",
        "",
    ],
)
def test_the_door_refuses_whatever_is_not_harmless_reading(
    raw: duckdb.DuckDBPyConnection, house: House, sql: str
) -> None:
    before = house.store.sql("SELECT count(*) FROM frame").item(0, 0)
    with pytest.raises(duckdb.Error):
        raw.execute("FROM owner.query(?)", [sql]).fetchall()
    assert raw.execute("FROM owner.query('SELECT count(*) FROM frame')").fetchall() == [(before,)]
    assert submit_and_wait(house.store, heard(house.store.next_record_id())) == [None]


def test_writing_through_the_attached_tables_is_refused_too(raw: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error):
        raw.execute("INSERT INTO owner.main.blind_interval VALUES (now(), now(), 'x')")
    assert raw.execute("FROM owner.query('SELECT count(*) FROM blind_interval')").fetchall() == [(0,)]


def test_the_owner_still_writes_reads_and_exports_with_its_configuration_locked(
    served_store: Store, tmp_path: Path
) -> None:
    assert submit_and_wait(served_store, *[heard(number) for number in range(1, 2_000)]) == [None] * 1_999
    served_store.transact(lambda cursor: None)
    table = served_store.sql("SELECT * FROM frame ORDER BY record_id")
    table.write_parquet(tmp_path / "frames.parquet")
    assert len(pl.read_parquet(tmp_path / "frames.parquet")) == 1_999
    with pytest.raises(duckdb.Error):
        served_store.sql("SELECT * FROM read_text('/etc/hostname')")
    with pytest.raises(duckdb.Error):
        served_store.transact(lambda cursor: cursor.execute("SET enable_external_access = true"))
    served_store.transact(lambda cursor: cursor.execute("DELETE FROM frame WHERE record_id > 10"))
    assert served_store.sql("SELECT count(*) FROM frame").item(0, 0) == 10


# --- values ---

HOSTILE = st.one_of(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    st.text("'\"\\;-/*$%_\n\r\t ()[]{}=,:?&éΩ漢🔌\u2028\ufeffE", max_size=40),
    st.sampled_from(
        ["'; DROP TABLE frame; --", "\\'", "$$", "$limit", "E'\\x27'", "''", "U&'\\0027'", "\u200b'"]
    ),
)


@given(text=HOSTILE)
@settings(max_examples=300, deadline=None)
def test_every_text_comes_back_as_the_same_text(text: str) -> None:
    assert _local.execute(f"SELECT {literal(text)} AS it").fetchall() == [(text,)]
    assert _local.execute(f"SELECT {literal([text, text])} AS it").fetchall() == [([text, text],)]


@given(texts=st.lists(HOSTILE, min_size=40, max_size=40))
@settings(max_examples=20, deadline=None)
def test_every_text_comes_back_as_the_same_text_through_the_door(
    raw: duckdb.DuckDBPyConnection, texts: list[str]
) -> None:
    assert _remote(raw, f"SELECT unnest({literal(texts)}) AS it")["it"].to_list() == texts


@given(
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.dates(),
    )
)
@settings(max_examples=200, deadline=None)
def test_every_other_value_comes_back_as_itself(value: object) -> None:
    assert _local.execute(f"SELECT {literal(value)} AS it").fetchall() == [(value,)]


def test_an_instant_travels_as_naive_utc() -> None:
    there = NOON.astimezone().replace(microsecond=123456) + timedelta(0)
    found = _local.execute(f"SELECT {literal(there)} AS it").fetchall()
    assert found == [(NOON.replace(tzinfo=None, microsecond=123456),)]


@pytest.mark.parametrize(
    "value", ["\x00", "a\x00b", "\ud800", NOON.replace(tzinfo=None), float("nan"), float("inf")]
)
def test_what_cannot_be_asked_for_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError):
        literal(value)


@pytest.mark.parametrize("value", [b"bytes", {"a": 1}, object(), {1}])
def test_other_types_are_a_type_error(value: object) -> None:
    with pytest.raises(TypeError):
        literal(value)


_local = duckdb.connect()
