"""Every remote command to a station of OCPP 2.x through the door: what leaves, and what its answers mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.collectors.house import station
from tests.collectors.owners import appears, url_of
from tests.collectors.test_door import HELPDESK, Knocker, run
from tests.collectors.test_remote_commands import both, remote

WHERE = "https://logs.example/up"
NO = {"statusInfo": {"reasonCode": "Busy"}}
EVSE = {"evse": 1, "connector": 2}
TOKEN = {"idToken": "04A2B3C4", "type": "ISO14443"}
HEARTBEAT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}


def status(word: str, **more: Any) -> dict[str, Any]:
    return {"status": word, **more}


def told(word: str) -> dict[str, Any]:
    return {"getVariableResult": [{"attributeStatus": word, **HEARTBEAT}]}


# action, options, what leaves (None: not looked at again), the station's answer, the outcome
TABLE: list[tuple[str, dict[str, Any], list[Any] | None, Any, str]] = [
    ("Reset", {"kind": "soft"}, ["Reset", {"type": "OnIdle"}], status("Scheduled"), "accepted"),
    (
        "Reset",
        {"kind": "soft", "evse": 1},
        ["Reset", {"type": "OnIdle", "evseId": 1}],
        status("Rejected", **NO),
        "rejected",
    ),
    ("Reset", {"kind": "hard"}, ["Reset", {"type": "Immediate"}], status("Accepted"), "accepted"),
    (
        "UnlockConnector",
        EVSE,
        ["UnlockConnector", {"evseId": 1, "connectorId": 2}],
        status("Unlocked"),
        "accepted",
    ),
    ("UnlockConnector", EVSE, None, status("UnlockFailed"), "rejected"),
    ("UnlockConnector", EVSE, None, status("OngoingAuthorizedTransaction"), "rejected"),
    ("UnlockConnector", EVSE, None, status("UnknownConnector"), "rejected"),
    (
        "TriggerMessage",
        {"message": "StatusNotification", **EVSE},
        ["TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 2}}],
        status("Accepted"),
        "accepted",
    ),
    (
        "TriggerMessage",
        {"message": "TransactionEvent", "evse": 1},
        None,
        status("NotImplemented"),
        "rejected",
    ),
    (
        "ChangeAvailability",
        {"to": "inoperative", "evse": 1},
        ["ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}}],
        status("Scheduled"),
        "accepted",
    ),
    ("ChangeAvailability", {"to": "operative"}, None, status("Rejected"), "rejected"),
    ("GetDiagnostics", {"location": WHERE}, None, status("AcceptedCanceled", filename="a"), "accepted"),
    ("GetLog", {"location": WHERE, "log": "security"}, None, status("Rejected"), "rejected"),
    (
        "GetVariables",
        {"keys": ["OCPPCommCtrlr.HeartbeatInterval"]},
        ["GetVariables", {"getVariableData": [HEARTBEAT]}],
        told("Accepted"),
        "accepted",
    ),
    ("GetVariables", {"keys": ["Nothing.Such"]}, None, told("UnknownComponent"), "rejected"),
    (
        "SetVariables",
        {"key": "OCPPCommCtrlr.HeartbeatInterval", "value": "60"},
        ["SetVariables", {"setVariableData": [{"attributeValue": "60", **HEARTBEAT}]}],
        {"setVariableResult": [{"attributeStatus": "RebootRequired", **HEARTBEAT}]},
        "accepted",
    ),
    (
        "SetVariables",
        {"key": "Nothing.Such", "value": "1"},
        None,
        {"setVariableResult": [{"attributeStatus": "UnknownComponent", **HEARTBEAT}]},
        "rejected",
    ),
    ("ClearCache", {}, ["ClearCache", {}], status("Rejected"), "rejected"),
    ("RequestStartTransaction", {"id_tag": "04A2B3C4", "evse": 1}, None, status("Accepted"), "accepted"),
    ("RequestStartTransaction", {"id_tag": "04A2B3C4"}, None, status("Rejected"), "rejected"),
    (
        "RequestStopTransaction",
        {"transaction": "T-1"},
        ["RequestStopTransaction", {"transactionId": "T-1"}],
        status("Rejected"),
        "rejected",
    ),
    (
        "SendLocalList",
        {"list_version": 3, "update": "full", "entries": [{"id_tag": "04A2B3C4"}]},
        [
            "SendLocalList",
            {
                "versionNumber": 3,
                "updateType": "Full",
                "localAuthorizationList": [{"idToken": TOKEN, "idTokenInfo": {"status": "Accepted"}}],
            },
        ],
        status("VersionMismatch"),
        "rejected",
    ),
    ("SendLocalList", {"list_version": 4, "update": "full"}, None, status("Accepted"), "accepted"),
    ("GetLocalListVersion", {}, ["GetLocalListVersion", {}], {"versionNumber": 4}, "accepted"),
    ("GetBaseReport", {}, None, status("Accepted"), "accepted"),
    ("GetBaseReport", {"report": "SummaryInventory"}, None, status("EmptyResultSet"), "rejected"),
    ("GetBaseReport", {}, None, "NotSupported", "error"),
]


def test_every_command_reaches_a_2_x_station_in_its_words_and_its_answer_is_understood(
    tmp_path: Path,
) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1"), "ocpp2.0.1") as one:
            for n, (action, options, leaves, answer, outcome) in enumerate(TABLE):
                asking = door.send(remote(action, confirmed=True, **options), HELPDESK, f"c{n:02}")
                said, call = await both(asking, one, answer)
                assert said.outcome == outcome, (action, options, said)
                assert leaves is None or call[2:] == leaves
            await appears(door.owner, "SELECT 1 FROM command WHERE command_id = 'c26' AND outcome = 'error'")
        sent = door.owner.store.sql("SELECT outcome FROM command ORDER BY command_id")["outcome"].to_list()
        assert sent == [outcome for *_, outcome in TABLE]

    run(tmp_path, scenario)


def test_a_reset_of_2_x_waits_for_the_session_and_needs_no_confirmation_a_hard_one_does(
    tmp_path: Path,
) -> None:
    begun = {
        "eventType": "Started",
        "timestamp": "2026-11-22T10:00:00Z",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T-1", "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
    }

    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1"), "ocpp2.1") as one:
            await one.ask("TransactionEvent", begun)
            await appears(door.owner, "SELECT 1 FROM session")
            soft = await both(door.send(remote("Reset"), HELPDESK, "a"), one, status("Scheduled"))
            assert soft[0].outcome == "accepted"
            for n, (action, options) in enumerate(
                [
                    ("Reset", {"kind": "hard"}),
                    ("UnlockConnector", {"evse": 1}),
                    ("ChangeAvailability", {"to": "inoperative"}),
                ]
            ):
                said = await door.send(remote(action, **options), HELPDESK, f"b{n}")
                assert said.outcome == "needs_confirmation"
            free = await both(
                door.send(remote("UnlockConnector", evse=2), HELPDESK, "c"), one, status("Unlocked")
            )
            assert free[0].outcome == "accepted"

    run(tmp_path, scenario)
