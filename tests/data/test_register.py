"""The asset register: what spreadsheets write is understood, and every mistake has its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.register import (
    COLUMNS,
    RegisterError,
    load_register,
    read_register_csv,
    read_register_text,
    write_register,
)
from data.store import Store
from rules.core.model import Asset
from tests.data.rows import NOON

FULL = Asset(
    station="BE-GNT-0001",
    site="Korenmarkt",
    address="Korenmarkt 1, 9000 Gent",
    latitude=51.0543,
    longitude=3.7222,
    make="Alfen",
    model="Eve Double",
    customer="Stad Gent",
    installer="Volt & Zonen",
    installed_on="2024-02-01",
    warranty_until="2027-02-01",
    rated_kw=22.5,
    connectors=2,
)
PLAIN = ",".join(COLUMNS) + (
    '\nBE-GNT-0001,Korenmarkt,"Korenmarkt 1, 9000 Gent",51.0543,3.7222,Alfen,Eve Double,Stad Gent,'
    "Volt & Zonen,2024-02-01,2027-02-01,22.5,2\n"
)
BELGIAN = (
    "sep=;\r\n"
    + ";".join(name.upper() for name in COLUMNS)
    + (
        ";;\r\nBE-GNT-0001;Korenmarkt;Korenmarkt 1, 9000 Gent;51,0543;3,7222;Alfen;Eve Double;Stad Gent;"
        "Volt & Zonen;1/02/2024;01/02/2027;22,5;2;;\r\n;;;;\r\n"
    )
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("text", [PLAIN, BELGIAN, PLAIN.replace("\n", "\r\n")])
def test_plain_and_belgian_spreadsheet_files_give_the_same_station(
    tmp_path: Path, text: str, encoding: str
) -> None:
    file = tmp_path / "stations.csv"
    file.write_bytes(text.encode(encoding))
    assert read_register_csv(file) == [FULL]


def test_a_file_in_the_windows_code_page_keeps_its_accents(tmp_path: Path) -> None:
    file = tmp_path / "stations.csv"
    file.write_bytes("station;customer\nBE-1;Ville de Liège €\n".encode("cp1252"))
    assert read_register_csv(file) == [Asset(station="BE-1", customer="Ville de Liège €")]


def test_an_empty_cell_is_unknown_and_columns_may_be_missing() -> None:
    assert read_register_text("connectors,station\n,BE-1\n", "f") == [Asset(station="BE-1")]


def test_every_mistake_is_told_at_once_with_line_and_column() -> None:
    text = (
        "station,site,latitude,longitude,installed_on,warranty_until,rated_kw,connectors,colour\n"
        "BE-1,a,91,3.7,2024-02-30,,abc,1.5,red\n"
        'BE-2,"two\nlines",51,,2024-05-01,2023-05-01,-3,0,\n'
        "BE-1,,,,,,,,\n"
        ",b,,,,,,,\n"
        "BE 3,,,,,,,,\n"
        "BE-4,,,,,,,,,too many\n"
    )
    with pytest.raises(RegisterError) as error:
        read_register_text(text, "stations.csv")
    places = [(mistake.line, mistake.column) for mistake in error.value.mistakes]
    assert places == [
        (1, "colour"),
        (2, "connectors"),
        (2, "installed_on"),
        (2, "latitude"),
        (2, "rated_kw"),
        (3, "connectors"),
        (3, "rated_kw"),
        (3, "warranty_until"),
        (5, "station"),
        (6, "station"),
        (7, "station"),
        (8, ""),
    ]
    assert "stations.csv: line 2, column rated_kw: 'abc' is not a number" in str(error.value)
    assert "BE-1 is on line 2 already" in str(error.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("site,make\nx,y\n", "column station: is missing"),
        ("station,station\na,b\n", "named twice"),
        ('station\n"BE-1\n', "not readable as CSV"),
        ("station,latitude,longitude\nBE-1,51,\n", "column longitude: is empty while latitude is given"),
        ("station,rated_kw\nBE-1,nan\n", "not a number"),
        ("station,rated_kw\nBE-1,1_0\n", "not a number"),
        ("station,site\nBE-1,a\x07b\n", "control character"),
    ],
)
def test_a_file_that_is_no_register_says_why(text: str, why: str) -> None:
    with pytest.raises(RegisterError, match=why):
        read_register_text(text, "f")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="cannot be read"):
        read_register_csv(tmp_path / "absent.csv")
    with pytest.raises(RegisterError, match="cannot be read"):
        read_register_csv(tmp_path)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        stations = [asset.station for asset in read_register_text("station,rated_kw\n" + text, "f")]
    except RegisterError as error:
        stations = []
        told = error.mistakes
    else:
        told = []
    assert bool(told) or len(stations) == len(set(stations))


def test_writing_replaces_the_register_and_reading_gives_it_back(store: Store) -> None:
    other = Asset(station="BE-2")
    write_register(store, [FULL, other], NOON)
    assert load_register(store) == {"BE-2": other, "BE-GNT-0001": FULL}
    for _ in range(3):
        write_register(store, [FULL], NOON)
    assert load_register(store) == {"BE-GNT-0001": FULL}
    write_register(store, [], NOON)
    assert load_register(store) == {}


def test_adding_to_the_register_keeps_what_the_file_does_not_name(store: Store) -> None:
    other = Asset(station="BE-2")
    write_register(store, [FULL, other], NOON)
    moved = Asset(station="BE-2", site="Gent")
    change = write_register(store, [moved, Asset(station="BE-3")], NOON, replace=False)
    assert (change.added, change.changed, change.absent, change.total) == (1, 1, 1, 3)
    assert set(load_register(store)) == {"BE-GNT-0001", "BE-2", "BE-3"}
    change = write_register(store, [moved], NOON)
    assert (change.added, change.changed, change.absent, change.total) == (0, 0, 2, 1)


def test_a_column_name_with_control_characters_is_shown_harmlessly() -> None:
    with pytest.raises(RegisterError) as told:
        read_register_text("station,si\x1b[31mte\nBE-1,x\n", "r.csv")
    assert "\x1b" not in str(told.value)
    assert "si\\x1b[31mte" in str(told.value)
