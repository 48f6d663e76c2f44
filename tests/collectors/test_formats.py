"""Logs of other systems: the tables of `tests/cases/logs`, and that no bytes make a reader fall over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collectors.logs.formats.compressed import LogBytes
from collectors.logs.formats.encoded import as_utf8
from collectors.logs.formats.inspected import parse_inspected
from collectors.logs.formats.recognise import FORMATS, Format, format_named, recognise
from collectors.logs.formats.text import LogFormatError, Reading
from collectors.logs.logfile import BadLine, LogRecord, Unfit

TABLES = sorted((Path(__file__).parent.parent / "cases" / "logs").glob("*.yaml"))
CASES = [
    pytest.param(case, id=f"{table.stem}: {case['why']}")
    for table in TABLES
    for case in yaml.safe_load(table.read_text(encoding="utf-8"))
]
TOLD = Reading(station="S", zone=ZoneInfo("Europe/Brussels"), begin=datetime(2026, 11, 22, tzinfo=UTC))


def reading_of(case: dict[str, Any]) -> Reading:
    begin = case.get("begin")
    return Reading(
        station=case.get("station"),
        zone=ZoneInfo(case.get("timezone", "UTC")),
        begin=None if begin is None else datetime.fromisoformat(begin),
    )


def read(content: bytes, reading: Reading) -> tuple[Format, list[LogRecord | BadLine]]:
    found, chunks = recognise([content])
    return found, list(found.read(chunks, reading))


def row_of(record: LogRecord) -> list[str]:
    time = record.at.astimezone(UTC).replace(tzinfo=None)
    what = (
        [record.event, record.version or "-"] if record.event else [record.direction or "", record.raw or ""]
    )
    return [time.isoformat(), record.station, *what]


@pytest.mark.parametrize("case", CASES)
def test_a_log_is_recognised_and_read_as_the_table_says(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(LogFormatError, match=case["refused"]):
            read(case["log"].encode(), reading_of(case))
        return
    found, items = read(case["log"].encode(), reading_of(case))
    assert found.name == case["format"]
    expected = [
        [datetime.fromisoformat(time).replace(tzinfo=None).isoformat(), *rest]
        for time, *rest in case["records"]
    ]
    assert [row_of(item) for item in items if isinstance(item, LogRecord)] == expected
    assert [item.line for item in items if isinstance(item, BadLine)] == case.get("bad", [])


@pytest.mark.parametrize("case", [case for case in CASES if "records" in case.values[0]])  # type: ignore[operator]
def test_where_a_log_is_cut_into_chunks_makes_no_difference(case: dict[str, Any]) -> None:
    content = case["log"].encode()
    reader = format_named(case["format"]).read
    whole = list(reader([content], reading_of(case)))
    pieces = [content[at : at + 7] for at in range(0, len(content), 7)]
    assert list(reader(pieces, reading_of(case))) == whole
    windows = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    told = list(reader([b"\xef\xbb\xbf" + windows], reading_of(case)))
    assert [item.line for item in told] == [item.line for item in whole]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_log_in_another_encoding_gives_the_same_words(tmp_path: Path, encoding: str, end: str) -> None:
    lines = (
        '2026-11-22 10:00:00 INFO (MainThread) [ocpp] Tür: receive message [2,"1","Heartbeat",{}]',
        '{"t":"2026-11-22T10:00:00Z","station":"Tür","dir":"in","raw":[2,"1","DataTransfer",{"data":"é"}]}',
    )
    for line in lines:
        content = (line + end) * 3
        mark = "\ufeff" if encoding == "utf-16-be" else ""
        (tmp_path / "log").write_bytes((mark + content).encode(encoding))
        with (tmp_path / "log").open("rb") as file:
            found, chunks = recognise(LogBytes("log", file).chunks())
            items = list(found.read(chunks, Reading()))
        assert [isinstance(item, LogRecord) and item.station for item in items] == ["Tür"] * 3
        assert next(item.raw or "?" for item in items if isinstance(item, LogRecord)) in line


def test_a_utf_16_log_that_ends_within_a_character_still_gives_its_lines(tmp_path: Path) -> None:
    line = '{"t":"2026-11-22T10:00:00Z","station":"A","dir":"in","raw":[2,"1","Heartbeat",{}]}\n'
    (tmp_path / "log").write_bytes((line + "é").encode("utf-16")[:-1])
    with (tmp_path / "log").open("rb") as file:
        found, chunks = recognise(LogBytes("log", file).chunks())
        items = list(found.read(chunks, Reading()))
    assert [type(item) for item in items] == [LogRecord, BadLine]


LOGS = [case.values[0]["log"].encode() for case in CASES]  # type: ignore[index, call-overload]


@settings(max_examples=150)
@given(
    log=st.sampled_from(LOGS),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    cut=st.tuples(st.integers(0, 10_000), st.integers(0, 40)),
)
def test_a_log_with_flipped_bytes_or_a_piece_lost_makes_nothing_raise(
    log: bytes, flips: list[tuple[int, int]], cut: tuple[int, int]
) -> None:
    harmed = bytearray(log)
    for place, value in flips:
        harmed[place % len(harmed)] = value
    begin = cut[0] % len(harmed)
    del harmed[begin : begin + cut[1]]
    content = bytes(harmed)
    try:
        found, chunks = recognise(as_utf8([content]))
        items = list(found.read(chunks, TOLD))
    except LogFormatError:
        return
    lines = content.count(b"\n") + 1
    assert all(0 < item.line <= lines for item in items)
    for item in items:
        if isinstance(item, LogRecord):
            (item.raw or "").encode()
            item.station.encode()


def test_every_format_has_a_table_of_cases() -> None:
    assert {table.stem for table in TABLES} == {one.name for one in FORMATS}


def test_a_log_of_no_known_format_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(LogFormatError) as refusal:
        recognise([b"Dear diary,\ntoday nothing happened.\n"])
    message = str(refusal.value)
    assert all(one.name in message for one in FORMATS)
    assert "--format" in message


def test_an_unknown_format_name_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(LogFormatError, match="jsonl, csv, steve, citrineos, homeassistant, octt, ocppj"):
        format_named("xml")


def test_an_empty_log_has_no_records() -> None:
    for nothing in ([], [b""], [b"\n\n \n"]):
        found, chunks = recognise(nothing)
        assert found.name == "jsonl"
        assert list(found.read(chunks, Reading())) == []


def test_a_log_may_begin_with_pages_of_other_messages() -> None:
    other = b"2021-03-17 20:20:20 WARNING (MainThread) [homeassistant.loader] Hello\n" * 3_000
    line = b'2021-03-17 20:23:00 INFO (MainThread) [ocpp] A: receive message [2,"1","Heartbeat",{}]\n'
    found, items = read(other + line, Reading())
    assert found.name == "homeassistant"
    assert [item.line for item in items] == [3_001]


MARKS = [
    "2025-12-13 15:50:19,594 ",
    "[chargeBoxId=A, sessionId=1] ",
    "Received: ",
    "Sending: ",
    "[ocpp] A: receive message ",
    "DEBUG\tCitrineOS Logger:X\tPublishing to citrineos: {",
    "origin: 'cs',",
    "context: {",
    "[23:59:59.5] [msg-in] ",
    '[2,"1","Heartbeat",{}]',
    '[3,"1",{',
    "timestamp,id,action,msg",
    "2025-10-01T08:00:00Z,A,,",
    '"',
    "'",
    "\n",
    "}",
    "]",
    "\\",
    "\x00",
    "\r\n",
    "9999999999999",
]
PIECES = st.lists(st.one_of(st.sampled_from(MARKS).map(str.encode), st.binary(max_size=20)), max_size=25)


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
@given(pieces=PIECES)
@example(pieces=[b"2025-12-13 15:50:19 [chargeBoxId=A] Received: ", b"[2," * 2_000])
@example(pieces=[b'[2,"' + b"\\" * 3_000])
def test_no_bytes_make_a_reader_raise(one: Format, pieces: list[bytes]) -> None:
    try:
        for item in one.read(pieces, TOLD):
            assert isinstance(item, LogRecord | BadLine)
            if isinstance(item, LogRecord):
                assert item.at.tzinfo is not None
                (item.raw or "").encode()
    except LogFormatError:
        if one.name != "csv":  # only a table without its header is refused as a whole
            raise


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_a_line_of_many_instants_comes_to_an_end(one: Format) -> None:
    line = b"2025-12-13 15:50:19 INFO " * 40_000 + b"\n"
    try:
        found = [item for item in one.read([line], TOLD) if isinstance(item, LogRecord)]
    except LogFormatError:
        return
    assert found == []


@given(pieces=PIECES)
def test_no_bytes_make_the_recogniser_raise_anything_but_its_refusal(pieces: list[bytes]) -> None:
    try:
        _found, chunks = recognise(pieces)
    except LogFormatError:
        return
    assert b"".join(chunks) == b"".join(pieces)


@given(st.text(alphabet="{}[]:,'\"`\\ abc019.+-nux\n…", max_size=60))
@example("{a:" * 5_000)
@example("[" * 5_000)
def test_no_text_makes_the_reader_of_printed_objects_raise_anything_but_its_refusal(text: str) -> None:
    try:
        parse_inspected(text)
    except Unfit:
        return
