"""Signs that a station is on its way to fail, each against its own past.

Decides early and softly: severity low, imminent, never a page at night. Reconnects, heat, signal are looked
at by the day, when the next sign of that kind comes after it; starts and unlocks one by one.
"""

from __future__ import annotations

from rules.core.detect.context import Context, proof
from rules.core.detect.trend import push, shown
from rules.core.model import Connected, EventReported, MeterRead, Observation
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState, Trend

RULE = "trend."
RECONNECTS = "imminent.reconnects"
STARTS = "imminent.failed_starts"
HEAT = "imminent.temperature"
SIGNAL = "imminent.signal"
UNLOCK = "imminent.slow_unlock"
SIGNAL_NAMES = ("signalstrength", "rssi", "rsrp", "signalquality")
MOST_EMPTY_DAYS = 14


def on_connect(obs: Connected, station: StationState, ctx: Context) -> list[Signal]:
    trend = station.trends.setdefault(RECONNECTS, Trend())
    signals = _close_days(obs, trend, RECONNECTS, ctx, empty=0.0)
    trend.count += 1
    return signals


def on_session_end(obs: Observation, station: StationState, failed: bool, ctx: Context) -> list[Signal]:
    trend = station.trends.setdefault(STARTS, Trend())
    rising = push(trend, 1.0 if failed else 0.0, least=int(ctx.limit("imminent.sessions")), floor=0.4)
    return said(obs, trend, STARTS, rising)


def on_meter(obs: MeterRead, station: StationState, ctx: Context) -> list[Signal]:
    """The hottest reading of each day; a trend that never gets hot is the season."""
    if obs.temperature_c is None:
        return []
    trend = station.trends.setdefault(HEAT, Trend())
    signals = _close_days(obs, trend, HEAT, ctx)
    trend.count = obs.temperature_c if trend.count == 0.0 else max(trend.count, obs.temperature_c)
    return signals


def on_event(obs: EventReported, station: StationState, ctx: Context) -> list[Signal]:
    """Signal strength in dBm (negative), the weakest of each day; turned round so that worse is more."""
    if (obs.variable or "").casefold() not in SIGNAL_NAMES:
        return []
    try:
        strength = float(obs.value or "")
    except ValueError:
        return []
    if strength >= 0:
        return []  # another scale, in which we do not know what is weak
    trend = station.trends.setdefault(SIGNAL, Trend())
    signals = _close_days(obs, trend, SIGNAL, ctx)
    trend.count = max(trend.count, -strength)
    return signals


def on_unlock(obs: Observation, station: StationState, waited_s: float, ctx: Context) -> list[Signal]:
    trend = station.trends.setdefault(UNLOCK, Trend())
    rising = push(trend, waited_s, least=int(ctx.limit("imminent.unlocks")), floor=1.0)
    return said(obs, trend, UNLOCK, rising)


def _close_days(
    obs: Observation, trend: Trend, fault: str, ctx: Context, empty: float | None = None
) -> list[Signal]:
    """Take in the day that is over. `empty`: the value of a day without a sign, None: it says nothing."""
    today = obs.at.toordinal()
    if trend.day == today:
        return []
    signals: list[Signal] = []
    if trend.day is not None:
        floor, least = ctx.limit(f"{fault}_floor"), int(ctx.limit("imminent.days"))
        bad = ctx.limit(f"{fault}_least")
        rising = push(trend, trend.count, least=least, floor=floor) and trend.count >= bad
        if empty is not None:
            gap = today - trend.day - 1
            for _ in range(max(0, min(gap, MOST_EMPTY_DAYS))):
                rising = push(trend, empty, least=least, floor=floor) and rising
        signals = said(obs, trend, fault, rising)
    trend.day, trend.count = today, 0.0
    return signals


def said(obs: Observation, trend: Trend, fault: str, rising: bool) -> list[Signal]:
    if rising:
        values = {"usual": round(trend.mean, 2), "values": shown(trend)}
        return [
            Raise(
                fault=fault,
                rule=RULE + fault,
                station=obs.station,
                evidence=(proof(obs, "trend_up", **values),),
            )
        ]
    if trend.cusum > 0.0:
        return []
    return [
        Clear(
            key=place_key(obs.station, None, None, fault),
            evidence=proof(obs, "trend_normal", usual=round(trend.mean, 2)),
        )
    ]
