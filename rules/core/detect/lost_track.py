"""A back end that lost track of a station: it waits in vain for answers although the station talks, or asks
on over a connection that is long dead until the station connects anew.

Decides from time-outs that the back end itself tells, or from commands without an answer in the record. One
is none, and silence on both sides is the link's, never the back end's.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import CommandUnanswered, Connected
from rules.core.signals import Raise, Signal
from rules.core.state import StationState

RULE = "back_end.lost_track"
FAULT = "backend.lost_track"
LEAST = 2
LEAST_SEEN = 3  # without an answer in the record: some logs leave answers out
KEEP = 20


def unanswered(obs: CommandUnanswered, station: StationState, ctx: Context) -> list[Signal]:
    if obs.waited_s is not None:
        since = ctx.limit("backend.lost_track_s")
        station.ignored = keep_recent(station.ignored, obs.at, since)[-KEEP:]
        ignored = len(station.ignored)
        return [_raise(obs, "commands_ignored", ignored)] if ignored >= LEAST_SEEN else []
    before = station.timeouts
    station.timeouts = keep_recent(before, obs.at, ctx.limit("backend.lost_track_s"))[-KEEP:]
    if len(station.timeouts) < LEAST or not station.timeouts[-2] < station.last_in <= obs.at:
        return []
    return [_raise(obs, "times_out_though_talking", len(station.timeouts))]


def connected(obs: Connected, station: StationState, ctx: Context) -> list[Signal]:
    """To be asked before the connection is noted. A connection that was seen to end is not half open."""
    since = obs.at - timedelta(seconds=ctx.limit("backend.lost_track_s"))
    times = [at for at in station.timeouts if at > since]
    station.timeouts = []
    gone = station.disconnected_at
    if len(times) < LEAST or (gone is not None and gone >= times[0]):
        return []
    return [_raise(obs, "half_open", len(times))]


def _raise(obs: CommandUnanswered | Connected, says: str, times: int) -> Raise:
    return Raise(fault=FAULT, rule=RULE, station=obs.station, evidence=(proof(obs, says, times=times),))
