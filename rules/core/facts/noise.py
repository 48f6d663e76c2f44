"""Reports that are no fault: sent again from a queue, or the stutter after a boot.

Decides whether a status report is history rather than news. Never drops the report itself: intervals are
still recorded, only judgement ignores it.
"""

from __future__ import annotations

from rules.core.model import Observation, StatusReported
from rules.core.policy import Policy
from rules.core.state import ConnectorState, StationState

LAG_LIMIT_S = 366 * 86_400.0  # beyond this the station's clock is simply wrong


def lag_of(obs: Observation) -> float | None:
    """Seconds from the station's own time stamp to our receipt; None where it gave none."""
    return None if obs.station_at is None else (obs.at - obs.station_at).total_seconds()


def learn_lag(obs: StatusReported, station: StationState) -> None:
    """Remember the smallest lag, creeping up so that a clock set back is forgiven in time."""
    lag = lag_of(obs)
    if lag is None or abs(lag) > LAG_LIMIT_S:
        return
    if station.lag_s is None or lag < station.lag_s:
        station.lag_s = lag
    else:
        station.lag_s += min(1.0, (lag - station.lag_s) * 0.01)


def mark_of(obs: StatusReported) -> str | None:
    """Identity of an error report by the station's own time; None where it gave none."""
    if obs.station_at is None:
        return None
    return f"{obs.station_at.isoformat()}|{obs.error_code}|{obs.vendor_error}"


def is_resent(obs: StatusReported, station: StationState, conn: ConnectorState, policy: Policy) -> bool:
    """An old error sent again: the same station time as one already handled and since gone, or far older than
    this station's usual lag explains."""
    mark = mark_of(obs)
    if mark is None:
        return False
    if mark == conn.handled and not conn.faults:
        return True
    lag = lag_of(obs)
    return (
        lag is not None
        and abs(lag) <= LAG_LIMIT_S
        and station.lag_s is not None
        and lag - station.lag_s > policy.stale_report_s
    )


def is_late(obs: Observation, station: StationState, policy: Policy) -> bool:
    """A frame that was queued while the station was offline: older than its usual lag explains."""
    lag = lag_of(obs)
    if lag is None or abs(lag) > LAG_LIMIT_S:
        return False
    return lag - (station.lag_s or 0.0) > policy.stale_report_s


def just_booted(obs: StatusReported, station: StationState, policy: Policy) -> bool:
    """Within the seconds after a boot in which stations report states that mean nothing."""
    booted = station.booted_at
    return booted is not None and 0 <= (obs.at - booted).total_seconds() <= policy.boot_noise_s
