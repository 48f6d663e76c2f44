"""A back end that answers late, not at all, or cannot be reached: the platform's, never the station's.

Decides from what the tap saw and from answers whose question we saw. One slow answer is none.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import BackEndTrouble, BootAnswered, Observation, SessionAccepted
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "back_end.answers"
SLOW = "backend.slow_answers"
UNREACHED = "backend.unreachable"
LATE = ("slow", "unanswered")
AWAY = ("refused", "unreachable")
KEEP = 50
SAME_S = 1.0


def troubled(obs: BackEndTrouble, station: StationState, ctx: Context) -> list[Signal]:
    if obs.event in LATE:
        return _late(obs, station, obs.action, obs.waited_s, ctx)
    if obs.event not in AWAY:
        return []
    station.unreached = keep_recent(station.unreached, obs.at, ctx.limit("backend.window_s"))[-KEEP:]
    if len(station.unreached) < ctx.limit("backend.unreachable_times"):
        return []
    return [
        Raise(
            fault=UNREACHED,
            rule=RULE,
            station=obs.station,
            evidence=(
                proof(obs, "back_end_away", event=obs.event, code=obs.code, times=len(station.unreached)),
            ),
        )
    ]


def answered(
    obs: BootAnswered | SessionAccepted,
    asked_at: datetime | None,
    action: str,
    station: StationState,
    ctx: Context,
) -> list[Signal]:
    """`asked_at`: when the question came, None where it was not seen."""
    signals: list[Signal] = []
    if station.unreached:
        station.unreached = []
        key = place_key(obs.station, None, None, UNREACHED)
        signals.append(Clear(key=key, evidence=proof(obs, "back_end_answers", action=action)))
    waited = None if asked_at is None else (obs.at - asked_at).total_seconds()
    if waited is not None and waited >= ctx.limit("backend.slow_s"):
        signals += _late(obs, station, action, waited, ctx)
    return signals


def _late(
    obs: Observation, station: StationState, action: str | None, waited_s: float | None, ctx: Context
) -> list[Signal]:
    if station.slow and abs((obs.at - station.slow[-1]).total_seconds()) < SAME_S:
        return []  # the tap and the frames tell of the same answer
    station.slow = keep_recent(station.slow, obs.at, ctx.limit("backend.window_s"))[-KEEP:]
    if len(station.slow) < ctx.limit("backend.slow_times"):
        return []
    waited = None if waited_s is None else round(waited_s)
    return [
        Raise(
            fault=SLOW,
            rule=RULE,
            station=obs.station,
            evidence=(proof(obs, "slow_answer", action=action, waited_s=waited, times=len(station.slow)),),
        )
    ]
