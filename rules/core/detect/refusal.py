"""Commands that a station refuses again and again, and refusals of which the question was not seen.

Decides from answers in a row. Limits and resets must be taken; other refusals (a setting that cannot be
written, a message that cannot be triggered) are honest answers. What a station took since is forgiven.
"""

from __future__ import annotations

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import CommandAnswered
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "command.refused_again"
RULE_UNSEEN = "command.refused_unseen"
FAULT = "backend.commands_refused"
WINDOW_S = 3600.0
LIMITS = {"setchargingprofile": "command.profile_refusals", "reset": "command.reset_refusals"}
TAKEN = ("accepted", "scheduled", "rebootrequired", "unlocked")
UNSEEN = "unseen"
UNSEEN_AGAIN = 3
KEEP = 20


def answered(obs: CommandAnswered, station: StationState, ctx: Context) -> list[Signal]:
    status = (obs.status or "").casefold()
    action = obs.action.casefold()
    if status in TAKEN:
        station.took = True
        gone = [name for name in (obs.action, UNSEEN) if station.refusals.pop(name, None) is not None]
        return [
            Clear(key=place_key(obs.station, None, None, FAULT, name), evidence=proof(obs, "command_taken"))
            for name in gone
        ]
    if status != "rejected":
        return []
    if not action:
        return _unseen(obs, station)
    limit = LIMITS.get(action)
    if limit is None:
        return []
    times = keep_recent(station.refusals.get(obs.action, []), obs.at, WINDOW_S)[-KEEP:]
    station.refusals[obs.action] = times
    if len(times) < ctx.limit(limit):
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            suffix=obs.action,
            evidence=(proof(obs, "refused_in_a_row", action=obs.action, times=len(times)),),
        )
    ]


def _unseen(obs: CommandAnswered, station: StationState) -> list[Signal]:
    """Nothing but refusals: one says little, and nothing once the station took any command."""
    if station.took:
        return []
    times = keep_recent(station.refusals.get(UNSEEN, []), obs.at, WINDOW_S)[-KEEP:]
    station.refusals[UNSEEN] = times
    again = len(times) >= UNSEEN_AGAIN
    return [
        Raise(
            fault=FAULT,
            rule=RULE_UNSEEN,
            station=obs.station,
            suffix=UNSEEN,
            weak=not again,
            confidence=0.6 if again else None,
            evidence=(proof(obs, "refused_unseen", times=len(times)),),
        )
    ]
