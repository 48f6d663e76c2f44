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
    MeterRead,
    SessionEnded,
    SessionStarted,
    SessionUpdated,
    StatusReported,
)

MAX_EVENTS: Final = 200
"""Event data entries read from one NotifyEvent; the schema sets no limit, a frame's size does."""


_BOOT_LIMITS: Final = {"model": 20, "vendorName": 50}
"""Characters of the members that ChargingStationType demands."""


def boot(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    station = _object(payload.get("chargingStation"))
    modem = _object(station.get("modem"))
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
    state, word = read_status(reading, payload.get("connectorStatus"), STATUS_2)
    if payload.get("connectorId") is None or payload.get("evseId") is None:
        reading.find(findings.CONNECTOR_MISSING)
    evse, connector = reading.place(payload.get("evseId")), reading.place(payload.get("connectorId"))
    if evse is None and connector is None:
        return
    if evse == 0:
        reading.find(findings.EVSE_ZERO)
    reading.observations.append(
        StatusReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=reading.instant(payload, required=True),
            # One of the two left out: a station with one EVSE, or an EVSE with one connector.
            evse=1 if evse is None else evse,
            connector=min(evse or 0, 1) if connector is None else connector,
            status=state,
            raw_status=word,
        )
    )


def authorize(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    token = _token(payload)
    if token is None:
        reading.find(findings.TOKEN_MISSING)
    return Asked("Authorize", reading.message_id, token)


def transaction_event(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    info = _object(payload.get("transactionInfo"))
    ref = read_text(info.get("transactionId"), 64)
    token = _token(payload)
    evse, connector = reading.evse(payload)
    kind = payload.get("eventType")
    if ref is None:
        reading.find(findings.TRANSACTION_ID_LOST)
        return Asked("TransactionEvent", reading.message_id, token, evse, connector)
    session = memory.session(ref)
    if evse is None:
        evse, connector = session.evse, session.connector
    elif connector is None and evse == session.evse:
        connector = session.connector
    session.evse, session.connector = evse, connector
    asked = Asked("TransactionEvent", reading.message_id, token, evse, connector)

    event = (
        kind if isinstance(kind, str) else None,
        read_int(payload.get("seqNo")),
        payload.get("timestamp"),
    )
    if (event[1] is not None and event == session.last_event) or (kind == "Started" and session.started):
        reading.find(findings.MESSAGE_REPEATED, "TransactionEvent")
        return asked
    session.last_event = event
    station_at = reading.instant(payload, required=True)
    meters: list[MeterRead] = []
    if payload.get("meterValue") is not None:
        meters = read_meters(
            reading, payload["meterValue"], modern=True, evse=evse, connector=connector, ref=ref
        )
    registers = [meter.energy_wh for meter in meters if meter.energy_wh is not None]
    if kind == "Started":
        session.started = True
        reading.observations.append(
            SessionStarted(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                station_at=station_at,
                evse=evse,
                connector=connector,
                message_id=reading.message_id,
                ref=ref,
                token=token,
                meter_wh=registers[0] if registers else None,
            )
        )
        reading.observations.extend(meters)
        return asked
    reading.observations.extend(meters)
    if kind == "Ended":
        reading.observations.append(
            SessionEnded(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                station_at=station_at,
                ref=ref,
                evse=evse,
                connector=connector,
                meter_wh=registers[-1] if registers else None,
                # Left out means Local (OCPP 2.0.1, TransactionType).
                reason=read_text(info.get("stoppedReason"), 100) or "Local",
                token=token,
            )
        )
        return asked
    if kind != "Updated":
        reading.find(findings.EVENT_TYPE_UNKNOWN, kind)
    reading.observations.append(
        SessionUpdated(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=station_at,
            ref=ref,
            evse=evse,
            connector=connector,
            trigger=read_text(payload.get("triggerReason"), 50),
            charging_state=read_text(info.get("chargingState"), 50),
            token=token,
        )
    )
    return asked


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
        component = _object(item.get("component"))
        variable = _object(item.get("variable"))
        evse, connector = reading.evse(component)
        severity = read_int(item.get("severity"))
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
                severity=severity if severity is not None and 0 <= severity <= 9 else None,
            )
        )


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


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(value: dict[str, Any]) -> str | None:
    name, instance = read_text(value.get("name"), 50), read_text(value.get("instance"), 50)
    return f"{name}/{instance}" if name and instance else name


def _value(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else read_text(value, 2500)


def _token(payload: dict[str, Any]) -> str | None:
    token = payload.get("idToken")
    if isinstance(token, dict):
        token = token.get("idToken")
    return read_text(token, 255)


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
            "NotifyMonitoringReport",
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
    outcome = read_text(_object(payload.get("idTokenInfo")).get("status"), 50)
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
