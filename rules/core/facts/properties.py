"""What a station is and how it is set: which of its words are properties, and what each is called.

Decides names only: `make`, `model`, `serial`, `firmware`, `iccid`, `imsi`, `heartbeat_s`, `connectors` and
`protocol` are ours; a configuration key of OCPP 1.6 keeps its name (`HeartbeatInterval`); a variable of 2.x
is `Component.Variable`, with `[evse]` or `[evse.connector]` and `(instance)` behind the part that has it.
Which values are news is the store's to say.
"""

from __future__ import annotations

from typing import Final

from rules.core.model import (
    BootAnswered,
    Booted,
    ConfigurationReported,
    Connected,
    Effect,
    PropertyRow,
    StatusReported,
)
from rules.core.state import StationState

BOOTED: Final = ("make", "model", "serial", "firmware", "iccid", "imsi")


def on_connect(obs: Connected, station: StationState) -> list[Effect]:
    """To be asked before `station` takes up what `obs` says, as the two below."""
    if obs.version is None or obs.version == station.version:
        return []
    return [
        PropertyRow(
            station=obs.station, property="protocol", value=obs.version, at=obs.at, source="connection"
        )
    ]


def on_boot(obs: Booted, station: StationState) -> list[Effect]:
    """A boot that leaves something out takes nothing back."""
    return [
        PropertyRow(station=obs.station, property=name, value=value, at=obs.at, source="boot")
        for name in BOOTED
        if (value := getattr(obs, name)) and value != getattr(station, name)
    ]


def on_boot_answer(obs: BootAnswered, station: StationState) -> list[Effect]:
    if not obs.interval_s or obs.interval_s == station.heartbeat_s:
        return []
    value = str(obs.interval_s)
    return [PropertyRow(station=obs.station, property="heartbeat_s", value=value, at=obs.at, source="answer")]


def on_connector(obs: StatusReported, station: StationState) -> list[Effect]:
    """A connector was heard of for the first time; `station` knows it already. 0 is the station itself."""
    if obs.connector == 0:
        return []
    known = sum(conn.connector != 0 for conn in station.connectors.values())
    return [
        PropertyRow(station=obs.station, property="connectors", value=str(known), at=obs.at, source="status")
    ]


def on_configuration(obs: ConfigurationReported) -> list[Effect]:
    return [
        PropertyRow(
            station=obs.station,
            property=property_name(obs),
            value=obs.value,
            at=obs.at,
            source="configuration",
            readonly=obs.readonly,
        )
    ]


def property_name(obs: ConfigurationReported) -> str:
    if obs.component is None:
        return obs.key
    place = "" if obs.evse is None else f"[{obs.evse}]"
    if obs.evse is not None and obs.connector is not None:
        place = f"[{obs.evse}.{obs.connector}]"
    return f"{obs.component}{place}.{obs.key}"
