"""Commands that a station refuses again and again, and refusals of which the question was not seen.

Decides from answers in a row. Limits, resets and availability must be taken, and a trigger that is refused
time after time should not be asked any more; other refusals (a setting that cannot be written, Operative
where the station works anyway) are honest answers. What a station took since is forgiven. One limit refused
is a weak sign, and none where the limit was for a session that does not run.
"""

from __future__ import annotations

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import CommandAnswered, Status
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "command.refused_again"
RULE_UNSEEN = "command.refused_unseen"
RULE_LIMIT = "command.limit_refused"
FAULT = "backend.commands_refused"
WINDOW_S = 3600.0
PROFILE = "setchargingprofile"
STARTS = ("remotestarttransaction", "requeststarttransaction")
AVAILABILITY = "changeavailability"
LIMITS = {
    PROFILE: "command.profile_refusals",
    "reset": "command.reset_refusals",
    **dict.fromkeys(STARTS, "command.start_refusals"),
    AVAILABILITY: "command.availability_refusals",
    "triggermessage": "command.trigger_refusals",
    "extendedtriggermessage": "command.trigger_refusals",
}
TRIGGERS = ("triggermessage", "extendedtriggermessage")
NOT_DONE = ("notimplemented", "notsupported")
TAKEN = ("accepted", "scheduled", "rebootrequired", "unlocked")
# Purposes of a limit that a station can take at any time; TxProfile needs a session (OCPP 1.6, 5.16).
ANY_TIME = (
    *("chargepointmaxprofile", "chargingstationmaxprofile", "txdefaultprofile"),
    "chargingstationexternalconstraints",
)
UNSEEN = "unseen"
UNSEEN_AGAIN = 3
KEEP = 20


def answered(obs: CommandAnswered, about: str | None, station: StationState, ctx: Context) -> list[Signal]:
    """`about`: what the command was about, where that is known."""
    status = (obs.status or "").casefold()
    action = obs.action.casefold()
    name = f"{obs.action}:{about}" if action in TRIGGERS and about else obs.action
    if status in TAKEN:
        station.took = True
        gone = [one for one in (name, UNSEEN) if station.refusals.pop(one, None) is not None]
        return [
            Clear(key=place_key(obs.station, None, None, FAULT, one), evidence=proof(obs, "command_taken"))
            for one in gone
        ]
    if status != "rejected" and not (action in TRIGGERS and status in NOT_DONE):
        return []
    if not action:
        return _unseen(obs, station)
    limit = LIMITS.get(action)
    if limit is None or not _matters(action, about, station):
        return []
    times = keep_recent(station.refusals.get(name, []), obs.at, WINDOW_S)[-KEEP:]
    station.refusals[name] = times
    if len(times) < ctx.limit(limit):
        return _limit(obs, about, station) if action == PROFILE else []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            suffix=name,
            evidence=(proof(obs, "refused_in_a_row", action=name, times=len(times)),),
        )
    ]


def _matters(action: str, about: str | None, station: StationState) -> bool:
    """Whether the availability asked for is another than there is; whether a start asked for could be made:
    nothing runs and nothing is broken."""
    conns = station.connectors.values()
    if action in STARTS:
        return not station.sessions and not any(conn.faults for conn in conns)
    if action == AVAILABILITY and (about or "").casefold() == "operative":
        return any(conn.status is Status.UNAVAILABLE for conn in conns)
    return True


def _limit(obs: CommandAnswered, about: str | None, station: StationState) -> list[Signal]:
    """One limit refused: wrong kind, unit or stack level, or a station that is not set to take any."""
    if (about or "").casefold() not in ANY_TIME and not station.sessions:
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE_LIMIT,
            station=obs.station,
            suffix=obs.action,
            weak=True,
            evidence=(proof(obs, "limit_refused", about=about),),
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
