"""The log reader: what it takes, what it refuses and why, and that no bytes make it fall over."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.logfile import MAX_LINE, BadLine, LogRecord, file_chunks, in_order, parse_time, read_log

GOOD = {
    "t": "2026-11-22T10:00:00.123Z",
    "station": "BE-GNT-0001",
    "dir": "in",
    "raw": [2, "1", "Heartbeat", {}],
}


def read(*lines: object) -> list[LogRecord | BadLine]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return list(read_log([text.encode()]))


def only(line: object) -> LogRecord:
    (record,) = read(line)
    assert isinstance(record, LogRecord), record
    return record


def reason(line: object) -> str:
    (bad,) = read(line)
    assert isinstance(bad, BadLine), bad
    return bad.reason


def test_a_frame_keeps_its_text_as_recorded() -> None:
    text = '{"t":"2026-11-22T10:00:00.123Z","station":"S","dir":"in","raw":[2,  "1","Heartbeat",{"x":1.50}]}'
    record = only(text)
    assert record.raw == '[2,  "1","Heartbeat",{"x":1.50}]'
    assert record.at == datetime(2026, 11, 22, 10, 0, 0, 123000, UTC)
    assert (record.line, record.station, record.direction, record.event) == (1, "S", "in", None)


def test_a_frame_that_was_no_json_is_a_string_and_comes_back_as_its_text() -> None:
    assert only({**GOOD, "raw": '[3,"1",\n{"status": "Acc'}).raw == '[3,"1",\n{"status": "Acc'


def test_a_link_event_and_a_version_are_read() -> None:
    record = only({"t": GOOD["t"], "station": "S", "event": "disconnected", "version": "2.0.1"})
    assert (record.event, record.version, record.raw) == ("disconnected", "2.0.1", None)


def test_a_version_that_is_none_of_ours_is_as_good_as_none() -> None:
    assert only({**GOOD, "version": "1.5"}).version is None


@pytest.mark.parametrize(
    ("t", "instant"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T11:00:00+01:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22 10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00,5Z", datetime(2026, 11, 22, 10, 0, 0, 500000, UTC)),
        (" 2026-11-22T10:00Z ", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        (1795341600, datetime(2026, 11, 22, 10, tzinfo=UTC)),
        (1795341600123, datetime(2026, 11, 22, 10, 0, 0, 123000, UTC)),
        ("1795341600", datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_ways_logs_write_them(t: str | int, instant: datetime) -> None:
    assert only({**GOOD, "t": t}).at == instant


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t": None}, "t is missing"),
        ({"t": "yesterday"}, "'yesterday' is no time"),
        ({"t": "0001-01-01T00:00:00Z"}, "no time of a log"),
        ({"t": 1e300}, "is no time"),
        ({"station": None}, "station is missing"),
        ({"station": ""}, "station is missing"),
        ({"station": "x" * 256}, "longer than 255"),
        ({"station": "a\u0000b"}, "cannot be shown"),
        ({"dir": None}, "dir is missing"),
        ({"dir": "up"}, "neither in nor out"),
        ({"raw": None}, "raw is missing"),
        ({"event": "rebooted"}, "neither connected nor disconnected"),
        ({"event": "connected"}, "either raw or event"),
        ({"station": 7}, "Expected `str | null`, got `int`"),
    ],
)
def test_a_record_that_lacks_something_is_refused_with_the_reason(
    change: dict[str, object], words: str
) -> None:
    assert words in reason({**GOOD, **change})


@pytest.mark.parametrize("line", ["{", "[1]", "null", "hello", '{"t":', "[" * 100_000])
def test_a_line_that_is_no_record_is_bad_and_the_next_is_read(line: str) -> None:
    bad, good = read(line, GOOD)
    assert isinstance(bad, BadLine)
    assert isinstance(good, LogRecord)
    assert (bad.line, good.line) == (1, 2)


def test_blank_lines_are_passed_over_but_counted() -> None:
    (record,) = read("", "   ", GOOD, "")
    assert isinstance(record, LogRecord)
    assert record.line == 3


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    text = b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n" + json.dumps(GOOD).encode() + b"\r\n"
    assert [type(item) for item in read_log([text])] == [LogRecord, LogRecord]
    assert [type(item) for item in read_log([text[:2], text[2:]])] == [LogRecord, LogRecord]


def test_a_line_longer_than_any_frame_is_bad_and_is_not_kept() -> None:
    chunks = [b"x" * 1_000_000] * (MAX_LINE // 1_000_000 + 2) + [b"\n" + json.dumps(GOOD).encode()]
    bad, good = list(read_log(chunks))
    assert isinstance(bad, BadLine)
    assert "longer than" in bad.reason
    assert isinstance(good, LogRecord)
    assert good.line == 2


def test_a_file_is_read_in_chunks() -> None:
    file = io.BytesIO((json.dumps(GOOD).encode() + b"\n") * 3)
    assert [item.line for item in read_log(file_chunks(file))] == [1, 2, 3]


def test_a_slightly_disordered_log_comes_out_in_order_and_equal_times_as_written() -> None:
    times = [3, 1, 2, 2, 5, 4]
    items = read(*({**GOOD, "t": 1_790_000_000 + t} for t in times))
    ordered = [item for item in in_order(items, window=3) if isinstance(item, LogRecord)]
    assert [item.line for item in ordered] == [2, 3, 4, 1, 6, 5]


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_make_the_reader_raise(chunks: list[bytes]) -> None:
    for item in read_log(chunks):
        assert isinstance(item, LogRecord | BadLine)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "t": json_values | st.just("2026-11-22T10:00:00Z"),
            "station": json_values | st.just("S"),
            "dir": json_values | st.sampled_from(["in", "out"]),
            "raw": json_values,
            "event": json_values | st.sampled_from(["connected", "disconnected"]),
            "version": json_values,
        },
    )
)
def test_any_values_in_the_fields_of_a_record_give_a_storable_record_or_a_reason(
    row: dict[str, object],
) -> None:
    (item,) = read_log([json.dumps(row).encode()])
    if isinstance(item, LogRecord):
        (item.raw or "").encode()
        item.station.encode()
        assert item.at.tzinfo is UTC
        assert (item.raw is None) is (item.event is not None)
    else:
        assert item.reason


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_where_chunks_break_makes_no_difference(text: bytes, cuts: list[int]) -> None:
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    chunks = [text[a:b] for a, b in itertools.pairwise(places)]
    assert list(read_log(chunks)) == list(read_log([text]))


def test_a_lone_surrogate_in_a_frame_is_written_out_so_that_it_can_be_stored() -> None:
    text = '{"t":"2026-11-22T10:00:00Z","station":"S","dir":"in","raw":"a\\ud800b"}'
    (item,) = read_log([text.encode()])
    if isinstance(item, LogRecord):
        assert (item.raw or "").encode()
    else:
        assert "surrogate" in item.reason.lower() or "JSON" in item.reason


def test_a_time_is_never_read_without_a_zone() -> None:
    assert parse_time("2026-06-01T12:00:00").tzinfo is UTC
