"""A connector that swings between charging and not charging, over and over within an hour.

Swings with SuspendedEVSE come from limits that the station sets; swings with Preparing from the car or its
cable.
"""

from __future__ import annotations

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.detect.phase import shown
from rules.core.model import Observation, Status
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState

RULE = "status.cycling"
LIMIT_SWINGS = "charging.limit_swings"
CAR_SWINGS = "vehicle.start_swings"
WINDOW_S = 3600.0
KEEP = 60


def on_change(obs: Observation, before: Status | None, conn: ConnectorState, ctx: Context) -> list[Signal]:
    """Counts only the way back: out of charging and into it again is one swing."""
    if shown(conn) is not Status.CHARGING or before not in (Status.SUSPENDED_EVSE, Status.PREPARING):
        return []
    kind = LIMIT_SWINGS if before is Status.SUSPENDED_EVSE else CAR_SWINGS
    times = keep_recent(conn.swings.get(kind, []), obs.at, WINDOW_S)[-KEEP:]
    conn.swings[kind] = times
    if len(times) <= ctx.limit(kind):
        return []
    return [
        Raise(
            fault=kind,
            rule=RULE,
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            evidence=(proof(obs, "swings", times=len(times), status=before.value),),
        )
    ]
