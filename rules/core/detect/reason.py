"""Faults that the end of a session, or the trigger of an update, names.

Decides by the catalogue's tables of reasons. Kept among the connector's faults, so that the next report
without an error ends them.
"""

from __future__ import annotations

from rules.core import noise
from rules.core.detect.context import Context, proof
from rules.core.model import SessionEnded, SessionUpdated
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState, StationState

RULE = "session.reason"


def detect(
    obs: SessionEnded | SessionUpdated,
    station: StationState,
    conn: ConnectorState,
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
