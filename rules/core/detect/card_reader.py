"""A card reader that nobody uses any more: every session is started from afar, for long, while cards are read
at other stations of the site.

Decides early and softly. A site where everybody uses an app says nothing, nor does a station nobody visits.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect import remote_start
from rules.core.detect.context import Context, proof
from rules.core.model import SessionStarted
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "reader.unused"
FAULT = "imminent.card_reader"


def on_start(obs: SessionStarted, station: StationState, ctx: Context) -> list[Signal]:
    if not obs.token:
        return []
    if not remote_start.is_own(obs, station):
        told = station.remote_sessions >= ctx.limit("reader.sessions")
        station.card_at, station.remote_sessions = obs.at, 0
        key = place_key(obs.station, None, None, FAULT)
        return [Clear(key=key, evidence=proof(obs, "card_read"))] if told else []
    station.remote_sessions += 1
    since = station.card_at or station.first_seen
    if station.remote_sessions < ctx.limit("reader.sessions"):
        return []
    if obs.at - since < timedelta(days=ctx.limit("reader.days")):
        return []
    readers = [name for name in _neighbours(obs.station, ctx) if _read_since(name, since, ctx)]
    if not readers:
        return []
    days = (obs.at - since).days
    values = {"sessions": station.remote_sessions, "days": days, "others": len(readers)}
    evidence = (proof(obs, "reader_unused", **values),)
    return [Raise(fault=FAULT, rule=RULE, station=obs.station, evidence=evidence)]


def _neighbours(name: str, ctx: Context) -> set[str]:
    asset = ctx.register.get(name)
    return ctx.sites.get(asset.site, set()) - {name} if asset is not None and asset.site else set()


def _read_since(name: str, since: object, ctx: Context) -> bool:
    other = ctx.state.stations.get(name)
    return other is not None and other.card_at is not None and other.card_at > since  # type: ignore[operator]
