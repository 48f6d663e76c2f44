"""What every detector may look at.

Decides nothing. Read only for detectors, except the memory of the one station it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from rules.core.catalog.entries import Catalog
from rules.core.model import Asset, Evidence, Observation
from rules.core.policy import Policy
from rules.core.signals import Clear, Signal, place_key
from rules.core.state import ConnectorState, JudgeState, StationState
from rules.core.timers import Timers


class Context(Struct):
    """`sites`: names of the stations heard of, by site; a station without one is a site of its own."""

    catalog: Catalog
    policy: Policy
    state: JudgeState
    register: Mapping[str, Asset]
    timers: Timers
    sites: Mapping[str, set[str]] = {}

    def limit(self, name: str) -> float:
        """A threshold of `patterns.yaml`, in the unit written there."""
        return self.catalog.limits[name]

    def make_of(self, name: str, station: StationState) -> str | None:
        """What the station says of itself before what the register says of it."""
        if station.make:
            return station.make
        asset = self.register.get(name)
        return asset.make if asset is not None else None

    def firmware_of(self, name: str, station: StationState) -> tuple[str | None, str | None]:
        """Model and firmware, for code tables that hold for some only."""
        asset = self.register.get(name)
        return station.model or (asset.model if asset is not None else None), station.firmware


def proof(obs: Observation, says: str, **values: Any) -> Evidence:
    """Evidence that points at the observation's own frame."""
    return Evidence(
        at=obs.at,
        says=says,
        record_id=obs.record_id or None,
        values={k: v for k, v in values.items() if v is not None},
    )


def keep_recent(times: list[datetime], at: datetime, window_s: float) -> list[datetime]:
    """`times` with `at` added and all before the window dropped."""
    since = at - timedelta(seconds=window_s)
    return [t for t in times if t > since] + [at]


def shows(conn: ConnectorState, fault: str) -> None:
    """Remember that a fault no frame names shows at this connector."""
    if fault not in conn.behaviour:
        conn.behaviour.append(fault)


def passed(obs: Observation, conn: ConnectorState, fault: str, says: str, **values: Any) -> list[Signal]:
    """The end of such a fault, where it showed."""
    if fault not in conn.behaviour:
        return []
    conn.behaviour.remove(fault)
    return [
        Clear(
            key=place_key(obs.station, conn.evse, conn.connector, fault),
            evidence=proof(obs, says, **values),
        )
    ]
