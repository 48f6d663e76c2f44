"""Any sequence of what stations of OCPP 2.x send, in any order and however odd, is read and judged.

Nothing raises, no frame is lost, a transaction is one session with one end, and reading it again adds none.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.decode import findings
from collectors.decode.decoder import decoder_for
from collectors.decode.frame import parse
from rules.core.model import Effect, FindingSeen, Observation, SessionRow
from tests.rules_core import helpers

REFS = ("1", "2", "x" * 36, "0", "-1", "", None, 7, {"id": 1})
EVSES: tuple[Any, ...] = (
    *({"id": 1, "connectorId": 1}, {"id": 1}, {"id": 2, "connectorId": 2}, {"id": 7, "connectorId": 1}),
    *({"id": 0}, {"id": -1}, {"id": "1"}, {"connectorId": 1}, {}, None, [], 1),
)
NUMBERS = (0, 0, 1, 2, 3, 4, 9, 2**31, -1, "2", 1.5, None, True)
KINDS = ("Started", "Updated", "Ended", "Started", "Updated", "Ended", "Paused", None, 3)
STATES = ("Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle", "Dancing", None, 4)
WORDS = ("Available", "Occupied", "Faulted", "Unavailable", "Reserved", "occupied", "Broken", None, 1)
COMPONENTS = (
    "RCD",
    "EVSE",
    "Connector",
    "ChargingStation",
    "PowerContactor",
    "LocalAuthListCtrlr",
    "Ü",
    None,
)
VARIABLES = ("Problem", "Tripped", "AvailabilityState", "Active", "Temperature", "", None)
MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "SoC",
    "Temperature",
    "Voltage",
    "X",
    None,
)
PHASES = (None, None, "L1", "L2", "L1-N", "L1-L2", "N", "L9", 3)
PLACES = (None, "Outlet", "Inlet", "EV", "Cable", "Body", "Upstream", "Moon")
STAMPS = ("", "1970-01-01T00:00:00Z", "2036-01-01T00:00:00Z", "gisteren", None, 17, "2026-11-02T10:00:00")


def _meters(dice: Random, stamp: Any) -> Any:
    samples = [
        {
            "value": dice.choice((0, 1, 1500.5, 1e9, -3, "12", None, "NaN")),
            "measurand": dice.choice(MEASURANDS),
            "phase": dice.choice(PHASES),
            "location": dice.choice(PLACES),
            "unitOfMeasure": dice.choice((None, {"unit": "kWh", "multiplier": 3}, {"multiplier": 400}, "Wh")),
        }
        for _ in range(dice.randint(0, 3))
    ]
    return dice.choice((None, [], {}, [{"timestamp": stamp, "sampledValue": samples}], [{"sampledValue": 1}]))


def _transaction(dice: Random, stamp: Any) -> dict[str, Any]:
    return {
        "eventType": dice.choice(KINDS),
        "timestamp": stamp,
        "triggerReason": dice.choice(("Authorized", "AbnormalCondition", "EVCommunicationLost", "New", None)),
        "seqNo": dice.choice(NUMBERS),
        "offline": dice.choice((None, True, False, "yes")),
        "transactionInfo": dice.choice(
            (
                None,
                {
                    "transactionId": dice.choice(REFS),
                    "chargingState": dice.choice(STATES),
                    "stoppedReason": dice.choice(("Local", "GroundFault", "EVDisconnected", "Odd", None, 5)),
                },
            )
        ),
        "evse": dice.choice(EVSES),
        "idToken": dice.choice((None, {"idToken": "A", "type": "ISO14443"}, "B", {"idToken": ["C"]})),
        "meterValue": _meters(dice, stamp),
        "customData": {"vendorId": "x", "anything": [None, {"deep": 1}]},
    }


def _event(dice: Random, stamp: Any) -> dict[str, Any]:
    component = {"name": dice.choice(COMPONENTS), "evse": dice.choice(EVSES)}
    variable = {"name": dice.choice(VARIABLES), "instance": "i"}
    entry = {
        "eventId": 1,
        "timestamp": stamp,
        "trigger": dice.choice(("Alerting", "Periodic", "Loud", None)),
        "actualValue": dice.choice(("true", "false", "Faulted", "Available", "", None, 1, True)),
        "techCode": dice.choice((None, "CX014", "CX002", "?", 12)),
        "severity": dice.choice((None, 0, 1, 3, 9, 12, "1")),
        "cleared": dice.choice((None, True, False, "true")),
        "component": dice.choice((None, "RCD", component)),
        "variable": dice.choice((None, variable, {"name": "Problem"})),
    }
    return {
        "generatedAt": stamp,
        "seqNo": 0,
        "eventData": dice.choice((None, [], entry, [entry], [entry, 3])),
    }


def _payload(dice: Random, at: Any) -> tuple[str, Any]:
    stamp = at.isoformat() if dice.random() < 0.7 else dice.choice(STAMPS)
    action = dice.choice(
        (
            *("TransactionEvent",) * 8,
            *("StatusNotification", "StatusNotification", "NotifyEvent", "NotifyEvent", "MeterValues"),
            *(
                "BootNotification",
                "NotifyDERAlarm",
                "SecurityEventNotification",
                "NotifyReport",
                "BatterySwap",
            ),
        )
    )
    if action == "TransactionEvent":
        return action, _transaction(dice, stamp)
    if action == "NotifyEvent":
        return action, _event(dice, stamp)
    if action == "StatusNotification":
        evse, connector = dice.choice((0, 1, 2, 7, -1, 300, None, "1")), dice.choice((0, 1, 2, None, "x"))
        told = {"connectorStatus": dice.choice(WORDS), "evseId": evse, "connectorId": connector}
        return action, {"timestamp": stamp, **told}
    if action == "BootNotification":
        about = dice.choice(({"vendorName": "V", "model": "M"}, {}, None, "V"))
        return action, {"reason": dice.choice(("PowerUp", "Triggered", None)), "chargingStation": about}
    if action == "MeterValues":
        return action, {"evseId": dice.choice((0, 1, None)), "meterValue": _meters(dice, stamp)}
    return action, {"type": "ResetOrReboot", "timestamp": stamp, "reportData": [{}], "controlType": 4}


def _without_nothing(value: Any, dice: Random) -> Any:
    """Members that are null mostly are not there at all."""
    if isinstance(value, dict):
        return {
            name: _without_nothing(member, dice)
            for name, member in value.items()
            if member is not None or dice.random() < 0.1
        }
    return [_without_nothing(member, dice) for member in value] if isinstance(value, list) else value


def _frames(seed: int, length: int) -> list[tuple[float, str]]:
    dice, frames, seconds = Random(seed), [], 0.0
    for n in range(length):
        seconds += dice.choice((0, 1, 30, 400, 4000))
        if frames and dice.random() < 0.15:  # from the queue, again
            frames.append((seconds, dice.choice(frames)[1]))
            continue
        action, payload = _payload(dice, helpers.at(seconds))
        frames.append((seconds, json.dumps([2, f"m{n}", action, _without_nothing(payload, dice)])))
    return frames


conversations = st.builds(_frames, st.integers(0, 2**32), st.integers(1, 60))


def _read(version: str, frames: list[tuple[float, str]]) -> list[Observation]:
    decoder = decoder_for(version)
    found: list[Observation] = []
    for n, (seconds, text) in enumerate(frames, start=1):
        decoded = decoder.decode("GNT-1", helpers.at(seconds), "in", parse(text.encode()), n)
        assert decoded.observations, "a frame proves at least that the station lives"
        found += decoded.observations
    return found


def _sessions(effects: list[Effect]) -> list[SessionRow]:
    return list({row.session_id: row for row in effects if isinstance(row, SessionRow)}.values())


@settings(max_examples=80, deadline=None)
@given(conversations, st.sampled_from(["2.0.1", "2.1"]))
def test_no_sequence_raises_and_every_session_ends_at_most_once(
    frames: list[tuple[float, str]], version: str
) -> None:
    observations = _read(version, frames)
    failed = [one for one in observations if isinstance(one, FindingSeen)]
    assert findings.DECODE_FAILED not in {one.finding for one in failed}
    judge = helpers.judge()
    effects = helpers.feed(judge, observations) + judge.advance(helpers.at(frames[-1][0] + 90_000))
    ended: dict[str, str] = {}
    for row in (one for one in effects if isinstance(one, SessionRow)):
        if row.ended_at is not None:
            assert row.ended_at >= row.started_at
            # A session that another took the place of may still hear its own end; any other end is the last.
            assert ended.get(row.session_id, "unfinished") in ("unfinished", row.outcome)
            ended[row.session_id] = row.outcome or ""
        else:
            assert row.session_id not in ended
    open_at = [row.evse for row in _sessions(effects) if row.ended_at is None and row.evse is not None]
    assert len(open_at) == len(set(open_at))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_a_transaction_that_is_sent_again_in_any_part_stays_one_session(seed: int, updates: int) -> None:
    dice = Random(seed)
    plain: list[tuple[float, str]] = []
    for n in range(updates + 2):
        kind = "Started" if n == 0 else "Ended" if n == updates + 1 else "Updated"
        payload = {
            "eventType": kind,
            "timestamp": helpers.at(n * 60).isoformat(),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": n,
            "transactionInfo": {"transactionId": "t", "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [
                {"timestamp": helpers.at(n * 60).isoformat(), "sampledValue": [{"value": 1000.0 + n * 100}]}
            ],
        }
        plain.append((n * 60.0, json.dumps([2, f"m{n}", "TransactionEvent", payload])))
    again, last = list(plain), plain[-1][0]
    for _ in range(dice.randint(1, 12)):
        last += 1
        again.append((last, dice.choice(plain)[1]))
    kept = {"ref", "evse", "connector", "started_at", "ended_at", "energy_wh", "reason", "outcome"}
    results = []
    for frames in (plain, again):
        rows = _sessions(helpers.feed(helpers.judge(), _read("2.0.1", frames)))
        results.append([{name: getattr(row, name) for name in kept} for row in rows])
    assert results[0] == results[1]
    assert len(results[0]) == 1


@settings(max_examples=40, deadline=None)
@given(conversations)
def test_reading_with_a_restart_of_ours_in_between_loses_and_doubles_no_open_session(
    frames: list[tuple[float, str]],
) -> None:
    """Memory of the reader is gone after a restart; that of judgement is not: it tells repeats by itself."""
    half = len(frames) // 2
    judge = helpers.judge()
    effects = helpers.feed(judge, _read("2.0.1", frames[:half]))
    judge = helpers.judge(state=judge.state())
    effects += helpers.feed(judge, _read("2.0.1", frames[half:]))
    open_at = [row.evse for row in _sessions(effects) if row.ended_at is None and row.evse is not None]
    assert len(open_at) == len(set(open_at))
