"""A link that the station drops over one message: the start of a session, asked or just answered.

A network fails at any moment, seldom within seconds of a start, and a station that comes back at once was not
without power. Once charging began it may be the contactor that pulls the supply down: then this says nothing.
"""

from __future__ import annotations

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import Connected, Disconnected
from rules.core.signals import Raise, Signal
from rules.core.state import StationState

RULE = "link.dropped_at_start"
FAULT = "protocol.dropped_at_start"
DAY_S = 86_400.0
BACK_S = 600.0  # a boot takes minutes
KEEP = 20


def disconnected(obs: Disconnected, station: StationState, ctx: Context) -> None:
    asked = station.start_at
    station.start_at = None
    if asked is not None and 0 <= (obs.at - asked).total_seconds() <= ctx.limit("link.drop_s"):
        station.drops = keep_recent(station.drops, obs.at, DAY_S)[-KEEP:]
        station.dropped = True


def connected(obs: Connected, station: StationState) -> list[Signal]:
    if not station.dropped:
        return []
    station.dropped = False
    if (obs.at - station.drops[-1]).total_seconds() > BACK_S:
        return []
    again = len(station.drops) > 1
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            weak=not again,
            evidence=(proof(obs, "dropped_at_start", times=len(station.drops)),),
        )
    ]
