"""How a station is set, from its answers and reports: OCPP 1.6 keys, 2.x variables.

Decides what is configuration: measured and fleeting variables are left out, and so are secrets, whose values
are hidden before they come here. Never judges.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.decode.privacy import is_secret_name
from collectors.decode.reading import Reading
from collectors.decode.values import read_int, read_text
from rules.core.model import ConfigurationReported

MOST: Final = 500
"""Entries read of one frame; an inventory comes in several."""
FLEETING: Final = frozenset(
    {
        *("DateTime", "AvailabilityState", "ActiveTransactionId", "SuspendedTransactionCount"),
        *("Current", "Voltage", "Power", "Energy", "Temperature", "SoC", "RPM", "SignalStrength"),
    }
)
"""Variables of the OCPP 2.0.1 device model that change by themselves."""


def keys_told(reading: Reading, payload: dict[str, Any]) -> None:
    """OCPP 1.6, GetConfiguration.conf."""
    for entry in _entries(payload.get("configurationKey")):
        key = read_text(entry.get("key"), 100)
        if key is not None and not is_secret_name(key):
            _report(reading, key, entry.get("value"), entry.get("readonly"))


def variables_told(reading: Reading, payload: dict[str, Any]) -> None:
    """OCPP 2.x, GetVariablesResponse: what the station does not have or may not tell is left out."""
    for entry in _entries(payload.get("getVariableResult")):
        if entry.get("attributeStatus") == "Accepted" and entry.get("attributeType") in (None, "Actual"):
            _variable(reading, entry, entry.get("attributeValue"), None)


def variables_reported(reading: Reading, payload: dict[str, Any]) -> None:
    """OCPP 2.x, NotifyReportRequest."""
    for entry in _entries(payload.get("reportData")):
        for attribute in _entries(entry.get("variableAttribute")):
            if attribute.get("type") in (None, "Actual"):
                mutability = attribute.get("mutability")
                readonly = None if mutability is None else mutability == "ReadOnly"
                _variable(reading, entry, attribute.get("value"), readonly)


class Changes:
    """Settings asked of one station and not answered yet: an accepted one holds from then on."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, dict[str, Any]] | None = None

    def asked(self, reading: Reading, action: str, payload: dict[str, Any]) -> None:
        if action not in CHANGES:
            return
        if self._open is None:
            self._open = {}
        elif len(self._open) >= MOST_CHANGES:
            del self._open[next(iter(self._open))]
        self._open[reading.message_id] = payload

    def answered(self, reading: Reading, action: str, payload: dict[str, Any]) -> None:
        asked = self._open.pop(reading.message_id, None) if self._open else None
        if asked is not None:
            CHANGES[action](reading, asked, payload)


def _key_changed(reading: Reading, asked: dict[str, Any], payload: dict[str, Any]) -> None:
    """OCPP 1.6, ChangeConfiguration. What holds after a restart only is told by the station when it holds."""
    key = read_text(asked.get("key"), 100)
    if payload.get("status") == "Accepted" and key is not None and not is_secret_name(key):
        _report(reading, key, asked.get("value"), None)


def _variables_changed(reading: Reading, asked: dict[str, Any], payload: dict[str, Any]) -> None:
    """OCPP 2.x, SetVariables: each result names the variable it is about."""
    taken = [
        (entry.get("component"), entry.get("variable"))
        for entry in _entries(payload.get("setVariableResult"))
        if entry.get("attributeStatus") == "Accepted"
    ]
    for entry in _entries(asked.get("setVariableData")):
        actual = entry.get("attributeType") in (None, "Actual")
        if actual and (entry.get("component"), entry.get("variable")) in taken:
            _variable(reading, entry, entry.get("attributeValue"), None)


MOST_CHANGES: Final = 8
"""Changes of one station under way; a back end has one at a time."""
CHANGES: Final = {"ChangeConfiguration": _key_changed, "SetVariables": _variables_changed}
ANSWERS: Final = {"GetConfiguration": keys_told, "GetVariables": variables_told}


def _entries(value: Any) -> list[dict[str, Any]]:
    entries = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [entry for entry in entries[:MOST] if isinstance(entry, dict)]


def _variable(reading: Reading, entry: dict[str, Any], value: Any, readonly: bool | None) -> None:
    component, variable = entry.get("component"), entry.get("variable")
    if not isinstance(component, dict) or not isinstance(variable, dict):
        return
    name = read_text(variable.get("name"), 50)
    if name is None or name in FLEETING or is_secret_name(name):
        return
    evse = component.get("evse")
    place = evse if isinstance(evse, dict) else {}
    _report(
        reading,
        _with_instance(name, variable),
        value,
        readonly,
        component=_with_instance(read_text(component.get("name"), 50) or "?", component),
        evse=_small(place.get("id")),
        connector=_small(place.get("connectorId")),
    )


def _report(
    reading: Reading,
    key: str,
    value: Any,
    readonly: Any,
    *,
    component: str | None = None,
    evse: int | None = None,
    connector: int | None = None,
) -> None:
    reading.observations.append(
        ConfigurationReported(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            component=component,
            key=key,
            value=str(value).lower() if isinstance(value, bool) else read_text(value, 500),
            evse=evse,
            connector=connector,
            readonly=readonly if isinstance(readonly, bool) else None,
        )
    )


def _with_instance(name: str, named: dict[str, Any]) -> str:
    instance = read_text(named.get("instance"), 50)
    return name if instance is None else f"{name}({instance})"


def _small(value: Any) -> int | None:
    number = read_int(value)
    return number if number is not None and 0 <= number <= 255 else None
