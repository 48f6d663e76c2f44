"""The request each remote command becomes on the wire, in OCPP 1.6, 2.0.1 and 2.1.

Decides what a version can say. Raises `CannotSay` with words for a person where it cannot; every payload made
here is valid against the version's message schema. Sends nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeAlias

from collectors.decode.privacy import is_secret_name
from collectors.remote.options import (
    AvailabilityOptions,
    BaseReportOptions,
    ConfigurationOptions,
    DiagnosticsOptions,
    ListEntry,
    LocalListOptions,
    Options,
    Place,
    ResetOptions,
    SettingOptions,
    StartOptions,
    StopOptions,
    TriggerOptions,
)

Call: TypeAlias = tuple[str, dict[str, Any]]

CARD_16 = 20  # OCPP 1.6, CiString20Type
VALUE_16 = 500  # OCPP 1.6, CiString500Type
KEY_16 = 50  # OCPP 1.6, CiString50Type
NAME_2 = 50  # OCPP 2.x, names and instances of components and variables
VARIABLE = re.compile(r"([^.()]+)(?:\(([^()]+)\))?\.([^()]+?)(?:\(([^()]+)\))?")
# The same question under another name.
MESSAGES_16 = {"LogStatusNotification": "DiagnosticsStatusNotification"}
MESSAGES_2 = {"DiagnosticsStatusNotification": "LogStatusNotification"}


class CannotSay(ValueError):
    """This OCPP version has no words for what was asked."""


def present(**members: Any) -> dict[str, Any]:
    """Only what has a value: OCPP schemas know no null."""
    return {name: value for name, value in members.items() if value is not None}


def instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def connector_16(place: Place) -> int | None:
    """In 1.6 a charging point is its connector, whichever of the two was given."""
    if place.evse is not None and place.connector is not None and place.evse != place.connector:
        raise CannotSay("OCPP 1.6 has connectors only, no EVSEs: give one number")
    return place.evse if place.evse is not None else place.connector


def evse_2(place: Place) -> dict[str, Any] | None:
    if place.evse is None:
        if place.connector is not None:
            raise CannotSay("in OCPP 2.x a connector belongs to an EVSE: give its number too")
        return None
    return present(id=place.evse, connectorId=place.connector)


def reset_16(options: ResetOptions, _request_id: int) -> Call:
    if options.evse is not None:
        raise CannotSay("OCPP 1.6 resets the station as a whole, not one EVSE")
    return "Reset", {"type": options.kind.capitalize()}


def reset_2(options: ResetOptions, _request_id: int) -> Call:
    kind = "Immediate" if options.kind == "hard" else "OnIdle"
    return "Reset", present(type=kind, evseId=options.evse)


def unlock_16(options: Place, _request_id: int) -> Call:
    connector = connector_16(options)
    if connector is None:
        raise CannotSay("which connector is to be unlocked?")
    return "UnlockConnector", {"connectorId": connector}


def unlock_2(options: Place, _request_id: int) -> Call:
    if options.evse is None:
        raise CannotSay("at which EVSE is the connector to be unlocked?")
    return "UnlockConnector", {"evseId": options.evse, "connectorId": options.connector or 1}


def trigger_16(options: TriggerOptions, _request_id: int) -> Call:
    if options.message == "TransactionEvent":
        raise CannotSay("OCPP 1.6 has no TransactionEvent: ask for MeterValues or StatusNotification")
    message = MESSAGES_16.get(options.message, options.message)
    return "TriggerMessage", present(requestedMessage=message, connectorId=connector_16(options))


def trigger_2(options: TriggerOptions, _request_id: int) -> Call:
    message = MESSAGES_2.get(options.message, options.message)
    evse = evse_2(options)
    if message == "StatusNotification" and evse is not None:
        # OCPP 2.0.1 part 2, F06: a status belongs to a connector, so that has to be named.
        evse.setdefault("connectorId", 1)
    return "TriggerMessage", present(requestedMessage=message, evse=evse)


def availability_16(options: AvailabilityOptions, _request_id: int) -> Call:
    connector = connector_16(options)
    return "ChangeAvailability", {"connectorId": connector or 0, "type": options.to.capitalize()}


def availability_2(options: AvailabilityOptions, _request_id: int) -> Call:
    return "ChangeAvailability", present(operationalStatus=options.to.capitalize(), evse=evse_2(options))


def diagnostics_16(options: DiagnosticsOptions, request_id: int) -> Call:
    if options.log == "security":
        # Of the security extension to 1.6; stations without it answer NotImplemented.
        return log_2(options, request_id)
    return "GetDiagnostics", present(
        location=options.location,
        startTime=instant(options.since),
        stopTime=instant(options.until),
        retries=options.retries,
        retryInterval=options.retry_interval_s,
    )


def log_2(options: DiagnosticsOptions, request_id: int) -> Call:
    bounds = present(
        remoteLocation=options.location,
        oldestTimestamp=instant(options.since),
        latestTimestamp=instant(options.until),
    )
    return "GetLog", present(
        logType="SecurityLog" if options.log == "security" else "DiagnosticsLog",
        requestId=request_id,
        log=bounds,
        retries=options.retries,
        retryInterval=options.retry_interval_s,
    )


def configuration_16(options: ConfigurationOptions, _request_id: int) -> Call:
    if options.evse is not None:
        raise CannotSay("OCPP 1.6 keeps configuration for the station as a whole, not for one EVSE")
    for key in options.keys:
        if len(key) > KEY_16:
            raise CannotSay(f"a key of OCPP 1.6 has at most {KEY_16} characters: {key}")
    return "GetConfiguration", {"key": list(dict.fromkeys(options.keys))} if options.keys else {}


def variables_2(options: ConfigurationOptions, _request_id: int) -> Call:
    if not options.keys:
        raise CannotSay("OCPP 2.x wants each variable named, as Component.Variable; GetBaseReport lists all")
    return "GetVariables", {"getVariableData": [_variable(key, options.evse) for key in options.keys]}


def setting_16(options: SettingOptions, _request_id: int) -> Call:
    if options.evse is not None:
        raise CannotSay("OCPP 1.6 keeps configuration for the station as a whole, not for one EVSE")
    if len(options.key) > KEY_16 or len(options.value) > VALUE_16:
        raise CannotSay(f"OCPP 1.6 takes {KEY_16} characters of a key and {VALUE_16} of a value")
    _check_no_secret(options.key)
    return "ChangeConfiguration", {"key": options.key, "value": options.value}


def setting_2(options: SettingOptions, _request_id: int) -> Call:
    asked = _variable(options.key, options.evse)
    _check_no_secret(asked["variable"]["name"])
    return "SetVariables", {"setVariableData": [{"attributeValue": options.value, **asked}]}


def _check_no_secret(name: str) -> None:
    if is_secret_name(name):
        raise CannotSay(
            f"{name} holds a secret, and what is asked here is kept: set it at the station itself"
        )


def _variable(key: str, evse: int | None) -> dict[str, Any]:
    parts = VARIABLE.fullmatch(key.strip())
    if parts is None:
        raise CannotSay(f"{key} is not Component.Variable, as OCPPCommCtrlr.HeartbeatInterval")
    component, component_instance, variable, variable_instance = parts.groups()
    if any(len(part or "") > NAME_2 for part in parts.groups()):
        raise CannotSay(f"a name has at most {NAME_2} characters: {key}")
    return {
        "component": present(
            name=component, instance=component_instance, evse=None if evse is None else {"id": evse}
        ),
        "variable": present(name=variable, instance=variable_instance),
    }


def clear_cache(_options: Options, _request_id: int) -> Call:
    return "ClearCache", {}


def start_16(options: StartOptions, _request_id: int) -> Call:
    return "RemoteStartTransaction", present(idTag=_card_16(options.id_tag), connectorId=options.evse)


def start_2(options: StartOptions, request_id: int) -> Call:
    return "RequestStartTransaction", present(
        remoteStartId=request_id,
        idToken={"idToken": options.id_tag, "type": options.token_type},
        evseId=options.evse,
    )


def stop_16(options: StopOptions, _request_id: int) -> Call:
    try:
        number = int(options.transaction)
    except ValueError:
        raise CannotSay("a transaction of OCPP 1.6 is a whole number") from None
    return "RemoteStopTransaction", {"transactionId": number}


def stop_2(options: StopOptions, _request_id: int) -> Call:
    return "RequestStopTransaction", {"transactionId": options.transaction}


def local_list_16(options: LocalListOptions, _request_id: int) -> Call:
    _check_entries(options)
    return "SendLocalList", {
        "listVersion": options.list_version,
        "updateType": options.update.capitalize(),
        "localAuthorizationList": [_entry_16(entry) for entry in options.entries],
    }


def local_list_2(options: LocalListOptions, _request_id: int) -> Call:
    _check_entries(options)
    return "SendLocalList", present(
        versionNumber=options.list_version,
        updateType=options.update.capitalize(),
        localAuthorizationList=[_entry_2(entry) for entry in options.entries] or None,
    )


def _check_entries(options: LocalListOptions) -> None:
    if options.update == "full" and any(entry.status == "Remove" for entry in options.entries):
        raise CannotSay("a full list holds what stays: Remove is for a differential one")
    if options.update == "differential" and not options.entries:
        raise CannotSay("a differential list without entries changes nothing")


def _entry_16(entry: ListEntry) -> dict[str, Any]:
    member: dict[str, Any] = {"idTag": _card_16(entry.id_tag)}
    if entry.status != "Remove":
        member["idTagInfo"] = present(status=entry.status, expiryDate=instant(entry.expires))
    return member


def _entry_2(entry: ListEntry) -> dict[str, Any]:
    member: dict[str, Any] = {"idToken": {"idToken": entry.id_tag, "type": entry.token_type}}
    if entry.status != "Remove":
        member["idTokenInfo"] = present(status=entry.status, cacheExpiryDateTime=instant(entry.expires))
    return member


def _card_16(card: str) -> str:
    if len(card) > CARD_16:
        raise CannotSay(f"a card of OCPP 1.6 has at most {CARD_16} characters")
    return card


def list_version(_options: Options, _request_id: int) -> Call:
    return "GetLocalListVersion", {}


def base_report_2(options: BaseReportOptions, request_id: int) -> Call:
    return "GetBaseReport", {"requestId": request_id, "reportBase": options.report}
