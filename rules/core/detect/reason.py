"""Faults that the end of a session, or the trigger of an update, names.

Decides by the catalogue's tables of reasons. Kept among the connector's faults, so that the next report
without an error ends them; where the end tells no place (OCPP 2.x tells it once), the connector that says
Faulted right after is the one. Power lost in session after session is the supply's.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.facts import noise
from rules.core.model import SessionEnded, SessionUpdated, StatusReported
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState, StationState

RULE = "session.reason"
RULE_POWER = "session.power_losses"
POWER = "electrical.power_unsteady"
DAY_S = 86_400.0
KEEP = 20
PLACED_S = 120.0


def detect(
    obs: SessionEnded | SessionUpdated,
    station: StationState,
    conn: ConnectorState | None,
    ctx: Context,
) -> list[Signal]:
    """The stop reason of an end, the trigger of an update. A message from a queue is history."""
    if isinstance(obs, SessionEnded):
        field, word = "stop_reason", obs.reason
    else:
        field, word = "trigger", obs.trigger
    match = ctx.catalog.match_word(field, word)
    if match is None or noise.is_late(obs, station, ctx.policy):
        return []
    if conn is None:
        station.unplaced = (match.fault, obs.at)
        return []
    conn.faults.setdefault(match.fault, obs.at)
    return [
        Raise(
            fault=match.fault,
            rule=RULE,
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            confidence=match.confidence,
            evidence=(proof(obs, "reason", code=match.code),),
        )
    ]


def named(obs: StatusReported, station: StationState) -> str | None:
    """The fault that a session's end named just before, for the connector that now says Faulted."""
    if station.unplaced is None:
        return None
    fault, at = station.unplaced
    station.unplaced = None
    return fault if obs.at - at <= timedelta(seconds=PLACED_S) else None


def power_lost(obs: SessionEnded, station: StationState, ctx: Context) -> list[Signal]:
    """Ends for want of power; told after the boot that follows, so late ones count as well."""
    if (obs.reason or "").casefold() != "powerloss":
        return []
    station.power_losses = keep_recent(station.power_losses, obs.at, DAY_S)[-KEEP:]
    times = len(station.power_losses)
    if times < ctx.limit("session.power_losses"):
        return []
    evidence = (proof(obs, "power_lost", times=times),)
    return [Raise(fault=POWER, rule=RULE_POWER, station=obs.station, evidence=evidence)]
