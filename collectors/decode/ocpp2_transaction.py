"""TransactionEvent of OCPP 2.0.1 and 2.1, as observations.

Decides which events of a transaction are news: what was sent before, what comes after the end and what is of
another transaction under the same name are told apart by sequence number, time stamp and boots. Never judges,
never gives up a transaction because its numbers are odd.
"""

from __future__ import annotations

from typing import Any

from collectors.decode import findings
from collectors.decode.memory import Memory, Session
from collectors.decode.meter import read_meters
from collectors.decode.reading import Asked, Reading
from collectors.decode.values import read_int, read_text
from rules.core.model import MeterRead, SessionEnded, SessionStarted, SessionUpdated


def transaction_event(reading: Reading, payload: dict[str, Any], memory: Memory) -> Asked:
    info = object_of(payload.get("transactionInfo"))
    ref = read_text(info.get("transactionId"), 64)
    token = token_of(payload)
    evse, connector = reading.evse(payload)
    if ref is None:
        reading.find(findings.TRANSACTION_ID_LOST)
        return Asked("TransactionEvent", reading.message_id, token, evse, connector)
    kind = payload.get("eventType")
    session = memory.session(ref)
    if kind == "Started" and _is_another(session, payload):
        reading.find(findings.TRANSACTION_ID_REUSED, ref)
        session = memory.forget_session(ref)
    if evse is None:
        evse, connector = session.evse, session.connector
    elif connector is None and evse == session.evse:
        connector = session.connector
    session.evse, session.connector = evse, connector
    asked = Asked("TransactionEvent", reading.message_id, token, evse, connector)
    if not _is_news(reading, payload, kind, session):
        return asked
    if kind == "Started" and memory.other_session_at(ref, evse):
        reading.find(findings.EVSE_TWO_TRANSACTIONS, evse)
    _observe(reading, payload, info, kind, session, asked, ref)
    return asked


def _is_another(session: Session, payload: dict[str, Any]) -> bool:
    """A start under a name that was used up: stations that count from 1 do so again after a restart. The same
    start, sent again from a queue, has the time stamp it had."""
    if not session.started or payload.get("timestamp") == session.started_at:
        return False
    return session.ended or session.booted


def _is_news(reading: Reading, payload: dict[str, Any], kind: Any, session: Session) -> bool:
    """Whether this event was not seen before; keeps the count of the transaction."""
    number, stamp = read_int(payload.get("seqNo")), payload.get("timestamp")
    event = (kind if isinstance(kind, str) else None, number, stamp)
    if kind == "Started" and session.started:
        reading.find(findings.MESSAGE_REPEATED, "TransactionEvent")
        return False
    if number is not None and not _in_sequence(reading, number, event, session):
        return False
    if session.ended:
        reading.find(findings.EVENT_AFTER_END, kind)
        return False
    session.last_event = event
    return True


def _in_sequence(reading: Reading, number: int, event: tuple[object, ...], session: Session) -> bool:
    """False for an event that came before. One that was missing and comes late is news."""
    highest, lowest = session.highest, session.lowest
    if number in session.missing:
        session.missing.discard(number)
        return True
    if lowest is not None and number < lowest:  # it overtook none of those that came
        session.await_between(number, lowest)
    elif highest is not None and number <= highest:
        if event == session.last_event or session.seen_at(number) in (None, event[2]):
            reading.find(findings.MESSAGE_REPEATED, "TransactionEvent")
            return False
        reading.find(findings.SEQUENCE_REPEATED, number)  # another event under a number that was used
    elif highest is not None and number > highest + 1:
        reading.find(findings.SEQUENCE_GAP, f"{highest} -> {number}")
        session.await_between(highest, number)
    session.note(number, event[2])
    return True


def _observe(  # noqa: PLR0917  (what was read of one event)
    reading: Reading,
    payload: dict[str, Any],
    info: dict[str, Any],
    kind: Any,
    session: Session,
    asked: Asked,
    ref: str,
) -> None:
    base: dict[str, Any] = {
        "station": reading.station,
        "at": reading.at,
        "record_id": reading.record_id,
        "station_at": reading.instant(payload, required=True),
        "evse": asked.evse,
        "connector": asked.connector,
        "ref": ref,
        "token": asked.token,
        "offline": payload.get("offline") is True,
    }
    meters: list[MeterRead] = []
    if payload.get("meterValue") is not None:
        meters = read_meters(
            reading, payload["meterValue"], modern=True, evse=asked.evse, connector=asked.connector, ref=ref
        )
    registers = [meter.energy_wh for meter in meters if meter.energy_wh is not None]
    if kind == "Started":
        session.started, session.started_at = True, payload.get("timestamp")
        first = registers[0] if registers else None
        reading.observations.append(SessionStarted(**base, message_id=reading.message_id, meter_wh=first))
        reading.observations.extend(meters)
        return
    reading.observations.extend(meters)
    if kind == "Ended":
        session.ended = True
        # Left out means Local (OCPP 2.0.1, TransactionType).
        reason = read_text(info.get("stoppedReason"), 100) or "Local"
        last = registers[-1] if registers else None
        reading.observations.append(SessionEnded(**base, meter_wh=last, reason=reason))
        return
    if kind != "Updated":
        reading.find(findings.EVENT_TYPE_UNKNOWN, kind)
    reading.observations.append(
        SessionUpdated(
            **base,
            trigger=read_text(payload.get("triggerReason"), 50),
            charging_state=read_text(info.get("chargingState"), 50),
        )
    )


def object_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def token_of(payload: dict[str, Any]) -> str | None:
    token = payload.get("idToken")
    if isinstance(token, dict):
        token = token.get("idToken")
    return read_text(token, 255)
