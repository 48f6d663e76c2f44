"""A heartbeat that gets out of step: more beats come late every day, though none is missing for long.

Decides once a day, against the station's own past. It runs for every heartbeat, so it only counts in between.
A gap that we could not see is not the station's.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.detect import imminent
from rules.core.detect.context import Context
from rules.core.detect.trend import push
from rules.core.model import Observation
from rules.core.signals import Signal
from rules.core.state import StationState, Trend

FAULT = "imminent.heartbeat_jitter"
LATE = 1.5  # intervals since the last message of any kind
LEAST_BEATS = 20  # fewer in a day say nothing


def beat(obs: Observation, station: StationState, blind_until: datetime | None, ctx: Context) -> list[Signal]:
    """`station.last_in` is still that of the message before."""
    day = obs.at.toordinal()
    signals: list[Signal] = []
    if day != station.beat_day:
        if station.beat_day is not None and station.beats >= LEAST_BEATS:
            signals = _day_is_over(obs, station, ctx)
        station.beat_day, station.beats, station.late_beats = day, 0, 0
    station.beats += 1
    interval = station.heartbeat_s
    if (
        interval
        and (obs.at - station.last_in).total_seconds() > LATE * interval
        and (blind_until is None or blind_until <= station.last_in)
    ):
        station.late_beats += 1
    return signals


def _day_is_over(obs: Observation, station: StationState, ctx: Context) -> list[Signal]:
    share = 100.0 * station.late_beats / station.beats
    trend = station.trends.get(FAULT)
    if trend is None:
        trend = station.trends[FAULT] = Trend()
    least, floor = int(ctx.limit("imminent.days")), ctx.limit("imminent.heartbeat_jitter_floor")
    rising = push(trend, round(share, 1), least=least, floor=floor)
    return imminent.said(obs, trend, FAULT, rising and share >= ctx.limit("imminent.heartbeat_jitter_least"))
