"""A station's clock that is wrong, told by frames in a row that are off by the same.

Messages from a queue are off too, but each by another amount and all within moments: they are no drift.
Dates before there was OCPP need no such proof, once the station was told the time and still sends them.
"""

from __future__ import annotations

from rules.core.detect.context import Context, proof
from rules.core.model import FindingSeen, Observation
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import ClockWatch, StationState

RULE = "clock.drift"
RULE_UNSET = "clock.not_set"
FAULT = "clock.drift"
SAME_S = 120.0  # lags this close are one and the same offset
LEAST = 3
IMPOSSIBLE = "timestamp_impossible"


def detect(obs: Observation, station: StationState, ctx: Context) -> list[Signal]:
    if obs.station_at is None:
        return []
    lag = (obs.at - obs.station_at).total_seconds()
    limit = ctx.limit("clock.drift_s")
    watch = station.clock
    if abs(lag) <= limit:
        impossible = station.findings.pop(IMPOSSIBLE, None)
        if watch is None and impossible is None:
            return []
        station.clock = None
        key = place_key(obs.station, None, None, FAULT)
        return [Clear(key=key, evidence=proof(obs, "clock_right"))]
    if watch is None or abs(lag - watch.lag_s) > SAME_S:
        station.clock = ClockWatch(since=obs.at, lag_s=lag)
        return []
    watch.n += 1
    watch.lag_s += (lag - watch.lag_s) * 0.2  # a clock that drifts takes its offset along
    if watch.n < LEAST or (obs.at - watch.since).total_seconds() < ctx.limit("clock.lasts_s"):
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            evidence=(proof(obs, "clock_off", seconds=round(lag), frames=watch.n),),
        )
    ]


def impossible(obs: FindingSeen, station: StationState) -> list[Signal]:
    """A date like 1970: the clock is not set. Before its boot was answered a station cannot know better."""
    if station.booted_at is None or station.boot_answered_at != station.booted_at:
        return []
    times = [*station.findings.get(IMPOSSIBLE, []), obs.at][-LEAST:]
    station.findings[IMPOSSIBLE] = times
    if len(times) < LEAST or times[0] < station.booted_at:
        return []
    evidence = (proof(obs, "clock_not_set", frames=len(times), detail=obs.detail),)
    return [Raise(fault=FAULT, rule=RULE_UNSET, station=obs.station, evidence=evidence)]
