"""The decoder: answers find their requests, nothing a station sends makes it raise, life is always seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decode import findings, ocpp2, ocpp16
from collectors.decode.decoder import MAX_OPEN, decoder_for
from collectors.decode.frame import Frame, parse
from rules.core.model import (
    AnyObservation,
    CommandAnswered,
    ConfigurationReported,
    FindingSeen,
    Heartbeat,
    PromiseBroken,
    Seen,
    SessionAccepted,
    SessionStarted,
)
from tests.collectors.test_frame import JSON

NOON = datetime(2026, 11, 22, 10, tzinfo=UTC)
STATION = "BE-GNT-0001"

ACTIONS = sorted({*ocpp16.REQUESTS, *ocpp2.REQUESTS, "MakeCoffee"})
MEMBER_NAMES = """
    connectorId evseId evse id status connectorStatus errorCode timestamp idTag idToken transactionId
    transactionInfo meterStart meterStop meterValue sampledValue value unit unitOfMeasure multiplier phase
    measurand transactionData eventType seqNo eventData component variable name instance cleared severity
    actualValue chargingStation chargePointVendor modem idTagInfo idTokenInfo interval reason
    setVariableResult attributeStatus format location
"""
MEMBERS = sorted(MEMBER_NAMES.split())
ODD_VALUES: list[Any] = [
    "Started",
    "Ended",
    "Faulted",
    "2026-11-22T10:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "1e308",
    "kWh",
    "L1",
    True,
    -1,
    0,
    2**63 - 1,
    1e308,
    "Energy.Active.Import.Register",
    "Temperature",
    "12,5",
    "0x10",
]
VALUES = JSON | st.sampled_from(ODD_VALUES)
PAYLOADS = st.recursive(
    st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=6),
    lambda inner: st.dictionaries(
        st.sampled_from(MEMBERS), VALUES | inner | st.lists(inner, max_size=3), max_size=6
    ),
    max_leaves=6,
)
FRAMES = st.one_of(
    st.tuples(st.just(2), st.sampled_from("abc"), st.sampled_from(ACTIONS), PAYLOADS),
    st.tuples(st.just(6), st.sampled_from("abc"), st.sampled_from(ACTIONS), PAYLOADS),
    st.tuples(st.just(3), st.sampled_from("abc"), PAYLOADS),
    st.tuples(st.just(4), st.sampled_from("abc"), JSON, JSON, JSON),
).map(json.dumps) | st.text(max_size=40)
VERSIONS = st.sampled_from(["1.6", "2.0.1", "2.1", None])


@given(VERSIONS, st.lists(st.tuples(st.sampled_from(["in", "out"]), FRAMES), max_size=8))
def test_no_conversation_makes_the_decoder_raise_and_every_frame_of_a_station_proves_life(
    version: str | None, frames: list[tuple[str, str]]
) -> None:
    decoder = decoder_for(version)
    for number, (direction, text) in enumerate(frames):
        decoded = decoder.decode(STATION, NOON, direction, parse(text), number)
        assert findings.DECODE_FAILED not in decoded.findings, decoded.observations
        if direction == "in":
            assert any(not isinstance(o, FindingSeen) for o in decoded.observations)
        assert set(decoded.findings) <= findings.ALL
        for observation in decoded.observations:
            assert (observation.station, observation.at, observation.record_id) == (STATION, NOON, number)
            stored = msgspec.json.encode(observation)
            assert msgspec.json.decode(stored, type=AnyObservation) == observation


@given(VERSIONS, st.binary(max_size=120))
def test_no_bytes_make_the_decoder_raise(version: str | None, data: bytes) -> None:
    decoded = decoder_for(version).decode(STATION, NOON, "in", parse(data), 1)
    assert decoded.observations


def test_a_defect_of_ours_becomes_a_finding_and_not_a_lost_connection() -> None:
    frame = Frame(2, "1", "StatusNotification", None, None, None, "")  # type: ignore[arg-type]
    decoded = decoder_for("1.6").decode(STATION, NOON, "in", frame, 1)
    assert decoded.findings == (findings.DECODE_FAILED,)
    assert [type(o) for o in decoded.observations] == [Seen, FindingSeen]


def call(message_id: str, action: str, payload: dict[str, Any]) -> Frame:
    return parse(json.dumps([2, message_id, action, payload]))


def test_a_command_sent_before_a_reconnect_is_still_answered_after_it() -> None:
    decoder = decoder_for("1.6")
    decoder.decode(STATION, NOON, "out", call("c", "Reset", {"type": "Soft"}), 1)
    decoder.reset()
    later = NOON + timedelta(seconds=45)
    decoded = decoder.decode(STATION, later, "in", parse('[3,"c",{"status":"Accepted"}]'), 2)
    answer = decoded.observations[0]
    assert isinstance(answer, CommandAnswered)
    assert (answer.action, answer.status, answer.waited_s) == ("Reset", "Accepted", 45.0)


def test_a_request_of_an_old_connection_is_not_answered_on_the_new_one() -> None:
    decoder = decoder_for("1.6")
    start = {"connectorId": 1, "idTag": "A1", "meterStart": 1, "timestamp": "2026-11-22T10:00:00Z"}
    decoder.decode(STATION, NOON, "in", call("5", "StartTransaction", start), 1)
    decoder.reset()
    decoded = decoder.decode(STATION, NOON, "out", parse('[3,"5",{"transactionId":1}]'), 2)
    assert (decoded.action, decoded.observations) == (None, [])


def test_a_start_repeated_after_a_reconnect_is_still_one_session() -> None:
    decoder = decoder_for("1.6")
    start = {"connectorId": 1, "idTag": "A1", "meterStart": 1, "timestamp": "2026-11-22T10:00:00Z"}
    first = decoder.decode(STATION, NOON, "in", call("5", "StartTransaction", start), 1)
    assert isinstance(first.observations[0], SessionStarted)
    decoder.reset()
    again = decoder.decode(STATION, NOON, "in", call("1", "StartTransaction", start), 2)
    assert not any(isinstance(o, SessionStarted) for o in again.observations)
    answer = parse('[3,"1",{"transactionId":9,"idTagInfo":{"status":"Accepted"}}]')
    accepted = decoder.decode(STATION, NOON, "out", answer, 3).observations[0]
    assert isinstance(accepted, SessionAccepted)
    assert (accepted.message_id, accepted.ref) == ("5", "9")


@pytest.mark.parametrize("direction", ["in", "out"])
def test_requests_that_are_never_answered_do_not_pile_up(direction: str) -> None:
    decoder = decoder_for("1.6")
    for number in range(MAX_OPEN * 3):
        decoder.decode(STATION, NOON, direction, call(str(number), "Heartbeat", {}), number)
    answered = "out" if direction == "in" else "in"
    newest = parse(f'[3,"{MAX_OPEN * 3 - 1}",{{}}]')
    oldest = parse('[3,"0",{}]')
    assert decoder.decode(STATION, NOON, answered, newest, 1).action == "Heartbeat"
    assert decoder.decode(STATION, NOON, answered, oldest, 2).action is None


def test_transactions_of_2_x_that_never_end_do_not_pile_up() -> None:
    decoder = decoder_for("2.0.1")
    for number in range(200):
        event = {
            "eventType": "Started",
            "timestamp": "2026-11-22T10:00:00Z",
            "seqNo": 0,
            "transactionInfo": {"transactionId": f"t{number}"},
            "evse": {"id": 1},
        }
        decoded = decoder.decode(STATION, NOON, "in", call("1", "TransactionEvent", event), number)
        assert isinstance(decoded.observations[0], SessionStarted)


def test_an_answer_of_another_station_is_no_answer() -> None:
    one, other = decoder_for("1.6"), decoder_for("1.6")
    one.decode("A", NOON, "out", call("1", "Reset", {"type": "Soft"}), 1)
    assert other.decode("B", NOON, "in", parse('[3,"1",{"status":"Accepted"}]'), 2).action is None


def test_what_the_back_end_did_wrong_is_no_finding_about_the_station() -> None:
    decoded = decoder_for("1.6").decode(STATION, NOON, "out", parse('[3,"1"]'), 1)
    assert decoded.findings == (findings.PAYLOAD_MISSING, findings.ANSWER_UNEXPECTED)
    assert decoded.observations == []


def test_a_heartbeat_is_one_observation() -> None:
    decoded = decoder_for("1.6").decode(STATION, NOON, "in", call("1", "Heartbeat", {}), 3)
    assert decoded.observations == [Heartbeat(station=STATION, at=NOON, record_id=3)]
    assert decoded.action == "Heartbeat"


def asked(seconds: int, number: int) -> tuple[str, Frame, datetime]:
    text = f'[2,"t{number}","TriggerMessage",{{"requestedMessage":"MeterValues","connectorId":1}}]'
    return "out", parse(text), NOON + timedelta(seconds=seconds)


def broken_promises(*frames: tuple[str, Frame, datetime]) -> list[PromiseBroken]:
    decoder = decoder_for("1.6")
    found = [
        observation
        for number, (direction, frame, at) in enumerate(frames)
        for observation in decoder.decode(STATION, at, direction, frame, number).observations
    ]
    return [observation for observation in found if isinstance(observation, PromiseBroken)]


def test_a_promised_message_that_never_came_is_noted_when_it_is_asked_for_again() -> None:
    yes = ("in", parse('[3,"t1",{"status":"Accepted"}]'), NOON)
    (broken,) = broken_promises(asked(0, 1), yes, asked(20, 2))
    assert (broken.about, broken.waited_s) == ("MeterValues", 20.0)


def test_a_promise_kept_refused_or_still_young_is_not_broken() -> None:
    yes = ("in", parse('[3,"t1",{"status":"Accepted"}]'), NOON)
    no = ("in", parse('[3,"t1",{"status":"Rejected"}]'), NOON)
    kept = ("in", parse('[2,"m","MeterValues",{"connectorId":1,"meterValue":[]}]'), NOON)
    assert broken_promises(asked(0, 1), yes, kept, asked(20, 2)) == []
    assert broken_promises(asked(0, 1), no, asked(20, 2)) == []
    assert broken_promises(asked(0, 1), asked(20, 2)) == []
    assert broken_promises(asked(0, 1), yes, asked(5, 2)) == []


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('[3,"t1",{"configurationKey":[]', findings.UNCLOSED),
        ('[3,"t1",{"configurationKey":[{"key":"Heart>', findings.CUT_MARK),
        ('[3,"t1",{"configurationKey":[{"key":"Heart', None),
    ],
)
def test_how_a_text_was_cut_is_told(text: str, detail: str | None) -> None:
    decoder = decoder_for("1.6")
    decoder.decode(STATION, NOON, "out", parse('[2,"t1","GetConfiguration",{}]'), 1)
    found = decoder.decode(STATION, NOON, "in", parse(text), 2).observations
    (cut,) = [o for o in found if isinstance(o, FindingSeen) and o.finding == findings.JSON_TRUNCATED]
    assert (cut.detail, cut.answer) == (detail, True)


BEAT = '"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}'
LIMIT = '"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Limit"}'


@pytest.mark.parametrize(
    ("version", "request_text", "answer_text", "settings"),
    [
        (
            "1.6",
            '"ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}',
            '{"status":"Accepted"}',
            [(None, "HeartbeatInterval", "60")],
        ),
        (
            "1.6",
            '"ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}',
            '{"status":"Rejected"}',
            [],
        ),
        (
            "1.6",
            '"ChangeConfiguration",{"key":"AuthorizationKey","value":"hidden"}',
            '{"status":"Accepted"}',
            [],
        ),
        (
            "2.0.1",
            f'"SetVariables",{{"setVariableData":[{{"attributeValue":"60",{BEAT}}},'
            f'{{"attributeValue":"9",{LIMIT}}}]}}',
            f'{{"setVariableResult":[{{"attributeStatus":"Accepted",{BEAT}}},'
            f'{{"attributeStatus":"Rejected",{LIMIT}}}]}}',
            [("OCPPCommCtrlr", "HeartbeatInterval", "60")],
        ),
    ],
)
def test_a_setting_holds_once_the_station_accepted_it(
    version: str, request_text: str, answer_text: str, settings: list[tuple[str | None, str, str]]
) -> None:
    decoder = decoder_for(version)
    decoder.decode(STATION, NOON, "out", parse(f'[2,"c1",{request_text}]'), 1)
    told = decoder.decode(STATION, NOON, "in", parse(f'[3,"c1",{answer_text}]'), 2).observations
    found = [(o.component, o.key, o.value) for o in told if isinstance(o, ConfigurationReported)]
    assert found == settings
