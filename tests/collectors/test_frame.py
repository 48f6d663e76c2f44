"""Frames: whatever bytes come, the parser answers with a frame that can be stored."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decode import findings
from collectors.decode.frame import CALL, CALLERROR, CALLRESULT, Frame, parse
from collectors.decode.repair import read_broken

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=36)
OBJECT = st.dictionaries(PLAIN_TEXT, JSON, max_size=5)


def storable(frame: Frame) -> bytes:
    """The frame as the store would write it; raises if it cannot."""
    frame.raw.encode()
    return msgspec.json.encode(frame)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_raise(data: bytes) -> None:
    storable(parse(data))


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    storable(parse(text))


@given(st.lists(st.sampled_from(list("[]{},:\"\\'2345 \t\nau0.e-+dTg\ud800")), max_size=80).map("".join))
def test_no_pile_of_json_signs_makes_the_parser_raise(text: str) -> None:
    storable(parse(text))


@given(JSON)
def test_no_json_value_makes_the_parser_raise(value: object) -> None:
    storable(parse(json.dumps(value)))


@given(PLAIN_TEXT, PLAIN_TEXT.filter(str.strip), OBJECT)
def test_a_well_formed_call_is_read_as_it_was_written(
    message_id: str, action: str, payload: dict[str, object]
) -> None:
    text = json.dumps([2, message_id, action, payload])
    assert parse(text) == Frame(CALL, message_id, action, payload, None, None, text)
    assert parse(text.encode()) == parse(text)


@given(PLAIN_TEXT, OBJECT)
def test_a_well_formed_answer_is_read_as_it_was_written(message_id: str, payload: dict[str, object]) -> None:
    text = json.dumps([3, message_id, payload])
    assert parse(text) == Frame(CALLRESULT, message_id, None, payload, None, None, text)


@given(PLAIN_TEXT, PLAIN_TEXT.filter(str.strip), OBJECT, st.integers(1, 400))
def test_a_frame_cut_anywhere_never_gains_a_member(
    message_id: str, action: str, payload: dict[str, object], length: int
) -> None:
    whole = json.dumps([2, message_id, action, payload])
    cut = parse(whole[:length])
    if cut.payload and length < len(whole):
        assert findings.JSON_TRUNCATED in cut.findings
        assert set(cut.payload) <= set(payload)
        assert cut.message_id == message_id


@given(JSON)
def test_the_tolerant_reader_reads_valid_json_like_any_other(value: object) -> None:
    wrapped = json.dumps([value])
    assert read_broken(wrapped)[0] == json.loads(wrapped)


def test_an_error_keeps_its_code_description_and_details() -> None:
    frame = parse('[4,"7","InternalError","It broke",{"why":"x"}]')
    assert (frame.type, frame.error_code, frame.error_description) == (CALLERROR, "InternalError", "It broke")
    assert frame.payload == {"why": "x"}
    assert frame.findings == ()


def test_bytes_that_are_no_utf8_are_kept_readable() -> None:
    frame = parse(b'[2,"1","Heartbeat",{"x":"\xff"}]')
    assert frame.action == "Heartbeat"
    assert findings.NOT_UTF8 in frame.findings
    assert frame.raw == '[2,"1","Heartbeat",{"x":"\\xff"}]'


def test_the_text_is_kept_exactly_as_it_came() -> None:
    text = '[2,\n"1" ,"Heartbeat", { } ]  tail'
    assert parse(text).raw == text


@pytest.mark.parametrize("depth", [100, 5_000, 200_000])
def test_deep_nesting_is_unreadable_and_not_a_crash(depth: int) -> None:
    assert parse("[" * depth).findings == (findings.FRAME_UNREADABLE,)
    assert parse('{"a":' * depth).type is None


def test_a_number_of_five_thousand_digits_is_read_around() -> None:
    frame = parse(f'[2,"1","Heartbeat",{{"n":{"9" * 5000},"m":1}}]')
    assert frame.action == "Heartbeat"
    assert frame.payload["m"] == 1
    storable(frame)


def test_a_megabyte_of_broken_json_is_read_in_one_pass() -> None:
    text = '[2,"1","MeterValues",{"a":[' + '{"value" 5},' * 80_000
    assert parse(text).type is None or parse(text).action == "MeterValues"
