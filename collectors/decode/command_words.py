"""What a command is about, where it is aimed and what came of it.

Lenient: what we or another back end sent is not judged here.
"""

from __future__ import annotations

from typing import Any

from collectors.decode.values import read_int, read_text

STOPS = ("RemoteStopTransaction", "RequestStopTransaction")


def subject_of(action: str, payload: dict[str, Any]) -> str | None:
    """The session that is to be stopped, the card with which one is to be started, the purpose of a limit,
    what a station is to become (Operative, Inoperative)."""
    if action in STOPS:
        return read_text(payload.get("transactionId"), 50)
    if action == "SetChargingProfile":
        profile = payload.get("csChargingProfiles", payload.get("chargingProfile"))
        return read_text(profile.get("chargingProfilePurpose"), 50) if isinstance(profile, dict) else None
    if action == "RemoteStartTransaction":
        return read_text(payload.get("idTag"), 255)
    if action == "ChangeAvailability":
        return read_text(payload.get("type", payload.get("operationalStatus")), 50)
    card = payload.get("idToken") if action == "RequestStartTransaction" else None
    return read_text(card.get("idToken"), 255) if isinstance(card, dict) else None


def target_of(payload: dict[str, Any]) -> tuple[int | None, int | None]:
    """EVSE and connector that a command is aimed at, None where it names none."""
    if isinstance(evse := payload.get("evse"), dict):
        return _small(evse.get("id")), _small(evse.get("connectorId"))
    if "evseId" in payload:
        return _small(payload["evseId"]), _small(payload.get("connectorId"))
    connector = _small(payload.get("connectorId"))
    return connector, connector


def _small(value: Any) -> int | None:
    number = read_int(value)
    return number if number is not None and 0 <= number <= 255 else None


def outcome_of(payload: dict[str, Any]) -> str | None:
    """The status of an answer; of a list of results the first that is not Accepted."""
    status = read_text(payload.get("status"), 50)
    if status is not None:
        return status
    for member in ("setVariableResult", "getVariableResult", "setMonitoringResult", "clearMonitoringResult"):
        results = payload.get(member)
        if isinstance(results, list):
            words = [
                read_text(r.get("attributeStatus") or r.get("status"), 50)
                for r in results
                if isinstance(r, dict)
            ]
            return next((word for word in words if word != "Accepted"), "Accepted" if words else None)
    return None
