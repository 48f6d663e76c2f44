"""Answers to commands that tell of a fault: a lock that will not open, a start refused at a free connector.

Decides from the answer and what the connector reported last. A refusal at a busy connector is no fault; where
nothing was reported yet it is one, told with less confidence. Settings sent in a storm are the back end's own
fault.
"""

from __future__ import annotations

from rules.core.detect import imminent, refusal, remote_start, remote_stop
from rules.core.detect.context import Context, proof
from rules.core.model import CommandAnswered, CommandSent, Status
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE_UNLOCK = "command.unlock_failed"
RULE_START = "command.start_refused"
UNLOCK = "connector.unlock_failed"
START = "backend.remote_start_refused"
STARTS = ("remotestarttransaction", "requeststarttransaction")
UNSEEN_DISCOUNT = 0.1
FREE = (Status.AVAILABLE, Status.PREPARING, Status.OCCUPIED)
RULE_STORM = "command.storm"
STORM = "backend.command_storm"
SETTINGS = ("changeconfiguration", "setvariables")
TAKEN = ("accepted", "scheduled")
KEEP = 50  # commands without an answer that are remembered


def on_sent(obs: CommandSent, station: StationState, ctx: Context) -> list[Signal]:
    """Remember what was asked, so that the answer can be placed; count settings that come too fast."""
    # A boot that was asked for is no boot (see reboot).
    station.command = f"{obs.action}:{obs.about}" if obs.about == "BootNotification" else obs.action
    station.command_at = obs.at
    evse, connector = obs.evse, obs.connector
    action = obs.action.casefold()
    if action in remote_stop.ACTIONS:
        evse, connector = remote_stop.place_of(obs.about, station)
    station.commands[obs.message_id] = (obs.action, evse, connector, obs.at)
    while len(station.commands) > KEEP:
        oldest = next(iter(station.commands))
        station.asked_about.pop(oldest, None)
        del station.commands[oldest]
    if obs.about is not None:
        station.asked_about[obs.message_id] = obs.about
    if action in STARTS:
        remote_start.asked(obs, station)
    if action == "setchargingprofile":
        station.profile_at = obs.at
    elif action == "clearchargingprofile":
        station.profile_at = None
    return _storm(obs, station, ctx) if action in SETTINGS else []


def _storm(obs: CommandSent, station: StationState, ctx: Context) -> list[Signal]:
    last, station.storm_at = station.storm_at, obs.at
    close = last is not None and (obs.at - last).total_seconds() < ctx.limit("command.storm_gap_s")
    station.storm_n = station.storm_n + 1 if close else 1
    if station.storm_n != ctx.limit("command.storm_least"):
        return []  # once for each storm
    return [
        Raise(
            fault=STORM,
            rule=RULE_STORM,
            station=obs.station,
            evidence=(proof(obs, "command_storm", action=obs.action, times=station.storm_n),),
        )
    ]


def on_answered(obs: CommandAnswered, station: StationState, ctx: Context) -> list[Signal]:
    asked = station.commands.pop(obs.message_id, None)
    about = station.asked_about.pop(obs.message_id, None)
    evse, connector = (asked[1], asked[2]) if asked is not None else (None, None)
    action, status = obs.action.casefold(), (obs.status or "").casefold()
    signals = refusal.answered(obs, about, station, ctx)
    if action == "unlockconnector":
        return [*signals, *_unlock(obs, status, evse, connector, station, ctx)]
    if action == "reset" and status in TAKEN:
        station.reset_at = obs.at
    if action in STARTS:
        if status == "accepted":
            remote_start.taken(obs, station, ctx)
        return [*signals, *_start(obs, (evse, connector), station, ctx)]
    if action in remote_stop.ACTIONS:
        return [*signals, *remote_stop.answered(obs, about, (evse, connector), station, ctx)]
    return signals


def _unlock(  # noqa: PLR0917  (what was asked and what came of it)
    obs: CommandAnswered,
    status: str,
    evse: int | None,
    connector: int | None,
    station: StationState,
    ctx: Context,
) -> list[Signal]:
    key = place_key(obs.station, evse, connector, UNLOCK)
    if status == "unlockfailed":
        return [
            Raise(
                fault=UNLOCK,
                rule=RULE_UNLOCK,
                station=obs.station,
                evse=evse,
                connector=connector,
                evidence=(proof(obs, "unlock_failed"),),
            )
        ]
    if status != "unlocked":
        return []
    slower = [] if obs.waited_s is None else imminent.on_unlock(obs, station, obs.waited_s, ctx)
    return [Clear(key=key, evidence=proof(obs, "unlocked")), *slower]


def _start(
    obs: CommandAnswered, place: tuple[int | None, int | None], station: StationState, ctx: Context
) -> list[Signal]:
    evse, connector = place
    status = (obs.status or "").casefold()
    if status == "accepted":
        key = place_key(obs.station, evse, connector, START)
        return [Clear(key=key, evidence=proof(obs, "start_accepted"))]
    unseen = not any(c.evse == evse or not evse for c in station.connectors.values() if c.connector)
    if status != "rejected" or not (unseen or _is_free(station, evse, connector)):
        return []
    sure = ctx.catalog.fault(START).confidence
    return [
        Raise(
            fault=START,
            rule=RULE_START,
            station=obs.station,
            evse=evse,
            connector=connector,
            confidence=sure - UNSEEN_DISCOUNT if unseen else sure,
            evidence=(proof(obs, "start_refused_unseen" if unseen else "start_refused"),),
        )
    ]


def _is_free(station: StationState, evse: int | None, connector: int | None) -> bool:
    """The connector asked for (any, where none was named) is reported free and has no open session."""
    for conn in station.connectors.values():
        if conn.connector == 0 or (evse not in (None, 0) and conn.evse != evse):
            continue
        if connector not in (None, 0) and conn.connector != connector:
            continue
        busy = any(s.row.evse == conn.evse for s in station.sessions.values())
        if conn.status in FREE and not busy and not conn.faults:
            return True
    return False
