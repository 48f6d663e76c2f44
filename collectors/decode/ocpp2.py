"""OCPP 2.0.1 and 2.1 requests of a station, and our answers to them, as observations.

Decides only what a frame says, in the words all versions share; lenient where the schema is strict.
Never judges. In 2.x a status never carries a cause: that comes in NotifyEvent, and is joined by EVSE later.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.decode import findings
from collectors.decode.configuration import variables_reported
from collectors.decode.memory import Memory
from collectors.decode.meter import read_meters
from collectors.decode.ocpp2_transaction import object_of, token_of, transaction_event
from collectors.decode.ocpp16 import (
    boot_answered,
    check_boot_fields,
    firmware,
    heartbeat,
    nothing_more,
    security_event,
)
from collectors.decode.reading import Asked, Reading
from collectors.decode.statuses import STATUS_2, read_status
from collectors.decode.values import read_int, read_text
from rules.core.model import (
    Authorised,
    Booted,
    EventReported,
    StatusReported,
)

MAX_EVENTS: Final = 200
"""Event data entries read from one NotifyEvent; the schema sets no limit, a frame's size does."""

AVAILABILITY: Final = ("Connector", "AvailabilityState")
"""An event of this variable is a status (OCPP 2.0.1 part 2, G01: it may come either way)."""

_BOOT_LIMITS: Final = {"model": 20, "vendorName": 50}
"""Characters of the members that ChargingStationType demands."""


def boot(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    station = object_of(payload.get("chargingStation"))
    modem = object_of(station.get("modem"))
    memory.booted()
    make = read_text(station.get("vendorName"), 100)
    if make is None:
        reading.find(findings.VENDOR_EMPTY)
    check_boot_fields(reading, station, _BOOT_LIMITS)
    reading.observations.append(
        Booted(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            make=make,
            model=read_text(station.get("model"), 100),
            serial=read_text(station.get("serialNumber"), 100),
            firmware=read_text(station.get("firmwareVersion"), 100),
            iccid=read_text(modem.get("iccid"), 40),
            imsi=read_text(modem.get("imsi"), 40),
            reason=read_text(payload.get("reason"), 50),
        )
    )
    return Asked("BootNotification", reading.message_id)


def status(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    if payload.get("connectorId") is None or payload.get("evseId") is None:
        reading.find(findings.CONNECTOR_MISSING)
    place = reading.place(payload.get("evseId")), reading.place(payload.get("connectorId"))
    _status_at(reading, place, payload.get("connectorStatus"), payload)


def _status_at(
    reading: Reading, place: tuple[int | None, int | None], word: Any, stamped: dict[str, Any]
) -> None:
    """`stamped`: the member that has the time stamp."""
    state, raw = read_status(reading, word, STATUS_2)
    evse, connector = place
    if evse is None and connector is None:
        return
    if evse == 0:
        reading.find(findings.EVSE_ZERO)
    reading.observations.append(
        StatusReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=reading.instant(stamped, required=True),
            # One of the two left out: a station with one EVSE, or an EVSE with one connector.
            evse=1 if evse is None else evse,
            connector=min(evse or 0, 1) if connector is None else connector,
            status=state,
            raw_status=raw,
        )
    )


def authorize(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    token = token_of(payload)
    if token is None:
        reading.find(findings.TOKEN_MISSING)
    return Asked("Authorize", reading.message_id, token)


def meter(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    evse = reading.place(payload.get("evseId"))
    if evse is None:
        reading.find(findings.CONNECTOR_MISSING)
    reading.observations.extend(read_meters(reading, payload.get("meterValue"), modern=True, evse=evse))


def events(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    data = payload.get("eventData")
    if isinstance(data, dict):
        data = [data]
    if not isinstance(data, list) or not data:
        reading.find(findings.EVENT_DATA_UNREADABLE)
        return
    for item in data[:MAX_EVENTS]:
        if not isinstance(item, dict):
            reading.find(findings.EVENT_DATA_UNREADABLE)
            continue
        component = object_of(item.get("component"))
        variable = object_of(item.get("variable"))
        evse, connector = reading.evse(component)
        if (component.get("name"), variable.get("name")) == AVAILABILITY:
            _status_at(reading, (evse, connector), item.get("actualValue"), item)
            continue
        severity = _severity(item.get("severity"))
        if severity is None:  # 2.0.1 tells it with the monitor only
            severity = memory.monitors.get(read_int(item.get("variableMonitoringId")) or 0)
        reading.observations.append(
            EventReported(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                station_at=reading.instant(item, required=True),
                evse=evse,
                connector=connector,
                component=_named(component),
                variable=_named(variable),
                value=_value(item.get("actualValue")),
                trigger=read_text(item.get("trigger"), 50),
                tech_code=read_text(item.get("techCode"), 50),
                tech_info=read_text(item.get("techInfo"), 500),
                cleared=item.get("cleared") in (True, "true", "True", 1),
                severity=severity,
            )
        )


def monitors(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    """NotifyMonitoringReport: which variables are watched, and how grave it is when a monitor speaks."""
    for entry in _objects(payload.get("monitor")):
        for monitor in _objects(entry.get("variableMonitoring")):
            _watch(monitor, memory)


def monitors_set(action: str, payload: dict[str, Any], memory: Memory) -> None:
    """The answer to SetVariableMonitoring; of other commands nothing."""
    results = payload.get("setMonitoringResult") if action == "SetVariableMonitoring" else None
    for result in _objects(results):
        if result.get("status") == "Accepted":
            _watch(result, memory)


def _watch(monitor: dict[str, Any], memory: Memory) -> None:
    number, severity = read_int(monitor.get("id")), _severity(monitor.get("severity"))
    if number and severity is not None:
        memory.watch(number, severity)


def _severity(value: Any) -> int | None:
    """0 (danger) to 9 (debug), as OCPP 2.x counts."""
    severity = read_int(value)
    return severity if severity is not None and 0 <= severity <= 9 else None


def _objects(value: Any) -> list[dict[str, Any]]:
    entries = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [entry for entry in entries[:MAX_EVENTS] if isinstance(entry, dict)]


def der_alarm(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    """2.1: the station, as a generator, tells that the grid left its limits."""
    reading.observations.append(
        EventReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=reading.instant(payload),
            component="DERAlarm",
            variable=read_text(payload.get("controlType"), 50),
            value=read_text(payload.get("gridEventFault"), 50),
            tech_info=read_text(payload.get("extraInfo"), 200),
            cleared=payload.get("alarmEnded") is True,
        )
    )


def report(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    variables_reported(reading, payload)


def _named(value: dict[str, Any]) -> str | None:
    name, instance = read_text(value.get("name"), 50), read_text(value.get("instance"), 50)
    return f"{name}/{instance}" if name and instance else name


def _value(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else read_text(value, 2500)


REQUESTS: Final = {
    "Heartbeat": heartbeat,
    "StatusNotification": status,
    "MeterValues": meter,
    "TransactionEvent": transaction_event,
    "Authorize": authorize,
    "BootNotification": boot,
    "NotifyEvent": events,
    "SecurityEventNotification": security_event,
    "FirmwareStatusNotification": firmware,
    "NotifyDERAlarm": der_alarm,
    "NotifyReport": report,
    "NotifyMonitoringReport": monitors,
    **dict.fromkeys(
        (
            "BatterySwap",
            "ClearedChargingLimit",
            "ClosePeriodicEventStream",
            "DataTransfer",
            "Get15118EVCertificate",
            "GetCertificateChainStatus",
            "GetCertificateStatus",
            "LogStatusNotification",
            "NotifyChargingLimit",
            "NotifyCustomerInformation",
            "NotifyDERStartStop",
            "NotifyDisplayMessages",
            "NotifyEVChargingNeeds",
            "NotifyEVChargingSchedule",
            "NotifyPeriodicEventStream",
            "NotifyPriorityCharging",
            "NotifySettlement",
            "NotifyWebPaymentStarted",
            "OpenPeriodicEventStream",
            "PublishFirmwareStatusNotification",
            "PullDynamicScheduleUpdate",
            "ReportChargingProfiles",
            "ReportDERControl",
            "ReservationStatusUpdate",
            "SignCertificate",
            "VatNumberValidation",
        ),
        nothing_more,
    ),
}


# --- what the back end answered


def authorised(reading: Reading, payload: dict[str, Any], asked: Asked, memory: Memory) -> None:
    outcome = read_text(object_of(payload.get("idTokenInfo")).get("status"), 50)
    if outcome is not None:
        reading.observations.append(
            Authorised(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                outcome=outcome,
                token=asked.token,
                evse=asked.evse,
                connector=asked.connector,
            )
        )


ANSWERS: Final = {
    "BootNotification": boot_answered,
    "Authorize": authorised,
    "TransactionEvent": authorised,
}
