"""Stations that the register says are installed and that were never heard.

Decides when that is told: a day after installation, or after we began to look. Old installations are left
alone, for a register may hold stations that report elsewhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from rules.core.detect.context import Context
from rules.core.model import Asset, Evidence
from rules.core.signals import Raise

RULE = "station.awaited"
FAULT = "station.never_online"


def installed_day(asset: Asset) -> date | None:
    """The day of installation, None where it is not given or cannot be read."""
    try:
        return date.fromisoformat((asset.installed_on or "")[:10])
    except ValueError:
        return None


def _due(asset: Asset, ctx: Context) -> datetime | None:
    began, day = ctx.state.watch_since, installed_day(asset)
    if began is None or day is None:
        return None
    if day < began.date() - timedelta(days=ctx.limit("station.awaited_days")):
        return None
    since = max(datetime.combine(day, time(), UTC), began)
    return since + timedelta(seconds=ctx.limit("station.awaited_s"))


def plan(ctx: Context) -> None:
    """Set a deadline for every station of the register that is awaited and has none yet."""
    state = ctx.state
    if state.watch_since is None:
        return
    for name, asset in ctx.register.items():
        if name in state.stations or name in state.awaited:
            continue
        due = _due(asset, ctx)
        if due is not None:
            state.awaited[name] = max(due, state.now or due)
            ctx.timers.set(state.awaited[name], "await", name)


def time_is_up(name: str, due: datetime, ctx: Context) -> Raise | None:
    """The signal, unless the station was heard, left the register or is to be installed later."""
    state, asset = ctx.state, ctx.register.get(name)
    if name in state.stations or state.awaited.get(name) != due:
        return None
    again = _due(asset, ctx) if asset is not None else None
    if asset is None or again is None:
        del state.awaited[name]
        return None
    if again > due:
        state.awaited[name] = again
        ctx.timers.set(again, "await", name)
        return None
    proof = Evidence(at=due, says="never_heard", values={"installed_on": asset.installed_on})
    return Raise(fault=FAULT, rule=RULE, station=name, evidence=(proof,))
