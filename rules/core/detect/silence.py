"""A station that says nothing: any frame from it resets the clock, answers as well as requests.

Decides the limit and the moment. The tolerance keeps a heartbeat that is seconds late from being an outage.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.core.model import Evidence
from rules.core.policy import Policy
from rules.core.signals import Raise
from rules.core.state import StationState

RULE = "link.silence"
GUESSED = "guessed"
BEATS = 3  # heartbeats that show a rhythm nobody told us of
FAULT = "station.offline"


def limit_s(heartbeat_s: int | None, policy: Policy) -> float:
    """Seconds of silence allowed: `max(factor x interval, minimum) + tolerance`."""
    interval = heartbeat_s if heartbeat_s and heartbeat_s > 0 else policy.default_heartbeat_s
    return max(policy.offline_factor * interval, policy.offline_min_s) + policy.silence_tolerance_s


def deadline(station: StationState, blind_until: datetime | None) -> datetime:
    """When the station counts as offline. What we could not see ourselves is not its silence."""
    since = station.last_in
    if blind_until is not None and blind_until > since:
        since = blind_until
    return since + timedelta(seconds=station.limit_s)


def silent_since(station: StationState) -> datetime:
    """The best guess of when it was lost: when its connection broke, else its last frame."""
    gone = station.disconnected_at
    if station.connected is False and gone is not None and gone >= station.last_in:
        return gone
    return station.last_in


def _guessed(station: StationState) -> bool:
    """Whether the limit is a mere guess: no link was seen, no interval told, and no rhythm shown."""
    return station.connected is None and station.heartbeat_s is None and station.beats < BEATS


def offline(name: str, station: StationState, at: datetime) -> Raise:
    """The signal, with the last frame and the broken connection as proof."""
    evidence = [
        Evidence(
            at=station.last_in,
            says="silent",
            values={
                "since": station.last_in.isoformat(),
                "limit_s": round(station.limit_s),
                **({GUESSED: True} if _guessed(station) else {}),
            },
        )
    ]
    if station.connected is False and station.disconnected_at is not None:
        evidence.append(Evidence(at=station.disconnected_at, says="disconnected"))
    elif station.connected:
        evidence.append(Evidence(at=at, says="connection_dead"))
    return Raise(fault=FAULT, rule=RULE, station=name, evidence=tuple(evidence))
