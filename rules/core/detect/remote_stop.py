"""Sessions that the back end cannot stop: refused while they run, or asked for under a number not theirs.

Decides from the answer and the sessions known. A session that has just ended needs no stopping: a refusal
then is right, unless the back end goes on asking.
"""

from __future__ import annotations

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import CommandAnswered
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "command.stop_refused"
FAULT = "backend.remote_stop_refused"
ACTIONS = ("remotestoptransaction", "requeststoptransaction")
OVER = "over"
WINDOW_S = 3600.0
KEEP_REFS = 8


def place_of(ref: str | None, station: StationState) -> tuple[int | None, int | None]:
    """Where the session with this number runs; nowhere when no such session is open."""
    for session in station.sessions.values():
        if ref is not None and session.row.ref == ref:
            return session.row.evse, session.row.connector
    return None, None


def session_over(ref: str | None, station: StationState) -> None:
    """Remember a session that ended, and that nobody need stop it any more."""
    if ref:
        station.ended_refs = [*(one for one in station.ended_refs if one != ref), ref][-KEEP_REFS:]


def answered(
    obs: CommandAnswered,
    ref: str | None,
    place: tuple[int | None, int | None],
    station: StationState,
    ctx: Context,
) -> list[Signal]:
    """`ref`: the number that the back end named; `place`: where its session runs."""
    status = (obs.status or "").casefold()
    if status == "accepted":
        station.refusals.pop(OVER, None)
        evidence = proof(obs, "stop_accepted")
        keys = {place_key(obs.station, *one, FAULT) for one in (place, (None, None))}
        return [Clear(key=key, evidence=evidence) for key in sorted(keys)]
    if status != "rejected":
        return []
    if place[0] is not None:
        return [_raise(obs, place, "stop_refused")]
    return _over(obs, ref, station, ctx) if ref in station.ended_refs else _not_known(obs, ref, station)


def _over(obs: CommandAnswered, ref: str | None, station: StationState, ctx: Context) -> list[Signal]:
    times = keep_recent(station.refusals.get(OVER, []), obs.at, WINDOW_S)[-KEEP_REFS:]
    station.refusals[OVER] = times
    again = len(times) >= ctx.limit("command.stops_of_ended")
    return [_raise(obs, (None, None), "stop_of_ended", ref=ref, times=len(times))] if again else []


def _not_known(obs: CommandAnswered, ref: str | None, station: StationState) -> list[Signal]:
    nowhere = (None, None)
    running = [session.row.ref for session in station.sessions.values()]
    if not running:
        return [_raise(obs, nowhere, "stop_refused_unseen", weak=True)]
    if ref is None or None in running:
        return []  # the number of one of them is not known: it may be the one
    return [_raise(obs, nowhere, "stop_other_number", weak=True, told=ref, given=running[-1])]


def _raise(
    obs: CommandAnswered,
    place: tuple[int | None, int | None],
    says: str,
    *,
    weak: bool = False,
    **values: object,
) -> Raise:
    """`weak`: the session asked for was not seen, so that it may be over already."""
    return Raise(
        fault=FAULT,
        rule=RULE,
        station=obs.station,
        evse=place[0],
        connector=place[1],
        weak=weak,
        evidence=(proof(obs, says, **values),),
    )
