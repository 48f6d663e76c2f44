"""All that a station of OCPP 2.0.1 or 2.1 may tell, told by the `ocpp` package's charge point to a running
owner process: what is stored, judged, told and exported of it."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from collectors.owner.process import Owner
from collectors.settings.options import DeliverySettings, DestinationSettings, HoldSettings, Secret, Settings
from data.register import write_register
from rules.core.model import Asset
from tests.collectors.owners import appears, owner_of, settings_for
from tests.sinks import SmtpSink, smtp_sink
from tests.strangers.points import Point, python_point
from tests.strangers.test_strangers import left_with, now

NAME = "BE-2X"
TOKEN = {"idToken": "04A1B2C3", "type": "ISO14443"}
OF_21 = {"NotifyDERAlarm", "NotifyDERStartStop", "NotifyPriorityCharging"}


def settings_with(directory: Path, sink: SmtpSink) -> Settings:
    return replace(
        settings_for(directory),
        hold=HoldSettings(scale=0.0, boot_noise_s=0, clear_delay_s=0),
        delivery=DeliverySettings(group_wait_s=0),
        destinations=(
            DestinationSettings(name="fixit", party="installer:Fixit", url=Secret(sink.url), language="en"),
        ),
    )


def place(evse: int, connector: int = 1) -> dict[str, int]:
    return {"id": evse, "connectorId": connector}


async def status(point: Point, word: str, evse: int, connector: int = 1) -> None:
    told = {"evseId": evse, "connectorId": connector, "connectorStatus": word, "timestamp": now()}
    assert await point.call("StatusNotification", told) == {}


async def notify(point: Point, component: dict[str, Any], variable: str, value: str, **more: Any) -> None:
    entry = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Alerting",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": component,
        "variable": {"name": variable},
        **more,
    }
    assert await point.call("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [entry]}) == {}


async def transaction(  # noqa: PLR0917
    point: Point, kind: str, number: int, ref: str, evse: int, register: float, *, why: str, **more: Any
) -> dict[str, Any]:
    info = {
        name: more.pop(name) for name in ("chargingState", "stoppedReason", "remoteStartId") if name in more
    }
    samples = [
        {"value": register, "measurand": "Energy.Active.Import.Register", "location": "Outlet"},
        {"value": register + 7, "measurand": "Energy.Active.Import.Register", "location": "Inlet"},
        {"value": 3.6, "measurand": "Power.Active.Import", "phase": "L1", "unitOfMeasure": {"unit": "kW"}},
        {"value": 3.4, "measurand": "Power.Active.Import", "phase": "L2", "unitOfMeasure": {"unit": "kW"}},
    ]
    return await point.call(
        "TransactionEvent",
        {
            "eventType": kind,
            "timestamp": more.pop("timestamp", now()),
            "triggerReason": why,
            "seqNo": number,
            "transactionInfo": {"transactionId": ref, **info},
            "evse": place(evse),
            "meterValue": [{"timestamp": now(), "sampledValue": samples}],
            **more,
        },
    )


async def report_itself(point: Point, protocol: str) -> None:
    about = {"vendorName": "Stranger", "model": "S2", "serialNumber": "S-1", "firmwareVersion": "2.0"}
    answer = await point.call("BootNotification", {"reason": "PowerUp", "chargingStation": about})
    assert answer["status"] == "Accepted"
    for evse, connector in ((1, 1), (2, 1), (2, 2)):
        await status(point, "Available", evse, connector)
    # The connector's state may come as an event just as well.
    await notify(point, {"name": "Connector", "evse": place(4)}, "AvailabilityState", "Unavailable")
    entry = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "variableAttribute": [{"type": "MaxSet", "value": "22000", "mutability": "ReadOnly"}],
    }
    interval = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "HeartbeatInterval"},
        "variableAttribute": [{"value": "300", "mutability": "ReadWrite"}],
    }
    secret = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": "a password of sixteen", "mutability": "WriteOnly"}],
    }
    report = {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": [entry, interval, secret]}
    assert await point.call("NotifyReport", report) == {}
    monitor = {
        "component": {"name": "TemperatureSensor"},
        "variable": {"name": "Temperature"},
        "variableMonitoring": [
            {
                "id": 1,
                "transaction": False,
                "value": 70,
                "type": "UpperThreshold",
                "severity": 2,
                **({"eventNotificationType": "HardWiredMonitor"} if protocol == "ocpp2.1" else {}),
            }
        ],
    }
    monitors = {"requestId": 1, "generatedAt": now(), "seqNo": 0, "monitor": [monitor]}
    assert await point.call("NotifyMonitoringReport", monitors) == {}
    assert await point.call("LogStatusNotification", {"status": "Uploaded", "requestId": 1}) == {}
    assert await point.call("FirmwareStatusNotification", {"status": "Downloading", "requestId": 2}) == {}
    assert (await point.call("DataTransfer", {"vendorId": "Stranger", "data": "x"}))["status"] == "Accepted"
    assert (
        await point.call("SecurityEventNotification", {"type": "FirmwareUpdated", "timestamp": now()}) == {}
    )
    assert await point.call("Heartbeat", {}) != {}
    if protocol == "ocpp2.1":
        alarm = {"controlType": "VoltWatt", "gridEventFault": "OverVoltage", "timestamp": now()}
        assert await point.call("NotifyDERAlarm", alarm) == {}
        control = {"controlId": "c", "started": True, "timestamp": now()}
        assert await point.call("NotifyDERStartStop", control) == {}
        priority = {"transactionId": "T-1", "activated": True}
        assert await point.call("NotifyPriorityCharging", priority) == {}


async def charge_two_cars(point: Point) -> None:
    """At two EVSEs at once; one is offline for a while and loses an event."""
    for evse in (1, 2):
        await status(point, "Occupied", evse)
    answer = await transaction(
        point, "Started", 0, "T-1", 1, 1000, why="Authorized", idToken=TOKEN, reservationId=9
    )
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await transaction(point, "Started", 0, "T-2", 2, 5000, why="CablePluggedIn", chargingState="EVConnected")
    await transaction(point, "Updated", 1, "T-2", 2, 5000, why="Authorized", idToken=TOKEN)
    await transaction(
        point, "Updated", 1, "T-1", 1, 3000, why="ChargingStateChanged", chargingState="Charging"
    )
    early = (
        (datetime.now(UTC) - timedelta(minutes=4)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    await transaction(
        point, "Updated", 3, "T-2", 2, 6000, why="MeterValuePeriodic", offline=True, timestamp=early
    )
    await transaction(
        point, "Ended", 2, "T-1", 1, 9000, why="StopAuthorized", stoppedReason="Local", idToken=TOKEN
    )
    await status(point, "Available", 1)


async def fail(point: Point) -> None:
    """A fault under the second car, joined to a bare Faulted; over in the end."""
    lock = {"name": "PowerContactor", "evse": {"id": 2}}
    await notify(point, lock, "Problem", "true", techCode="K1", techInfo="welded")
    await transaction(
        point, "Ended", 4, "T-2", 2, 6500, why="AbnormalCondition", stoppedReason="PowerQuality"
    )
    await status(point, "Faulted", 2)


def walk(tmp_path: Path, protocol: str, sink: SmtpSink) -> None:
    settings = settings_with(tmp_path, sink)

    async def go() -> None:
        async with owner_of(settings) as owner:
            asset = Asset(station=NAME, site="Gent", installer="Fixit", customer="Shop")
            write_register(owner.store, [asset])
            owner.register = {NAME: asset}
            point = python_point(f"ws://127.0.0.1:{settings.ocpp.port}", NAME, protocol, {})
            assert await point.connect() == protocol
            await report_itself(point, protocol)
            await charge_two_cars(point)
            await fail(point)
            assert await asyncio.to_thread(sink.wait_for, 1)
            await left_with(owner, point, NAME, 1000)
            await understood(owner, protocol)

    asyncio.run(go())


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
def test_a_2_x_station_is_stored_judged_told_and_exported_like_one_of_1_6(
    protocol: str, tmp_path: Path
) -> None:
    with smtp_sink() as sink:
        walk(tmp_path, protocol, sink)
        mails = " ".join(f"{mail.message['Subject']} {mail.message.as_string()}" for mail in sink.mails)
    assert NAME in mails
    assert "contactor" in mails


async def understood(owner: Owner, protocol: str) -> None:
    sql = owner.store.sql
    sessions = await appears(
        owner,
        "SELECT ref, evse, connector, energy_wh, max_power_w, reason, outcome FROM session "
        "WHERE ended_at IS NOT NULL ORDER BY ref",
    )
    assert sessions == [
        ("T-1", 1, 1, 8000.0, 7000.0, "Local", "completed"),
        ("T-2", 2, 1, 1500.0, 7000.0, "PowerQuality", "faulted"),
    ]
    faults = sql("SELECT fault, evse, connector, side, owner FROM incident WHERE side = 'hardware'").rows()
    assert ("electrical.contactor", 2, None, "hardware", "installer") in faults
    assert [fault for fault, *_ in faults if fault == "station.faulted_no_code"] == []
    states = dict(
        sql("SELECT evse || '/' || connector, status FROM state_interval WHERE ended_at IS NULL").rows()
    )
    assert states == {"1/1": "available", "2/1": "faulted", "2/2": "available", "4/1": "unavailable"}
    told = dict(sql("SELECT property, value FROM station_property").rows())
    assert (told["protocol"], told["firmware"], told["make"]) == (
        protocol.removeprefix("ocpp"),
        "2.0",
        "Stranger",
    )
    assert told["OCPPCommCtrlr.HeartbeatInterval"] == "300"
    assert not [name for name in told if "Password" in name]
    odd = sql("SELECT action, findings FROM frame WHERE direction = 'in' AND len(findings) > 0").rows()
    assert odd == [("TransactionEvent", ["sequence_gap"])]
    kept = set(
        sql("SELECT DISTINCT action FROM frame WHERE direction = 'in' AND action IS NOT NULL")["action"]
    )
    wanted = {"NotifyMonitoringReport", "LogStatusNotification", "FirmwareStatusNotification", "DataTransfer"}
    assert wanted | (OF_21 if protocol == "ocpp2.1" else set()) <= kept
    raw = "\n".join(sql("SELECT raw FROM frame")["raw"])
    assert "04A1B2C3" not in raw
    assert "a password of sixteen" not in raw
    await exported(owner)


async def exported(owner: Owner) -> None:
    """What the pages and their exports read: sessions and uptime of the day, as CSV and as Parquet."""
    span = {"since": datetime.now(UTC) - timedelta(hours=1), "until": datetime.now(UTC)}
    sessions = owner.store.query("sessions", **span, station=NAME, limit=10, offset=0)
    csv = pl.read_csv(sessions.write_csv().encode())
    file = io.BytesIO()
    sessions.write_parquet(file)
    file.seek(0)
    for table in (csv, pl.read_parquet(file)):
        assert sorted(table["energy_wh"].to_list()) == [1500.0, 8000.0]
        assert sorted(table["outcome"].to_list()) == ["completed", "faulted"]
    uptime = owner.store.query("uptime", **span, station=NAME, levels=["connector"])
    rows = uptime.filter(pl.col("level") == "connector").to_dicts()
    down = {(row["evse"], row["connector"]) for row in rows if row["down_installer_s"] > 0}
    up = {(row["evse"], row["connector"]) for row in rows if row["up_s"] > 0}
    assert up >= {(1, 1), (2, 2)}
    assert (2, 1) in down
    assert not down & {(1, 1), (2, 2)}
