"""Faults that clear by themselves before they count, again and again: nothing once, a sign when often.

Decides by how many there were within a day. What comes and goes in the seconds after a boot is not counted.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import Observation
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState, StationState

RULE = "status.comes_and_goes"
FAULT = "station.comes_and_goes"
DAY_S = 86_400.0
KEEP = 50


def on_clear(
    obs: Observation,
    station: StationState,
    conn: ConnectorState,
    began: dict[str, datetime],
    ctx: Context,
) -> list[Signal]:
    """`began`: the faults that this report ends, with when each was first reported."""
    short = [
        since
        for fault, since in began.items()
        if (obs.at - since).total_seconds() < ctx.catalog.fault(fault).hold_s
        and not (
            station.booted_at is not None
            and 0 <= (since - station.booted_at).total_seconds() <= ctx.policy.boot_noise_s
        )
    ]
    if not short:
        return []
    conn.comes_and_goes = keep_recent(conn.comes_and_goes, obs.at, DAY_S)[-KEEP:]
    times = len(conn.comes_and_goes)
    if times < ctx.limit("station.comes_and_goes"):
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            evidence=(proof(obs, "clears_itself", times=times),),
        )
    ]
