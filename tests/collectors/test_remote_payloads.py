"""Remote commands on the wire: valid by every version's schemas, or refused in words; answers read right."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.messages import MessageType, get_validator

from collectors.cli.command_list import table_rows
from collectors.remote.actions import ACTIONS, VERSIONS, action_named
from collectors.remote.commands import judge_answer
from collectors.remote.options import Message, TokenKind
from collectors.remote.payloads import CannotSay
from collectors.stations.connection import CallAnswer

WHEN = "2026-05-01T10:00:00.5+02:00"
LOGS = {
    "location": "ftp://logs.example/in",
    "since": WHEN,
    "until": WHEN,
    "retries": 2,
    "retry_interval_s": 60,
}
ENTRIES = [{"id_tag": "04AB", "expires": WHEN}, {"id_tag": "04CD", "status": "Blocked"}]
REMOVAL = [{"id_tag": "04AB", "status": "Remove"}]

# action, options, what goes out in 1.6, and in 2.0.1 and 2.1 alike; None: that version cannot say it
SAID: list[tuple[str, dict[str, Any], tuple[str, Any] | None, tuple[str, Any] | None]] = [
    ("Reset", {}, ("Reset", {"type": "Soft"}), ("Reset", {"type": "OnIdle"})),
    ("Reset", {"kind": "hard"}, ("Reset", {"type": "Hard"}), ("Reset", {"type": "Immediate"})),
    ("Reset", {"evse": 2}, None, ("Reset", {"type": "OnIdle", "evseId": 2})),
    (
        "UnlockConnector",
        {"evse": 2},
        ("UnlockConnector", {"connectorId": 2}),
        ("UnlockConnector", {"evseId": 2, "connectorId": 1}),
    ),
    ("UnlockConnector", {"connector": 2}, ("UnlockConnector", {"connectorId": 2}), None),
    ("UnlockConnector", {}, None, None),
    (
        "UnlockConnector",
        {"evse": 1, "connector": 2},
        None,
        ("UnlockConnector", {"evseId": 1, "connectorId": 2}),
    ),
    (
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "60"},
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
        None,
    ),
    (
        "SetVariables",
        {"key": "EVSE.AllowReset", "value": "true", "evse": 1},
        None,
        (
            "SetVariables",
            {
                "setVariableData": [
                    {
                        "attributeValue": "true",
                        "component": {"name": "EVSE", "evse": {"id": 1}},
                        "variable": {"name": "AllowReset"},
                    }
                ]
            },
        ),
    ),
    ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "x"}, None, None),
    ("SetVariables", {"key": "SecurityCtrlr.BasicAuthPassword", "value": "x"}, None, None),
    (
        "TriggerMessage",
        {"message": "StatusNotification", "evse": 1},
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}),
    ),
    (
        "TriggerMessage",
        {"message": "LogStatusNotification"},
        ("TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"}),
        ("TriggerMessage", {"requestedMessage": "LogStatusNotification"}),
    ),
    (
        "TriggerMessage",
        {"message": "TransactionEvent"},
        None,
        ("TriggerMessage", {"requestedMessage": "TransactionEvent"}),
    ),
    (
        "ChangeAvailability",
        {"to": "inoperative"},
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
        ("ChangeAvailability", {"operationalStatus": "Inoperative"}),
    ),
    (
        "ChangeAvailability",
        {"to": "operative", "evse": 1},
        ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}),
        ("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 1}}),
    ),
    (
        "GetLog",
        {"location": "ftp://logs.example/in", "since": WHEN},
        ("GetDiagnostics", {"location": "ftp://logs.example/in", "startTime": "2026-05-01T08:00:00Z"}),
        (
            "GetLog",
            {
                "logType": "DiagnosticsLog",
                "requestId": 7,
                "log": {
                    "remoteLocation": "ftp://logs.example/in",
                    "oldestTimestamp": "2026-05-01T08:00:00Z",
                },
            },
        ),
    ),
    (
        "GetConfiguration",
        {"keys": ["HeartbeatInterval"]},
        ("GetConfiguration", {"key": ["HeartbeatInterval"]}),
        None,
    ),
    ("GetConfiguration", {}, ("GetConfiguration", {}), None),
    (
        "GetVariables",
        {"keys": ["SampledDataCtrlr.TxEndedMeasurands(b)"], "evse": 1},
        None,
        (
            "GetVariables",
            {
                "getVariableData": [
                    {
                        "component": {"name": "SampledDataCtrlr", "evse": {"id": 1}},
                        "variable": {"name": "TxEndedMeasurands", "instance": "b"},
                    }
                ]
            },
        ),
    ),
    ("ClearCache", {}, ("ClearCache", {}), ("ClearCache", {})),
    (
        "RemoteStart",
        {"id_tag": "04AB", "evse": 1},
        ("RemoteStartTransaction", {"idTag": "04AB", "connectorId": 1}),
        (
            "RequestStartTransaction",
            {"remoteStartId": 7, "idToken": {"idToken": "04AB", "type": "ISO14443"}, "evseId": 1},
        ),
    ),
    ("RemoteStart", {"id_tag": "x" * 21}, None, ...),  # type: ignore[list-item]
    (
        "RemoteStop",
        {"transaction": "12"},
        ("RemoteStopTransaction", {"transactionId": 12}),
        ("RequestStopTransaction", {"transactionId": "12"}),
    ),
    ("RemoteStop", {"transaction": "a-1"}, None, ("RequestStopTransaction", {"transactionId": "a-1"})),
    (
        "SendLocalList",
        {"list_version": 3, "update": "differential", "entries": REMOVAL},
        (
            "SendLocalList",
            {"listVersion": 3, "updateType": "Differential", "localAuthorizationList": [{"idTag": "04AB"}]},
        ),
        (
            "SendLocalList",
            {
                "versionNumber": 3,
                "updateType": "Differential",
                "localAuthorizationList": [{"idToken": {"idToken": "04AB", "type": "ISO14443"}}],
            },
        ),
    ),
    ("SendLocalList", {"list_version": 3, "update": "full", "entries": REMOVAL}, None, None),
    ("SendLocalList", {"list_version": 3, "update": "differential"}, None, None),
    ("GetLocalListVersion", {}, ("GetLocalListVersion", {}), ("GetLocalListVersion", {})),
    (
        "GetBaseReport",
        {"report": "SummaryInventory"},
        None,
        ("GetBaseReport", {"requestId": 7, "reportBase": "SummaryInventory"}),
    ),
]


def check(version: str, call: tuple[str, dict[str, Any]]) -> None:
    """Raises jsonschema.ValidationError for a payload the version's schema does not allow."""
    validator: Any = get_validator(MessageType.Call, call[0], version)
    validator.validate(call[1])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "options", "in_16", "in_2"), SAID, ids=lambda value: str(value)[:40])
def test_each_version_gets_its_own_words_or_a_reason_why_not(
    version: str, name: str, options: dict[str, Any], in_16: Any, in_2: Any
) -> None:
    action = action_named(name)
    assert action is not None
    expected = in_16 if version == "1.6" else in_2
    read = action.read(options)
    if expected is None:
        with pytest.raises(CannotSay, match=r"\w+ \w+"):
            action.build(version, read, 7)
        return
    call = action.build(version, read, 7)
    check(version, call)
    assert expected is ... or call == expected


LEAST: dict[str, dict[str, Any]] = {
    "UnlockConnector": {"evse": 1},
    "GetDiagnostics": LOGS,
    "TriggerMessage": {"message": "Heartbeat"},
    "ChangeAvailability": {"to": "operative"},
    "GetConfiguration": {"keys": ["A.B"]},
    "ChangeConfiguration": {"key": "HeartbeatCtrlr.Interval", "value": "60"},
    "RemoteStart": {"id_tag": "04AB"},
    "RemoteStop": {"transaction": "12"},
    "SendLocalList": {"list_version": 1, "update": "full", "entries": ENTRIES},
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ACTIONS)
def test_every_row_of_the_table_is_valid_in_every_version_it_has(version: str, name: str) -> None:
    action = ACTIONS[name]
    if version not in action.calls:
        with pytest.raises(CannotSay, match=f"OCPP {version} has no {name}"):
            action.build(version, action.read(LEAST.get(name, {})), 1)
        return
    check(version, action.build(version, action.read(LEAST.get(name, {})), 1))


def test_a_security_log_is_asked_by_the_security_extension_in_1_6() -> None:
    action = ACTIONS["GetDiagnostics"]
    call = action.build("1.6", action.read({**LOGS, "log": "security"}), 7)
    assert (call[0], call[1]["logType"]) == ("GetLog", "SecurityLog")
    check("1.6", call)


numbers = st.none() | st.integers(-1, 3) | st.just(2**31)
texts = st.sampled_from(
    ["", "04AB", "a" * 20, "a" * 36, "a" * 37, "A.B", "A(b).C(d)", "..", "é", "12", " 1 "]
)
anything = st.fixed_dictionaries(
    {},
    optional={
        "evse": numbers,
        "connector": numbers,
        "kind": st.sampled_from(["soft", "hard", "warm"]),
        "message": st.sampled_from([*get_args(Message), "Nothing"]),
        "to": st.sampled_from(["operative", "inoperative"]),
        "location": st.sampled_from(["ftp://u:p@x/y", "x", "https://" + "x" * 600, "http://x"]),
        "log": st.sampled_from(["diagnostics", "security"]),
        "since": st.sampled_from([WHEN, "2026", "2026-05-01T10:00:00"]),
        "retries": numbers,
        "keys": st.lists(texts, max_size=3),
        "key": texts,
        "value": st.sampled_from(["", "60", "x" * 501, "x" * 1000]),
        "id_tag": texts,
        "token_type": st.sampled_from(get_args(TokenKind)),
        "transaction": texts,
        "list_version": numbers,
        "update": st.sampled_from(["full", "differential"]),
        "entries": st.lists(
            st.fixed_dictionaries(
                {"id_tag": texts}, optional={"status": st.sampled_from(["Accepted", "Remove", "No"])}
            ),
            max_size=3,
        ),
        "report": st.sampled_from(["FullInventory", "None"]),
    },
)


@given(st.sampled_from(sorted(ACTIONS)), st.sampled_from(VERSIONS), anything)
def test_whatever_is_asked_goes_out_valid_or_not_at_all(
    name: str, version: str, options: dict[str, Any]
) -> None:
    action = ACTIONS[name]
    known = set(action.options.__struct_fields__)
    try:
        call = action.build(
            version, action.read({key: value for key, value in options.items() if key in known}), 1
        )
    except CannotSay:
        return
    try:
        check(version, call)
    except jsonschema.ValidationError as error:
        raise AssertionError(f"{version} {call}: {error.message}") from error


def test_an_option_of_another_command_is_named() -> None:
    with pytest.raises(CannotSay, match=r"ClearCache: .*evse"):
        ACTIONS["ClearCache"].read({"evse": 1})


@pytest.mark.parametrize(
    ("name", "payload", "outcome", "detail"),
    [
        ("Reset", {"status": "Scheduled"}, "accepted", "Scheduled"),
        (
            "Reset",
            {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}},
            "rejected",
            "Rejected (Busy)",
        ),
        ("UnlockConnector", {"status": "Unlocked"}, "accepted", "Unlocked"),
        ("UnlockConnector", {"status": "UnlockFailed"}, "rejected", "UnlockFailed"),
        ("UnlockConnector", {"status": 3}, "rejected", "without a status"),
        ("GetDiagnostics", {"fileName": "d.zip"}, "accepted", "uploads d.zip"),
        ("GetDiagnostics", {}, "rejected", "nothing to upload"),
        ("GetDiagnostics", {"status": "AcceptedCanceled"}, "accepted", "AcceptedCanceled"),
        (
            "GetConfiguration",
            {"configurationKey": [{}], "unknownKey": ["x"]},
            "accepted",
            "1 told, 1 unknown",
        ),
        ("GetConfiguration", {"unknownKey": ["x"]}, "rejected", "0 told, 1 unknown"),
        ("GetConfiguration", {"configurationKey": 7}, "rejected", "another form"),
        ("GetConfiguration", {"getVariableResult": [{"attributeStatus": "Accepted"}]}, "accepted", "1 of 1"),
        ("GetConfiguration", {"getVariableResult": [{}, 7]}, "rejected", "0 of 2"),
        ("ChangeConfiguration", {"status": "RebootRequired"}, "accepted", "after a restart"),
        ("ChangeConfiguration", {"status": "NotSupported"}, "rejected", "NotSupported"),
        (
            "ChangeConfiguration",
            {"setVariableResult": [{"attributeStatus": "Accepted"}]},
            "accepted",
            "Accepted",
        ),
        (
            "ChangeConfiguration",
            {"setVariableResult": [{"attributeStatus": "UnknownVariable"}]},
            "rejected",
            "UnknownVariable",
        ),
        ("ChangeConfiguration", {"setVariableResult": [7]}, "rejected", "without a status"),
        ("GetLocalListVersion", {"listVersion": -1}, "rejected", "no local list"),
        ("GetLocalListVersion", {"versionNumber": 0}, "accepted", "version 0"),
        ("GetLocalListVersion", {}, "rejected", "without a version"),
        ("SendLocalList", {"status": "VersionMismatch"}, "rejected", "VersionMismatch"),
        ("GetBaseReport", {"status": "EmptyResultSet"}, "rejected", "EmptyResultSet"),
    ],
)
def test_an_answer_is_read_for_what_it_means(
    name: str, payload: dict[str, Any], outcome: str, detail: str
) -> None:
    said = judge_answer(name, CallAnswer(payload), ACTIONS[name].verdict)
    assert said.outcome == outcome
    assert detail in said.detail


def test_the_list_names_every_command_and_option() -> None:
    told = {name: options for name, _, _, _, options, _ in table_rows()}
    assert list(told) == list(ACTIONS)
    assert told["Reset"] == "[--hard] [--evse]"
    assert told["SendLocalList"] == "--list-version --update [--entries]"
