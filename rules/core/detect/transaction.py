"""Transactions that do not add up: a stop that nobody knows, sent for ever, or numbers that got lost.

A stop without its start is no fault by itself: the start may lie before we began to look. A stop under
a number other than the back end gave to the same card's running session is one at once, and so are
readings that go on under another number than the only session's.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.facts.noise import is_late
from rules.core.facts.sessions import LOST_REFS
from rules.core.model import MeterRead, SessionEnded
from rules.core.signals import Raise, Signal
from rules.core.state import StationState

RULE = "session.reference"
RULE_OTHER = "session.other_number"
RULE_METERED = "session.metered_other"
UNKNOWN = "session.unknown_stop"
LOST = "session.lost_reference"
DAY_S = 86_400.0
KEEP = 50
METERED = 2  # readings in a row under another number


def on_session_end(
    obs: SessionEnded, station: StationState, outcome: str | None, ctx: Context, *, named: bool = False
) -> list[Signal]:
    """`named`: the station itself gave the session its name, so that no name is a lost one (2.x)."""
    if outcome != "orphan":
        station.had_session = True
    if not named and (obs.ref is None or obs.ref in LOST_REFS):
        station.lost_refs = keep_recent(station.lost_refs, obs.at, DAY_S)[-KEEP:]
        times = len(station.lost_refs)
        few = times <= ctx.limit("session.lost_references")
        return [_raise(obs, LOST, "references_lost", weak=few, times=times)]
    if outcome != "orphan" or not obs.ref:
        return []
    since = obs.at - timedelta(seconds=DAY_S)
    stops = [s for s in station.unknown_stops if s[0] > since][-KEEP:]
    stops.append((obs.at, obs.ref))
    station.unknown_stops = stops
    same = sum(1 for _, ref in stops if ref == obs.ref)
    if same >= ctx.limit("session.stop_repeats"):
        return [_raise(obs, UNKNOWN, "stop_again", ref=obs.ref, times=same)]
    watched = (obs.at - station.first_seen).total_seconds() >= DAY_S and station.had_session
    return [_raise(obs, UNKNOWN, "stop_unknown", ref=obs.ref)] if watched else []


def other_number(obs: SessionEnded, station: StationState) -> list[Signal]:
    """To be asked before the end is noted: which number did the back end give to this session?"""
    if len(station.sessions) != 1:
        return []
    row = next(iter(station.sessions.values())).row
    if row.ref is None or obs.ref == row.ref or row.token is None:
        return []
    # Stations count sessions of their own downwards from zero; no back end gives such a number.
    lost = obs.ref is None or obs.ref in LOST_REFS or obs.ref.startswith("-")
    if obs.token != row.token and not (lost and obs.token is None):
        return []
    evidence = proof(obs, "other_number", given=row.ref, told=obs.ref)
    return [Raise(fault=LOST, rule=RULE_OTHER, station=obs.station, evidence=(evidence,))]


def metered(obs: MeterRead, station: StationState, ctx: Context) -> list[Signal]:
    """Readings that do not name the session that runs where they were taken."""
    if obs.ref is None or obs.ref in LOST_REFS or obs.ref in station.ended_refs or len(station.sessions) != 1:
        return []
    session = next(iter(station.sessions.values()))
    row = session.row
    same_place = obs.evse is None or row.evse in (None, obs.evse)
    if row.ref is None or session.message_id is None or not same_place or is_late(obs, station, ctx.policy):
        return []  # what a station measured while it was offline bears a number of its own
    if obs.ref == row.ref:
        session.other_refs = 0
        return []
    session.other_refs += 1
    if session.other_refs < METERED:
        return []
    evidence = proof(obs, "metered_other", given=row.ref, told=obs.ref, times=session.other_refs)
    return [Raise(fault=LOST, rule=RULE_METERED, station=obs.station, evidence=(evidence,))]


def _raise(obs: SessionEnded, fault: str, says: str, *, weak: bool = False, **values: object) -> Raise:
    evidence = (proof(obs, says, **values),)
    return Raise(fault=fault, rule=RULE, station=obs.station, weak=weak, evidence=evidence)
