"""OCPP 1.6 requests of a station, and our answers to them, as observations.

Decides only what a frame says, in the words all versions share; lenient where the schema is strict.
Never judges. Connector N is EVSE N, connector N; 0 is the station as a whole.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.decode import findings
from collectors.decode.memory import Memory
from collectors.decode.meter import read_meters
from collectors.decode.reading import LOST_TRANSACTION_IDS, MAX_CONNECTOR, Asked, Reading
from collectors.decode.statuses import STATUS_16, read_status
from collectors.decode.values import read_int, read_text
from rules.core.model import (
    Authorised,
    BootAnswered,
    Booted,
    EventReported,
    FirmwareReported,
    Heartbeat,
    SessionAccepted,
    SessionEnded,
    SessionStarted,
    Status,
    StatusReported,
)

# https://github.com/mobilityhouse/ocpp/blob/master/ocpp/v16/enums.py
ERROR_CODES: Final = frozenset(
    {
        "NoError",
        "ConnectorLockFailure",
        "EVCommunicationError",
        "GroundFailure",
        "HighTemperature",
        "InternalError",
        "LocalListConflict",
        "OtherError",
        "OverCurrentFailure",
        "OverVoltage",
        "UnderVoltage",
        "PowerMeterFailure",
        "PowerSwitchFailure",
        "ReaderFailure",
        "ResetFailure",
        "WeakSignal",
    }
)
OCPP15_ERROR_CODE: Final = "Mode3Error"
"""The name of EVCommunicationError in OCPP 1.5; ebee-based units still send it."""

_OF_A_CONNECTOR: Final = frozenset(
    {
        Status.PREPARING,
        Status.CHARGING,
        Status.SUSPENDED_EV,
        Status.SUSPENDED_EVSE,
        Status.FINISHING,
        Status.RESERVED,
        Status.OCCUPIED,
    }
)


def heartbeat(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    reading.observations.append(
        Heartbeat(station=reading.station, at=reading.at, record_id=reading.record_id)
    )


_BOOT_LIMITS: Final = {"chargePointModel": 20, "chargePointVendor": 20}
"""Characters of the members that BootNotification.req demands."""


def check_boot_fields(reading: Reading, payload: dict[str, Any], limits: dict[str, int]) -> None:
    """Required text members of a boot: there, text, and no longer than `limits` says."""
    for name, most in limits.items():
        value = payload.get(name)
        if not isinstance(value, str) or len(value) > most:
            reading.find(findings.BOOT_FIELD_INVALID, name)


def boot(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    make = read_text(payload.get("chargePointVendor"), 100)
    if make is None:
        reading.find(findings.VENDOR_EMPTY)
    check_boot_fields(reading, payload, _BOOT_LIMITS)
    reading.observations.append(
        Booted(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            make=make,
            model=read_text(payload.get("chargePointModel"), 100),
            serial=read_text(payload.get("chargePointSerialNumber"), 100)
            or read_text(payload.get("chargeBoxSerialNumber"), 100),
            firmware=read_text(payload.get("firmwareVersion"), 100),
            iccid=read_text(payload.get("iccid"), 40),
            imsi=read_text(payload.get("imsi"), 40),
        )
    )
    return Asked("BootNotification", reading.message_id)


def status(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    state, word = read_status(reading, payload.get("status"), STATUS_16)
    connector = payload.get("connectorId")
    if connector is None:
        reading.find(findings.CONNECTOR_MISSING)
        # Most such stations have one connector; a status that only a connector can have is that one's.
        connector = 1 if state in _OF_A_CONNECTOR else 0
    else:
        connector = reading.place(connector)
        if connector is None:
            return
    reading.observations.append(
        StatusReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=reading.instant(payload),
            evse=connector,
            connector=connector,
            status=state,
            raw_status=word,
            error_code=_error_code(reading, payload.get("errorCode")),
            vendor_error=read_text(payload.get("vendorErrorCode")),
            vendor_id=read_text(payload.get("vendorId")),
            info=read_text(payload.get("info")),
        )
    )


def _error_code(reading: Reading, value: Any) -> str | None:
    if type(value) is str and value in ERROR_CODES:
        return value
    code = read_text(value, 100)
    if code is None:
        reading.find(findings.ERROR_CODE_MISSING)
    elif code == OCPP15_ERROR_CODE:
        reading.find(findings.ERROR_CODE_OCPP15)
    elif code not in ERROR_CODES:
        reading.find(findings.ERROR_CODE_UNKNOWN, code)
    return code


def authorize(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    connector = reading.place(payload.get("connectorId"))  # Mennekes adds it; the schema has none
    return Asked("Authorize", reading.message_id, reading.token(payload), connector, connector)


def start(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    connector = reading.place(payload.get("connectorId"))
    if payload.get("connectorId") is None:
        reading.find(findings.CONNECTOR_MISSING)
    token = reading.token(payload)
    station_at = reading.instant(payload, required=True)
    meter_wh = _register(reading, payload.get("meterStart"))
    stamp = payload.get("timestamp")
    first = None
    if isinstance(stamp, str):
        first = memory.first_start((connector, token, stamp[:40], meter_wh), reading.message_id)
    if first is not None:
        reading.find(findings.MESSAGE_REPEATED, "StartTransaction")
        return Asked("StartTransaction", first, token, connector, connector)
    reading.observations.append(
        SessionStarted(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=station_at,
            evse=connector,
            connector=connector,
            message_id=reading.message_id,
            token=token,
            meter_wh=meter_wh,
        )
    )
    return Asked("StartTransaction", reading.message_id, token, connector, connector, sent_at=station_at)


def stop(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    ref = _transaction(reading, payload.get("transactionId"), memory, findings.TRANSACTION_ID_LOST)
    token = reading.token(payload, required=False)
    station_at = reading.instant(payload, required=True)
    meter_wh = _register(reading, payload.get("meterStop"))
    stamp = payload.get("timestamp")
    if isinstance(stamp, str) and memory.first_start(("stop", ref, stamp[:40], meter_wh), reading.message_id):
        reading.find(findings.MESSAGE_REPEATED, "StopTransaction")
        return Asked("StopTransaction", reading.message_id, token)
    if data := payload.get("transactionData"):
        reading.observations.extend(read_meters(reading, data, modern=False, ref=ref))
    reading.observations.append(
        SessionEnded(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=station_at,
            ref=ref,
            meter_wh=meter_wh,
            # Left out means Local (OCPP 1.6, StopTransaction.req).
            reason=read_text(payload.get("reason"), 100) or "Local",
            token=token,
        )
    )
    return Asked("StopTransaction", reading.message_id, token)


def meter(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    connector = reading.place(payload.get("connectorId"))
    if payload.get("connectorId") is None:
        reading.find(findings.CONNECTOR_MISSING)
    ref = None
    if (transaction := payload.get("transactionId")) is not None:
        ref = _transaction(reading, transaction, memory, findings.TRANSACTION_ID_NONE)
    reading.observations.extend(
        read_meters(
            reading,
            payload.get("meterValue"),
            modern=False,
            evse=connector,
            connector=connector,
            ref=ref,
        )
    )


def firmware(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    word = read_text(payload.get("status"), 100)
    if word is None:
        reading.find(findings.STATUS_MISSING)
        return
    reading.observations.append(
        FirmwareReported(station=reading.station, at=reading.at, record_id=reading.record_id, status=word)
    )


def security_event(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    """The same in the 1.6 security extension and in 2.x."""
    reading.observations.append(
        EventReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            station_at=reading.instant(payload, required=True),
            component="security",
            variable=read_text(payload.get("type"), 100),
            tech_info=read_text(payload.get("techInfo"), 300),
        )
    )


EVBOX_STATUS: Final = ("EV-BOX", "evbStatusNotification")


def data_transfer(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    """EVBox tells more of an error here than in its status: `connector,status,code,words,...`. Without an
    error it says nothing that the status does not. Other makers' data is theirs."""
    if (payload.get("vendorId"), payload.get("messageId")) != EVBOX_STATUS:
        return
    data = payload.get("data")
    parts = data.split(",") if isinstance(data, str) else []
    if len(parts) < 4 or parts[2] not in ERROR_CODES or parts[2] == "NoError":
        return
    connector = read_int(parts[0])
    state, word = read_status(reading, parts[1], STATUS_16)
    if connector is None or not 0 <= connector <= MAX_CONNECTOR:
        return
    reading.observations.append(
        StatusReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            evse=connector,
            connector=connector,
            status=state,
            raw_status=word,
            error_code=parts[2],
            vendor_id=EVBOX_STATUS[0],
            info=read_text(parts[3]),
        )
    )


def nothing_more(reading: Reading, payload: dict[str, Any], memory: Memory) -> None:
    """A known message of which nothing beyond "seen" is drawn."""


def _register(reading: Reading, value: Any) -> float | None:
    return None if value is None else reading.number(value, text_expected=False)


def _transaction(reading: Reading, value: Any, memory: Memory, when_lost: str) -> str | None:
    number = read_int(value) if isinstance(value, int | float | str) and value != "" else None
    if number is None:
        reading.find(when_lost, value)
        return read_text(value, 64)
    if number in LOST_TRANSACTION_IDS and not memory.was_given(number):
        reading.find(when_lost, value)
        return None
    if abs(number) >= 2**31:
        reading.find(findings.TRANSACTION_ID_OUT_OF_RANGE, value)
        if abs(number) >= 2**64:
            return None
    return str(number)


REQUESTS: Final = {
    "Heartbeat": heartbeat,
    "StatusNotification": status,
    "MeterValues": meter,
    "Authorize": authorize,
    "StartTransaction": start,
    "StopTransaction": stop,
    "BootNotification": boot,
    "DataTransfer": data_transfer,
    "FirmwareStatusNotification": firmware,
    "SignedFirmwareStatusNotification": firmware,
    "DiagnosticsStatusNotification": nothing_more,
    "LogStatusNotification": nothing_more,
    "SecurityEventNotification": security_event,
    "SignCertificate": nothing_more,
}


# --- what the back end answered


def boot_answered(reading: Reading, payload: dict[str, Any], asked: Asked, memory: Memory) -> None:
    outcome = read_text(payload.get("status"), 50)
    if outcome is None:
        return
    interval = read_int(payload.get("interval"))
    reading.observations.append(
        BootAnswered(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            status=outcome,
            interval_s=interval if interval is not None and 0 < interval < 2**31 else None,
        )
    )


def authorised(reading: Reading, payload: dict[str, Any], asked: Asked, memory: Memory) -> None:
    outcome = _outcome(payload)
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


def started(reading: Reading, payload: dict[str, Any], asked: Asked, memory: Memory) -> None:
    outcome = _outcome(payload)
    number = read_int(payload.get("transactionId"))
    if number is not None and number in LOST_TRANSACTION_IDS and outcome == "Accepted":
        memory.give(number)
    reading.observations.append(
        SessionAccepted(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            message_id=asked.message_id,
            ref=None if number is None else str(number),
            outcome=outcome,
        )
    )
    authorised(reading, payload, asked, memory)


def _outcome(payload: dict[str, Any]) -> str | None:
    info = payload.get("idTagInfo")
    return read_text(info.get("status"), 50) if isinstance(info, dict) else None


ANSWERS: Final = {
    "BootNotification": boot_answered,
    "Authorize": authorised,
    "StartTransaction": started,
    "StopTransaction": authorised,
}
