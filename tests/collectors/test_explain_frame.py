"""Odd frames explained: which field, what was expected, what came. For people, off the receiving path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decode.explain_frame import explain_frame
from data.rows import Batch, FrameRow
from data.store import Store
from tests.collectors.frame_cases import all_cases
from tests.data.rows import NOON
from tests.test_cli import laadwacht


def said(raw: str, version: str | None = None, action: str | None = None) -> list[str]:
    return [str(remark) for remark in explain_frame(raw, version, action).remarks]


def test_each_wrong_field_of_a_status_is_named_with_what_was_expected_and_what_came() -> None:
    status = {"connectorId": "1", "status": "Broken", "timestamp": "2024/01/01 10:00", "extra": 1}
    remarks = said(json.dumps([2, "1", "StatusNotification", status]), "1.6")
    assert 'connectorId: expected a whole number; came "1"' in remarks
    assert "errorCode: expected a value: it is required; came nothing" in remarks
    assert "extra: expected no field of this name; came 1" in remarks
    assert any(text.startswith("timestamp: expected a time stamp of RFC 3339") for text in remarks)
    assert any(text.startswith("status: expected one of Available, ") for text in remarks)
    assert len(remarks) == 5


def test_a_place_deep_in_a_list_is_told_with_its_index() -> None:
    values = [{"timestamp": "2024-01-01T10:00:00Z", "sampledValue": [{"value": 12}]}]
    payload = {"connectorId": 1, "meterValue": values}
    assert said(json.dumps([2, "1", "MeterValues", payload])) == [
        "meterValue[0].sampledValue[0].value: expected text; came 12"
    ]


def test_broken_text_is_told_by_place_and_what_was_read_is_checked_all_the_same() -> None:
    explained = explain_frame('[2,"1","MeterValues",{"connectorId":1 "meterValue":{}}]')
    assert explained.findings == ("json_missing_comma",)
    first, second = explained.remarks
    assert "line 1, column 39" in first.expected
    assert str(second) == "meterValue: expected a list; came {}"
    assert explained.sentences("nl")[0].startswith("Komma vergeten")


@pytest.mark.parametrize(
    ("version", "schema"),
    [("2.0.1", "OCPP 2.0.1"), ("2.1", "OCPP 2.1"), (None, "OCPP 2.0.1"), ("1.6", "OCPP 2.0.1")],
)
def test_a_frame_is_held_against_the_version_whose_words_it_uses(version: str | None, schema: str) -> None:
    status = {
        "evseId": 1,
        "connectorId": 1,
        "connectorStatus": "Available",
        "timestamp": "2024-01-01T10:00:00Z",
    }
    explained = explain_frame(json.dumps([2, "1", "StatusNotification", status]), version)
    assert (explained.schema, explained.remarks) == (f"StatusNotification request, {schema}", ())


def test_an_answer_is_checked_once_its_action_is_known() -> None:
    raw = '[3,"1",{"status":"Perhaps"}]'
    assert explain_frame(raw).schema is None
    assert said(raw, "1.6", "Reset") == ['status: expected one of Accepted, Rejected; came "Perhaps"']


def test_decimals_are_compared_as_written() -> None:
    limit = {"startPeriod": 0, "limit": 21.4}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [limit]}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }
    payload = {"connectorId": 1, "csChargingProfiles": profile}
    assert said(json.dumps([2, "1", "SetChargingProfile", payload])) == []
    limit["limit"] = 21.45
    assert "a multiple of 0.1; came" in said(json.dumps([2, "1", "SetChargingProfile", payload]))[0]


def test_an_action_that_no_version_has_is_said_to_be_none_and_never_opens_a_file() -> None:
    assert said('[2,"1","../../x",{}]') == ['expected an action of OCPP 1.6; came "../../x"']
    assert said('[2,"1","Invented",{}]', "2.1") == ['expected an action of OCPP 2.1; came "Invented"']


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_every_known_oddity_can_be_explained(case: object) -> None:
    for frame in case.frames:  # type: ignore[attr-defined]
        raw = frame.get("in") or frame.get("out") or ""
        explain_frame(raw if isinstance(raw, str) else json.dumps(raw)).sentences()


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_bytes_make_the_explanation_fail(raw: bytes | str) -> None:
    explain_frame(raw).sentences()


@given(
    st.sampled_from(
        ["BootNotification", "MeterValues", "TransactionEvent", "NotifyEvent", "StatusNotification"]
    ),
    st.dictionaries(
        st.sampled_from(["meterValue", "connectorId", "status", "eventData", "timestamp", "evse", "\ud800"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    ),
    st.sampled_from([None, "1.6", "2.0.1", "2.1", "9"]),
)
def test_no_payload_makes_the_explanation_fail(action: str, payload: dict[str, object], version: str) -> None:
    explain_frame(json.dumps([2, "1", action, payload]), version).sentences()


def test_the_command_explains_a_frame_from_standard_input_and_from_the_store(tmp_path: Path) -> None:
    raw = '[2,"1","Heartbeat",{"x":1}]'
    told = laadwacht("explain-frame", cwd=tmp_path, text=raw)
    assert told.stdout == "Heartbeat request, OCPP 1.6\n- x: expected no field of this name; came 1\n"
    with Store.open(
        tmp_path / "laadwacht.duckdb", read_port=None, token_file=tmp_path / "read.token"
    ) as store:
        row = FrameRow(record_id=7, received_at=NOON, station="s", direction="in", version="1.6", raw=raw)
        store.submit(Batch(frames=[row]), None)
    found = laadwacht("explain-frame", "--record", "7", "--data-dir", ".", cwd=tmp_path)
    assert (found.stdout, found.stderr) == (told.stdout, "")
    none = laadwacht("explain-frame", "--record", "8", "--data-dir", ".", cwd=tmp_path)
    assert (none.returncode, none.stderr) == (2, "laadwacht: --record 8: no frame of that number is stored\n")
