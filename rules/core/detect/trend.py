"""Whether a value leaves what is normal for this very station: its own mean and spread, and a sum of excess.

Decides by an exponentially weighted mean and a one-sided CUSUM (Page 1954; slack one mean deviation, alarm at
six: mere noise is told less than once in a thousand values). The baseline learns slowly and not while the
rise is told, so that a rise is not learnt as normal. Reads no clock.
"""

from __future__ import annotations

from rules.core.state import Trend

SHOWN = 10  # values kept for the eye
WEIGHT = 0.05  # of the newest value in mean and spread
SLACK = 1.0
ALARM = 6.0
LEARNS = 2.0  # spreads by which one value may pull the baseline
HIGHEST = 9.0  # the sum goes no further, so that it comes down again soon
NEW_NORMAL = 14  # alarms in a row after which the level is the station's new normal, learnt afresh
MOST = 4.0  # one value counts no more than this many spreads: a single outlier is no trend


def push(trend: Trend, value: float, *, least: int, floor: float) -> bool:
    """Take in a value; True when the rise is a trend. `least`: values that make a baseline; `floor`: the
    smallest spread that counts, in the unit of the value."""
    trend.recent = [*trend.recent, value][-SHOWN:]
    if trend.n < least:
        trend.n += 1
        delta = value - trend.mean
        trend.mean += delta / trend.n
        if trend.n > 1:  # the first value has nothing to differ from
            trend.spread += (abs(delta) - trend.spread) / (trend.n - 1)
        return False
    away = (value - trend.mean) / max(trend.spread, floor)
    trend.cusum = min(HIGHEST, max(0.0, trend.cusum + min(away, MOST) - SLACK))
    if trend.cusum <= ALARM:
        step = max(-LEARNS, min(away, LEARNS)) * max(trend.spread, floor)
        trend.mean += WEIGHT * step
        trend.spread += WEIGHT * (abs(step) - trend.spread)
    trend.alarms = trend.alarms + 1 if trend.cusum > ALARM else 0
    if trend.alarms > NEW_NORMAL:
        trend.n, trend.cusum, trend.alarms = 0, 0.0, 0
    return trend.alarms > 0


def shown(trend: Trend) -> str:
    """The last values, oldest first, for a person to see the rise."""
    return ", ".join(f"{value:g}" for value in (round(v, 2) for v in trend.recent))
