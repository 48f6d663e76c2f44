"""Whether a value leaves what is normal for this very station: its own mean and spread, and a sum of excess.

Decides by an exponentially weighted mean and a one-sided CUSUM (Page 1954; slack half a spread, alarm at 4).
While the sum runs up the baseline stands still, so that a slow rise is not learnt as normal. Reads no clock.
"""

from __future__ import annotations

from rules.core.state import Trend

SHOWN = 10  # values kept for the eye
WEIGHT = 0.15  # of the newest value in mean and spread
SLACK = 0.5
ALARM = 4.0
MOST = 4.0  # one value counts no more than this many spreads: a single outlier is no trend


def push(trend: Trend, value: float, *, least: int, floor: float) -> bool:
    """Take in a value; True when the rise is a trend. `least`: values that make a baseline; `floor`: the
    smallest spread that counts, in the unit of the value."""
    trend.recent = [*trend.recent, value][-SHOWN:]
    if trend.n < least:
        trend.n += 1
        delta = value - trend.mean
        trend.mean += delta / trend.n
        trend.spread += (abs(delta) - trend.spread) / trend.n
        return False
    away = (value - trend.mean) / max(trend.spread, floor)
    trend.cusum = max(0.0, trend.cusum + min(away, MOST) - SLACK)
    if trend.cusum == 0.0:
        trend.mean += WEIGHT * (value - trend.mean)
        trend.spread += WEIGHT * (abs(value - trend.mean) - trend.spread)
    return trend.cusum > ALARM


def shown(trend: Trend) -> str:
    """The last values, oldest first, for a person to see the rise."""
    return ", ".join(f"{value:g}" for value in (round(v, 2) for v in trend.recent))
