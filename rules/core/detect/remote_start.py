"""Remote starts that come to nothing: accepted, a car is plugged in, and no session follows; or the back end
refuses the very card with which it asked for the start.

Without a car there is nobody to charge and no fault. The first is looked at when its time is up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.core.detect.context import Context, proof
from rules.core.model import Authorised, CommandSent, Evidence, Observation, SessionStarted, Status
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import RemoteStart, StationState

TIMER = "remote"
RULE = "command.start_without_session"
FAULT = "charging.remote_no_start"
RULE_CARD = "auth.own_card"
CARD = "auth.card_refused"
OWN_S = 300.0
SURE = 0.85
PLUGGED = (Status.PREPARING, Status.OCCUPIED)


def asked(obs: CommandSent, station: StationState) -> None:
    """A start is asked of the station."""
    station.remote = RemoteStart(
        asked_at=obs.at, token=obs.about or "", evse=obs.evse, connector=obs.connector
    )


def taken(obs: Observation, station: StationState, ctx: Context) -> None:
    """The station agreed: give it time."""
    if station.remote is not None:
        station.remote.due = obs.at + timedelta(seconds=ctx.limit("remote.no_session_s"))
        ctx.timers.set(station.remote.due, TIMER, obs.station)


def began(obs: SessionStarted, station: StationState) -> list[Signal]:
    remote = station.remote
    if remote is None or remote.due is None:
        return []
    remote.due = None
    key = place_key(obs.station, remote.evse, remote.connector, FAULT)
    return [Clear(key=key, evidence=proof(obs, "session_began"))] if remote.told else []


def time_is_up(name: str, station: StationState, due: datetime) -> list[Signal]:
    remote = station.remote
    if remote is None or remote.due != due or station.link != "online":
        return []
    here = [
        conn
        for conn in station.connectors.values()
        if conn.connector != 0 and remote.evse in (None, 0, conn.evse)
    ]
    if not any(conn.status in PLUGGED for conn in here) or any(conn.faults for conn in here):
        return []
    remote.told = True
    waited = round((due - remote.asked_at).total_seconds())
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=name,
            evse=remote.evse,
            connector=remote.connector,
            evidence=(Evidence(at=due, says="remote_no_session", values={"seconds": waited}),),
        )
    ]


def own_card(obs: Authorised, token: str, station: StationState) -> list[Signal]:
    """The card refused is the one that the back end itself named moments before."""
    remote = station.remote
    if remote is None or not token or remote.token != token:
        return []
    if (obs.at - remote.asked_at).total_seconds() > OWN_S:
        return []
    return [
        Raise(
            fault=CARD,
            rule=RULE_CARD,
            station=obs.station,
            confidence=SURE,
            evidence=(proof(obs, "refused_own_start", outcome=obs.outcome),),
        )
    ]


def is_own(obs: SessionStarted, station: StationState) -> bool:
    """Whether a session was started from afar, not with a card."""
    remote = station.remote
    return remote is not None and (obs.at - remote.asked_at).total_seconds() <= OWN_S
