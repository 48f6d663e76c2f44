"""Faults that clear by themselves before they count, again and again: nothing once, a sign when often.

Decides by how many there were within a day, or sooner where each took a session along and is the station's
own. A few within an hour are a weak sign. What comes and goes in the seconds after a boot is not counted.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import Observation, Side
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState, StationState

RULE = "status.comes_and_goes"
FAULT = "station.comes_and_goes"
DAY_S = 86_400.0
HOUR_S = 3600.0
AROUND_S = 10.0  # a session that ends this close to a fault was ended by it
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
    cut = _sessions_cut(short, obs.at, began, conn, ctx)
    good = times >= ctx.limit("station.comes_and_goes") or cut >= ctx.limit("station.cuts_sessions")
    if not good and not _often(began, obs.at, conn, ctx):
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            weak=not good,
            evidence=(proof(obs, "clears_itself", times=times),),
        )
    ]


def _often(began: dict[str, datetime], now: datetime, conn: ConnectorState, ctx: Context) -> bool:
    """Within the hour, and the last of them the station's own: a weak sign."""
    own = any(ctx.catalog.fault(fault).side is Side.HARDWARE for fault in began)
    lately = sum(1 for at in conn.comes_and_goes if (now - at).total_seconds() < HOUR_S)
    return own and lately >= ctx.limit("station.comes_and_goes_hour")


def _sessions_cut(
    short: list[datetime], now: datetime, began: dict[str, datetime], conn: ConnectorState, ctx: Context
) -> int:
    """Sessions that ended with such a fault within the last hour."""
    own = any(ctx.catalog.fault(fault).side is Side.HARDWARE for fault in began)
    if own and conn.ended_at is not None:
        after = (conn.ended_at - min(short)).total_seconds()
        if after >= -AROUND_S and conn.ended_at <= now:
            conn.cut_short = keep_recent(conn.cut_short, now, HOUR_S)[-KEEP:]
    return sum(1 for at in conn.cut_short if (now - at).total_seconds() < HOUR_S)
