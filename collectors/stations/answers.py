"""What the central system answers to each request a station may send.

Every request of OCPP 1.6 (with its security extension), 2.0.1 and 2.1 gets a schema-valid answer, also when
its payload is broken: a station whose message is refused sends it again and again, or drops the connection.
An action of no version is answered NotImplemented. Decides no policy: whether a card or a station is
accepted is the caller's to say, in `AnswerContext`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from collectors.decode import findings
from collectors.decode.decoder import is_modern
from collectors.decode.frame import CALL, CALLERROR, CALLRESULT, Frame
from collectors.decode.values import read_text

_encode = msgspec.json.Encoder().encode


class AnswerContext(msgspec.Struct, frozen=True, gc=False):
    """What answers depend on. `now` is aware UTC; `boot_status` Accepted, Pending or Rejected, for a boot.

    `authorise` gives the status for a token as OCPP spells it; `new_transaction` the next 1.6 id.
    """

    now: datetime
    heartbeat_s: int
    boot_status: str
    authorise: Callable[[str], str]
    new_transaction: Callable[[], int]


Answer = Callable[[dict[str, Any], AnswerContext], dict[str, Any]]

_NO_PAYLOAD: Final[dict[str, Any]] = {}


def answer(version: str | None, frame: Frame, context: AnswerContext) -> Frame | None:
    """The answer, `raw` its JSON text; None where nothing is to be answered (no CALL, or no message id).

    `version` is what the connection agreed on; a request in the words of another version is answered in
    those. Never raises on what a station sends.
    """
    if frame.type != CALL or frame.message_id is None:
        return None
    action = frame.action
    if action is None:
        code = "FormationViolation" if version in (None, "1.6") else "FormatViolation"
        return _error(frame, code, "The message names no action")
    table = ANSWERS_2 if is_modern(version, action, frame.payload) else ANSWERS_16
    handler = table.get(action)
    if handler is None:
        return _error(frame, "NotImplemented", "This action is not known")
    payload = handler(frame.payload, context)
    text = _encode((CALLRESULT, _message_id(frame), payload)).decode()
    return Frame(CALLRESULT, frame.message_id, None, payload, None, None, text)


def _message_id(frame: Frame) -> str | msgspec.Raw | None:
    """As it came: a number comes back as the number it was."""
    if frame.findings and findings.MESSAGE_ID_NOT_TEXT in frame.findings:
        return msgspec.Raw((frame.message_id or "").encode())
    return frame.message_id


def _error(frame: Frame, code: str, description: str) -> Frame:
    text = _encode((CALLERROR, _message_id(frame), code, description, _NO_PAYLOAD)).decode()
    return Frame(CALLERROR, frame.message_id, None, _NO_PAYLOAD, code, description, text)


def instant_text(instant: datetime) -> str:
    """An aware UTC datetime as stations of all versions read it: milliseconds and Z."""
    # A naive one asks no zone for its offset: a third of the time.
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _nothing(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    return _NO_PAYLOAD


def _always(**members: Any) -> Answer:
    def fixed(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
        return members

    return fixed


def _heartbeat(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    return {"currentTime": instant_text(context.now)}


def _boot(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    return {
        "currentTime": instant_text(context.now),
        "interval": context.heartbeat_s,
        "status": context.boot_status,
    }


def _authorize_16(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    return {"idTagInfo": {"status": _tag_status(payload, context)}}


def _start_16(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    # A refused start gets an id too: the schema demands one, and the station may stop with it.
    return {
        "transactionId": context.new_transaction(),
        "idTagInfo": {"status": _tag_status(payload, context)},
    }


def _stop_16(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    if read_text(payload.get("idTag")) is None:
        return _NO_PAYLOAD
    return {"idTagInfo": {"status": _tag_status(payload, context)}}


def _tag_status(payload: dict[str, Any], context: AnswerContext) -> str:
    token = read_text(payload.get("idTag"), 255)
    return "Invalid" if token is None else context.authorise(token)


def _authorize_2(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    return {"idTokenInfo": {"status": _token_status(payload, context)}}


def _transaction_event(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    if payload.get("idToken") is None:
        return _NO_PAYLOAD
    return {"idTokenInfo": {"status": _token_status(payload, context)}}


def _token_status(payload: dict[str, Any], context: AnswerContext) -> str:
    token = payload.get("idToken")
    if not isinstance(token, dict):
        return "Invalid"
    if token.get("type") == "NoAuthorization":  # free charging: there is no card to refuse
        return "Accepted"
    text = read_text(token.get("idToken"), 255)
    return "Invalid" if text is None else context.authorise(text)


def _vat_number(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    return {"vatNumber": (read_text(payload.get("vatNumber")) or "-")[:20], "status": "Rejected"}


def _certificate_chain(payload: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    """Every certificate asked about (at most four, by the schema), each with "could not be found out"."""
    asked = payload.get("certificateStatusRequests")
    entries = [entry for entry in asked if isinstance(entry, dict)][:4] if isinstance(asked, list) else []
    return {
        "certificateStatus": [
            {
                "certificateHashData": _hash_data(entry.get("certificateHashData")),
                "source": "CRL" if entry.get("source") == "CRL" else "OCSP",
                "status": "Failed",
                "nextUpdate": instant_text(context.now),
            }
            for entry in entries or [{}]
        ]
    }


def _hash_data(asked: Any) -> dict[str, str]:
    named = asked if isinstance(asked, dict) else {}
    algorithm = named.get("hashAlgorithm")
    return {
        "hashAlgorithm": algorithm if algorithm in ("SHA256", "SHA384", "SHA512") else "SHA256",
        "issuerNameHash": read_text(named.get("issuerNameHash"), 128) or "-",
        "issuerKeyHash": read_text(named.get("issuerKeyHash"), 128) or "-",
        "serialNumber": read_text(named.get("serialNumber"), 40) or "-",
    }


# A vendor's data is kept with the frame, which is what Accepted promises of it.
_DATA_TRANSFER: Final = _always(status="Accepted")
# Laadwacht issues no certificates; the station goes on with the one it has.
_SIGN_CERTIFICATE: Final = _always(status="Rejected")

ANSWERS_16: Final[dict[str, Answer]] = {
    "Authorize": _authorize_16,
    "BootNotification": _boot,
    "DataTransfer": _DATA_TRANSFER,
    "DiagnosticsStatusNotification": _nothing,
    "FirmwareStatusNotification": _nothing,
    "Heartbeat": _heartbeat,
    "LogStatusNotification": _nothing,
    "MeterValues": _nothing,
    "SecurityEventNotification": _nothing,
    "SignCertificate": _SIGN_CERTIFICATE,
    "SignedFirmwareStatusNotification": _nothing,
    "StartTransaction": _start_16,
    "StatusNotification": _nothing,
    "StopTransaction": _stop_16,
}

ANSWERS_2: Final[dict[str, Answer]] = {
    "Authorize": _authorize_2,
    "BatterySwap": _nothing,
    "BootNotification": _boot,
    "ClearedChargingLimit": _nothing,
    "ClosePeriodicEventStream": _nothing,
    "DataTransfer": _DATA_TRANSFER,
    "FirmwareStatusNotification": _nothing,
    # Plug & Charge and OCSP need certificate services we do not have: the station falls back by itself.
    "Get15118EVCertificate": _always(status="Failed", exiResponse=""),
    "GetCertificateChainStatus": _certificate_chain,
    "GetCertificateStatus": _always(status="Failed"),
    "Heartbeat": _heartbeat,
    "LogStatusNotification": _nothing,
    "MeterValues": _nothing,
    "NotifyChargingLimit": _nothing,
    "NotifyCustomerInformation": _nothing,
    "NotifyDERAlarm": _nothing,
    "NotifyDERStartStop": _nothing,
    "NotifyDisplayMessages": _nothing,
    # No schedule will follow from us: Rejected lets the station plan by its own limits at once.
    "NotifyEVChargingNeeds": _always(status="Rejected"),
    "NotifyEVChargingSchedule": _always(status="Accepted"),
    "NotifyEvent": _nothing,
    "NotifyMonitoringReport": _nothing,
    "NotifyPriorityCharging": _nothing,
    "NotifyReport": _nothing,
    "NotifySettlement": _nothing,
    "NotifyWebPaymentStarted": _nothing,
    "OpenPeriodicEventStream": _always(status="Rejected"),
    "PublishFirmwareStatusNotification": _nothing,
    "PullDynamicScheduleUpdate": _always(status="Rejected"),
    "ReportChargingProfiles": _nothing,
    "ReportDERControl": _nothing,
    "ReservationStatusUpdate": _nothing,
    "SecurityEventNotification": _nothing,
    "SignCertificate": _SIGN_CERTIFICATE,
    "StatusNotification": _nothing,
    "TransactionEvent": _transaction_event,
    "VatNumberValidation": _vat_number,
}
