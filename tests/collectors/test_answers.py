"""Every request a station may send gets an answer that is valid by the published JSON schemas."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from collectors.decode import ocpp2, ocpp16
from collectors.decode.frame import Frame, parse
from collectors.stations.answers import ANSWERS_2, ANSWERS_16, AnswerContext, answer
from tests.collectors.test_ocpp import ACTIONS, FRAMES, PAYLOADS, VERSIONS

NOON = datetime(2026, 11, 22, 10, 0, 0, 123_456, tzinfo=UTC)

# What the station sends, by version: the specifications' messages in the direction station to back end.
# 1.6 has its six profiles and the security extension in one.
STATION_16 = {
    "Authorize": {"idTag": "04A2B3C4"},
    "BootNotification": {"chargePointVendor": "V", "chargePointModel": "M"},
    "DataTransfer": {"vendorId": "V"},
    "DiagnosticsStatusNotification": {"status": "Uploaded"},
    "FirmwareStatusNotification": {"status": "Installed"},
    "Heartbeat": {},
    "LogStatusNotification": {"status": "Idle"},
    "MeterValues": {"connectorId": 1, "meterValue": []},
    "SecurityEventNotification": {"type": "ResetOrReboot", "timestamp": "2026-11-22T10:00:00Z"},
    "SignCertificate": {"csr": "x"},
    "SignedFirmwareStatusNotification": {"status": "Installed"},
    "StartTransaction": {
        "connectorId": 1,
        "idTag": "A1",
        "meterStart": 0,
        "timestamp": "2026-11-22T10:00:00Z",
    },
    "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    "StopTransaction": {
        "transactionId": 1,
        "idTag": "A1",
        "meterStop": 1,
        "timestamp": "2026-11-22T10:00:00Z",
    },
}
STATION_201: dict[str, dict[str, Any]] = {
    "Authorize": {"idToken": {"idToken": "A1", "type": "ISO14443"}},
    "BootNotification": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
    "ClearedChargingLimit": {},
    "DataTransfer": {"vendorId": "V"},
    "FirmwareStatusNotification": {"status": "Installed"},
    "Get15118EVCertificate": {},
    "GetCertificateStatus": {},
    "Heartbeat": {},
    "LogStatusNotification": {"status": "Idle"},
    "MeterValues": {"evseId": 1, "meterValue": []},
    "NotifyChargingLimit": {},
    "NotifyCustomerInformation": {},
    "NotifyDisplayMessages": {},
    "NotifyEVChargingNeeds": {},
    "NotifyEVChargingSchedule": {},
    "NotifyEvent": {},
    "NotifyMonitoringReport": {},
    "NotifyReport": {},
    "PublishFirmwareStatusNotification": {"status": "Idle"},
    "ReportChargingProfiles": {},
    "ReservationStatusUpdate": {},
    "SecurityEventNotification": {},
    "SignCertificate": {"csr": "x"},
    "StatusNotification": {"connectorStatus": "Available", "evseId": 1, "connectorId": 1},
    "TransactionEvent": {"eventType": "Started", "idToken": {"idToken": "A1", "type": "ISO14443"}},
}
HASH = {"hashAlgorithm": "SHA384", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
STATION_21 = STATION_201 | {
    "BatterySwap": {},
    "ClosePeriodicEventStream": {"id": 1},
    "GetCertificateChainStatus": {
        "certificateStatusRequests": [{"source": "CRL", "certificateHashData": HASH, "urls": ["x"]}]
    },
    "NotifyDERAlarm": {},
    "NotifyDERStartStop": {},
    "NotifyPriorityCharging": {},
    "NotifySettlement": {},
    "NotifyWebPaymentStarted": {},
    "OpenPeriodicEventStream": {},
    "PullDynamicScheduleUpdate": {"chargingProfileId": 1},
    "ReportDERControl": {},
    "VatNumberValidation": {"vatNumber": "BE0123456789"},
}
REQUESTS = [
    (version, action, payload)
    for version, requests in (("1.6", STATION_16), ("2.0.1", STATION_201), ("2.1", STATION_21))
    for action, payload in requests.items()
]


@cache
def validator(version: str, action: str) -> Draft7Validator:
    """The published schema of the answer to `action`."""
    folder = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}[version]
    text = files("ocpp").joinpath(folder, "schemas", f"{action}Response.json").read_text(encoding="utf-8-sig")
    return Draft7Validator(json.loads(text))


def context(status: str = "Accepted") -> AnswerContext:
    numbers = count(1)
    return AnswerContext(
        now=NOON,
        heartbeat_s=300,
        boot_status="Accepted",
        authorise=lambda token: status,
        new_transaction=lambda: next(numbers),
    )


def ask(version: str | None, action: str, payload: object, status: str = "Accepted") -> list[Any]:
    reply = answered(version, parse(json.dumps([2, "id-1", action, payload])), status)
    assert reply is not None
    return reply


def answered(version: str | None, frame: Frame, status: str = "Accepted") -> list[Any] | None:
    """What goes over the line, read back."""
    reply = answer(version, frame, context(status))
    if reply is None:
        return None
    read: list[Any] = json.loads(reply.raw)
    return read


@pytest.mark.parametrize(("version", "action", "payload"), REQUESTS)
def test_the_answer_to_every_request_is_valid_by_schema(
    version: str, action: str, payload: dict[str, Any]
) -> None:
    kind, message_id, reply = ask(version, action, payload)
    assert (kind, message_id) == (3, "id-1")
    assert [error.message for error in validator(version, action).iter_errors(reply)] == []


@pytest.mark.parametrize(("version", "action"), [(version, action) for version, action, _ in REQUESTS])
@pytest.mark.parametrize("payload", [{}, [], None, {"idToken": 5, "idTag": {}, "vatNumber": [1]}])
def test_a_known_action_with_a_broken_payload_is_still_answered_by_schema(
    version: str, action: str, payload: object
) -> None:
    kind, _, reply = ask(version, action, payload)
    assert kind == 3
    modern = isinstance(payload, dict) and "idTag" in payload and action == "Authorize"
    if not modern:
        assert [error.message for error in validator(version, action).iter_errors(reply)] == []


def test_every_request_that_is_answered_is_also_decoded_and_the_other_way_round() -> None:
    assert set(ANSWERS_16) == set(ocpp16.REQUESTS) == set(STATION_16)
    # A periodic stream is sent without wanting an answer.
    assert set(ANSWERS_2) == set(ocpp2.REQUESTS) - {"NotifyPeriodicEventStream"} == set(STATION_21)


@given(VERSIONS, st.sampled_from(ACTIONS), PAYLOADS)
def test_every_request_with_an_id_is_answered(
    version: str | None, action: str, payload: dict[str, Any]
) -> None:
    kind, message_id, *_ = ask(version, action, payload)
    assert kind == 3 if action in {*ANSWERS_16, *ANSWERS_2} else kind == 4
    assert message_id == "id-1"


@given(VERSIONS, FRAMES | st.binary(max_size=80))
def test_nothing_a_station_sends_makes_answering_raise(version: str | None, data: str | bytes) -> None:
    reply = answered(version, parse(data))
    assert reply is None or reply[0] in {3, 4}


def test_an_unknown_action_is_not_implemented() -> None:
    assert ask("1.6", "MakeCoffee", {})[:3] == [4, "id-1", "NotImplemented"]
    assert ask("2.0.1", "MakeCoffee", {})[:3] == [4, "id-1", "NotImplemented"]


def test_a_request_without_an_action_is_malformed_in_the_words_of_the_version() -> None:
    frame = parse('[2,"1",null,{}]')
    assert (answered("1.6", frame) or [])[2] == "FormationViolation"
    assert (answered("2.0.1", frame) or [])[2] == "FormatViolation"


@pytest.mark.parametrize(
    "text", ['[3,"1",{}]', '[4,"1","X","",{}]', '[6,"1","NotifyPeriodicEventStream",{}]', "x"]
)
def test_what_is_no_request_is_not_answered(text: str) -> None:
    assert answer("2.1", parse(text), context()) is None


def test_an_id_sent_as_a_number_comes_back_as_that_number() -> None:
    assert (answered("1.6", parse('[2,17,"Heartbeat",{}]')) or [])[1] == 17


def test_a_cut_off_request_is_answered_so_that_the_station_goes_on() -> None:
    cut = parse('[2,"5","StatusNotification",{"connectorId":1,"sta')
    assert answered("1.6", cut) == [3, "5", {}]


def test_a_boot_is_told_the_time_the_interval_and_the_verdict() -> None:
    reply = ask("1.6", "BootNotification", {"chargePointModel": "M"})[2]
    assert reply == {"currentTime": "2026-11-22T10:00:00.123Z", "interval": 300, "status": "Accepted"}


def test_a_refused_card_is_refused_in_every_version() -> None:
    assert ask("1.6", "Authorize", {"idTag": "A"}, "Blocked")[2] == {"idTagInfo": {"status": "Blocked"}}
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-11-22T10:00:00Z"}
    assert ask("1.6", "StartTransaction", start, "Blocked")[2]["idTagInfo"] == {"status": "Blocked"}
    token = {"idToken": {"idToken": "A", "type": "ISO14443"}}
    assert ask("2.0.1", "Authorize", token, "Blocked")[2] == {"idTokenInfo": {"status": "Blocked"}}
    assert ask("2.1", "TransactionEvent", token, "Blocked")[2] == {"idTokenInfo": {"status": "Blocked"}}


def test_free_charging_has_no_card_to_refuse() -> None:
    token = {"idToken": {"idToken": "", "type": "NoAuthorization"}}
    assert ask("2.0.1", "TransactionEvent", token, "Blocked")[2] == {"idTokenInfo": {"status": "Accepted"}}


def test_a_station_that_speaks_2_0_1_on_a_1_6_connection_is_answered_in_2_0_1() -> None:
    token = {"idToken": {"idToken": "A", "type": "ISO14443"}}
    assert ask("1.6", "Authorize", token)[2] == {"idTokenInfo": {"status": "Accepted"}}
    assert ask("1.6", "NotifyEvent", {"eventData": []})[:2] == [3, "id-1"]
