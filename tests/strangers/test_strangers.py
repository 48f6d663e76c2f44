"""Charge points that nobody here wrote, against a real owner process: what they say is understood."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.owner.process import Owner
from tests.collectors.owners import appears, owner_of, settings_for
from tests.strangers.packages import HERE
from tests.strangers.points import Point, node_point, python_point

LIBRARIES = [
    ("ocpp-rpc", "ocpp1.6"),
    ("ocpp-rpc", "ocpp2.0.1"),
    ("ocpp-rpc", "ocpp2.1"),
    ("ocpp-ts", "ocpp1.6"),
    ("ocpp", "ocpp1.6"),
    ("ocpp", "ocpp2.0.1"),
]
ANSWERS_16 = {
    "GetConfiguration": {
        "configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
            {"key": "AuthorizationKey", "readonly": False, "value": "0123456789abcdef"},
        ]
    }
}
ANSWERS_2 = {
    "GetVariables": {
        "getVariableResult": [
            {
                "attributeStatus": "Accepted",
                "attributeValue": "300",
                "component": {"name": "OCPPCommCtrlr"},
                "variable": {"name": "HeartbeatInterval"},
            }
        ]
    }
}
ASKED_2 = {
    "getVariableData": [{"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}]
}
SPOKEN = "SELECT count(*) FROM station_property WHERE property = 'protocol'"


@asynccontextmanager
async def stranger(
    library: str, owner: Owner, identity: str, protocol: str, modules: Path
) -> AsyncIterator[Point]:
    endpoint = f"ws://127.0.0.1:{owner.settings.ocpp.port}/ocpp"
    answers: dict[str, Any] = ANSWERS_16 if protocol == "ocpp1.6" else ANSWERS_2
    if library == "ocpp":
        yield python_point(endpoint, identity, protocol, answers)
        return
    kind = library.removeprefix("ocpp-")
    async with node_point(kind, endpoint, identity, protocol, answers, modules) as point:
        yield point


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def session_16(point: Point) -> None:
    boot = {"chargePointVendor": "Stranger", "chargePointModel": "S1", "firmwareVersion": "1.0"}
    sim = {"iccid": "8932990000000000017", "imsi": "206990000000017"}
    answer = await point.call("BootNotification", {**boot, **sim})
    assert answer["status"] == "Accepted"
    # As one of them does at boot: a fault that is none.
    at_boot = {"connectorId": 1, "errorCode": "NoError", "status": "Faulted", "timestamp": now()}
    assert await point.call("StatusNotification", at_boot) == {}
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": now()}
    assert await point.call("StatusNotification", status) == {}
    assert (await point.call("Authorize", {"idTag": "04A1B2C3"}))["idTagInfo"]["status"] == "Accepted"
    start = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 1000, "timestamp": now()}
    transaction = (await point.call("StartTransaction", start))["transactionId"]
    sample = {"value": "1500", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    meter = {"timestamp": now(), "sampledValue": [sample]}
    values = {"connectorId": 1, "transactionId": transaction, "meterValue": [meter]}
    assert await point.call("MeterValues", values) == {}
    stop = {"transactionId": transaction, "meterStop": 2000, "timestamp": now(), "reason": "Local"}
    await point.call("StopTransaction", stop)
    fault = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted", "timestamp": now()}
    assert await point.call("StatusNotification", fault) == {}


async def session_2(point: Point) -> None:
    modem = {"iccid": "8932990000000000017", "imsi": "206990000000017"}
    station = {"vendorName": "Stranger", "model": "S2", "firmwareVersion": "1.0", "modem": modem}
    answer = await point.call("BootNotification", {"reason": "PowerUp", "chargingStation": station})
    assert answer["status"] == "Accepted"

    async def status(word: str) -> None:
        where = {"evseId": 1, "connectorId": 1, "connectorStatus": word, "timestamp": now()}
        assert await point.call("StatusNotification", where) == {}

    await status("Available")
    token = {"idToken": "04A1B2C3", "type": "ISO14443"}
    assert (await point.call("Authorize", {"idToken": token}))["idTokenInfo"]["status"] == "Accepted"

    async def event(kind: str, number: int, register: float, **more: Any) -> None:
        sample = {
            "value": register,
            "measurand": "Energy.Active.Import.Register",
            "context": "Sample.Periodic",
        }
        payload = {
            "eventType": kind,
            "timestamp": now(),
            "triggerReason": "Authorized",
            "seqNo": number,
            "transactionInfo": {"transactionId": "T-1", **more},
            "evse": {"id": 1, "connectorId": 1},
            "idToken": token,
            "meterValue": [{"timestamp": now(), "sampledValue": [sample]}],
        }
        await point.call("TransactionEvent", payload)

    await event("Started", 0, 1000)
    await event("Updated", 1, 1500, chargingState="Charging")
    await event("Ended", 2, 2000, stoppedReason="Local")
    await status("Faulted")
    fault = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Alerting",
        "actualValue": "true",
        "techCode": "RCD",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "RCD", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "Tripped"},
    }
    events = {"generatedAt": now(), "seqNo": 0, "eventData": [fault]}
    assert await point.call("NotifyEvent", events) == {}
    security = {"type": "SettingSystemTime", "timestamp": now()}
    assert await point.call("SecurityEventNotification", security) == {}


async def left_with(owner: Owner, point: Point, station: str, code: int) -> None:
    """Leave with `code`, and wait until the owner noticed."""
    await point.close(code)
    async with asyncio.timeout(10):
        while station in owner.listener.connected:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("library", "protocol"), LIBRARIES)
def test_a_stranger_boots_charges_faults_and_comes_back_without_a_boot(
    library: str, protocol: str, tmp_path: Path, modules: Path
) -> None:
    name = f"BE {library}/{protocol} #1"

    async def scenario() -> None:
        async with (
            owner_of(settings_for(tmp_path)) as owner,
            stranger(library, owner, name, protocol, modules) as point,
        ):
            assert await point.connect() == protocol
            old = protocol == "ocpp1.6"
            await (session_16 if old else session_2)(point)
            command = ("GetConfiguration", {}) if old else ("GetVariables", ASKED_2)
            answer = await owner.listener.connected[name].call(*command, 20)
            assert answer.error_code is None
            refused = await owner.listener.connected[name].call("ClearCache", {}, 20)
            assert refused.error_code in {"NotImplemented", "NotSupported"}
            for code in (1000, 1005, 1006):
                await left_with(owner, point, name, code)
                assert await point.connect() == protocol
                assert "currentTime" in await point.call("Heartbeat", {})
            await left_with(owner, point, name, 1000)
            await understood(owner, name, protocol)

    asyncio.run(scenario())


async def understood(owner: Owner, name: str, protocol: str) -> None:
    [(side, fault)] = await appears(
        owner, f"SELECT side, fault FROM incident WHERE station = '{name}' AND fault = 'electrical.ground'"
    )
    assert (side, fault) == ("hardware", "electrical.ground")
    sql = owner.store.sql
    [session] = await appears(owner, "SELECT energy_wh, outcome FROM session WHERE ended_at IS NOT NULL")
    assert session[0] == 1000
    codes = sql("SELECT code FROM link WHERE event = 'disconnected' ORDER BY record_id")["code"].to_list()
    assert codes == [1000, 1005, 1006, 1000]
    boots = sql("SELECT count(*) FROM frame WHERE action = 'BootNotification' AND type = 2").item(0, 0)
    assert boots == 1
    odd = sql("SELECT raw, findings FROM frame WHERE direction = 'in' AND len(findings) > 0")
    assert odd.rows() == []
    raw = "\n".join(sql("SELECT raw FROM frame")["raw"])
    for private in ("04A1B2C3", "0123456789abcdef", "206990000000017", "8932990000000000017"):
        assert private not in raw
    await appears(owner, "SELECT 1 FROM station_property WHERE property LIKE '%HeartbeatInterval'")
    told = owner.store.query("station_properties", station=name)
    now_so = {row["property"]: row["value"] for row in told.iter_rows(named=True) if row["until"] is None}
    interval = "HeartbeatInterval" if protocol == "ocpp1.6" else "OCPPCommCtrlr.HeartbeatInterval"
    assert now_so == {
        "protocol": protocol.removeprefix("ocpp"),
        "make": "Stranger",
        "model": "S1" if protocol == "ocpp1.6" else "S2",
        "firmware": "1.0",
        "imsi": "20699xxxxxxxxxx",
        "iccid": "8932990xxxxxxxxxxxx",
        "heartbeat_s": "300",
        "connectors": "1",
        interval: "300",
    }


@pytest.mark.parametrize("library", ["ocpp-rpc", "ocpp"])
def test_a_security_event_in_1_6_is_answered_as_its_own_schema_wants(
    library: str, tmp_path: Path, modules: Path
) -> None:
    async def scenario() -> None:
        async with (
            owner_of(settings_for(tmp_path)) as owner,
            stranger(library, owner, "BE-1", "ocpp1.6", modules) as point,
        ):
            await point.connect()
            event = {"type": "TamperDetectionActivated", "timestamp": now(), "techInfo": "lid"}
            assert await point.call("SecurityEventNotification", event) == {}
            [(variable,)] = await appears(
                owner, "SELECT body->>'$.variable' FROM observation WHERE kind = 'event'"
            )
            assert variable == "TamperDetectionActivated"

    asyncio.run(scenario())


def test_two_devices_with_one_identity_on_two_versions_are_both_understood(
    tmp_path: Path, modules: Path
) -> None:
    async def scenario() -> None:
        async with (
            owner_of(settings_for(tmp_path)) as owner,
            stranger("ocpp-rpc", owner, "BE-1", "ocpp2.0.1", modules) as new,
            stranger("ocpp-ts", owner, "BE-1", "ocpp1.6", modules) as old,
        ):
            assert await new.connect() == "ocpp2.0.1"
            await session_2(new)
            assert await old.connect() == "ocpp1.6"
            await session_16(old)
            assert owner.listener.connected["BE-1"].version == "1.6"
            assert await new.connect() == "ocpp2.0.1"
            assert "currentTime" in await new.call("Heartbeat", {})
            assert owner.listener.connected["BE-1"].version == "2.0.1"
            await appears(owner, "SELECT 1 FROM incident WHERE fault = 'electrical.ground'")
            await appears(owner, f"{SPOKEN} HAVING count(*) = 3")
            assert owner.store.sql("SELECT count(*) FROM frame WHERE len(findings) > 0").item(0, 0) == 0
            ends = owner.store.sql("SELECT body->>'$.replaced' FROM observation WHERE kind = 'disconnected'")
            assert ends.rows() == [("true",), ("true",)]
            versions = owner.store.query("station_properties", station="BE-1")
            spoken = [row["value"] for row in versions.iter_rows(named=True) if row["property"] == "protocol"]
            assert spoken == ["2.0.1", "1.6", "2.0.1"]

    asyncio.run(scenario())


def test_the_strangers_are_named_in_exact_versions_and_without_a_place_to_get_them() -> None:
    package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["dependencies"].values())
    text = (HERE / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in entry for name, entry in packages.items() if name)
    assert packages[""]["dependencies"] == package["dependencies"]
