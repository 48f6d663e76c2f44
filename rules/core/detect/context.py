"""What every detector may look at.

Decides nothing. Read only for detectors, except the memory of the one station it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from rules.core.catalog import Catalog
from rules.core.model import Asset, Evidence, Observation
from rules.core.policy import Policy
from rules.core.state import JudgeState, StationState


class Context(Struct):
    catalog: Catalog
    policy: Policy
    state: JudgeState
    register: Mapping[str, Asset]

    def make_of(self, name: str, station: StationState) -> str | None:
        """What the station says of itself before what the register says of it."""
        if station.make:
            return station.make
        asset = self.register.get(name)
        return asset.make if asset is not None else None


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
