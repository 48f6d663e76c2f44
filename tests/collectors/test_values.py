"""Single values: read the way stations write them, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decode import findings
from collectors.decode.values import read_instant, read_int, read_number, read_text
from tests.collectors.test_frame import JSON

NOON = datetime(2026, 11, 22, 10, tzinfo=UTC)


@given(JSON | st.text())
def test_no_value_makes_a_reader_raise(value: object) -> None:
    read_text(value)
    read_int(value)
    number, found = read_number(value)
    assert (number is None) == (found == findings.NUMBER_UNREADABLE)
    instant, _ = read_instant(value, NOON)
    assert instant is None or instant.tzinfo is UTC


@given(st.integers(-(2**53), 2**53))
def test_a_whole_number_in_text_is_exact(number: int) -> None:
    assert read_number(str(number)) == (float(number), None)
    assert read_int(f" {number} ") == number


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_in_text_is_what_it_was(number: float) -> None:
    assert read_number(repr(number))[0] == number


@pytest.mark.parametrize("text", ["", " ", "nan", "inf", "1_000", "0x10", "--1", "1.2.3", "1e999", "9" * 70])
def test_what_is_no_number_is_not_read_as_one(text: str) -> None:
    assert read_number(text) == (None, findings.NUMBER_UNREADABLE)


@given(st.integers(-3_540_000_000, 240_000_000), st.integers(-840, 840))
def test_an_instant_is_the_same_in_every_zone(microseconds: int, minutes: int) -> None:
    utc = NOON + timedelta(microseconds=microseconds)
    moment = utc.replace(tzinfo=None)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    local = (moment + timedelta(minutes=minutes)).isoformat()
    assert read_instant(f"{local}{sign}{hours:02d}:{rest:02d}", NOON) == (utc, None)
    assert read_instant(f"{moment.isoformat()}Z", NOON) == (utc, None)
    assert read_instant(moment.isoformat(), NOON) == (utc, findings.TIMESTAMP_NO_ZONE)


def test_text_is_cut_and_rid_of_what_cannot_be_stored() -> None:
    assert read_text("  a\x00b  ") == "ab"
    assert read_text("x" * 900, 500) == "x" * 500
    assert read_text("null") is None
    assert read_text(17) == "17"
    assert read_text({"a": 1}) is None
