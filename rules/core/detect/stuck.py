"""Statuses that last too long: Preparing, Finishing, SuspendedEVSE, and Available with a session still open.

Decides when the time is up, from what is known then. A parked car is no fault, nor is a pause that a limit or
a neighbour explains. Time that we or the link could not see is not counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.core.detect.context import Context, passed, shows
from rules.core.detect.live_events import named_by_event
from rules.core.detect.phase import session_here, shown
from rules.core.model import Evidence, Observation, SessionEnded, SessionStarted, Status
from rules.core.signals import Raise, Signal
from rules.core.state import ConnectorState, StationState

PREPARING = "driver.preparing_stuck"
NO_START = "charging.no_start"
FINISHING = "connector.finishing_stuck"
SUSPENDED = "charging.suspended_unexplained"
ORPHAN = "session.orphan"
RULE = "stuck."
WATCHED = {
    Status.PREPARING: "stuck.preparing_s",
    Status.FINISHING: "stuck.finishing_s",
    Status.SUSPENDED_EVSE: "stuck.suspended_evse_s",
    Status.AVAILABLE: "session.orphan_s",
}
CAR_IS_GONE = ("evdisconnected", "unlockcommand")
LEAST_A = 6.0  # IEC 61851-1: below it a car cannot charge, so the offer itself explains the pause
KEEP = 10


def watch_key(station: str, conn: ConnectorState) -> str:
    return f"{station}|{conn.evse}/{conn.connector}"


def on_change(obs: Observation, station: StationState, conn: ConnectorState, ctx: Context) -> list[Signal]:
    """The connector has a new state: what showed before is over, and the new one gets its time."""
    now = shown(conn)
    conn.entered = obs.at
    conn.watch_due = None
    signals: list[Signal] = []
    if conn.behaviour:
        word = getattr(obs, "raw_status", None) or now.value
        for fault in (PREPARING, FINISHING, SUSPENDED, ORPHAN):
            signals += passed(obs, conn, fault, "moved_on", status=word)
    limit = WATCHED.get(now)
    if limit is None or conn.connector == 0:
        return signals
    if now is Status.AVAILABLE and not _open_here(station, conn):
        return signals
    _arm(obs.station, conn, obs.at + timedelta(seconds=ctx.limit(limit)), ctx)
    return signals


def _arm(name: str, conn: ConnectorState, due: datetime, ctx: Context) -> None:
    conn.watch_due = due
    ctx.timers.set(due, "watch", watch_key(name, conn))


def _open_here(station: StationState, conn: ConnectorState) -> bool:
    return session_here(station, conn) is not None


def time_is_up(
    name: str, station: StationState, conn: ConnectorState, due: datetime, ctx: Context
) -> list[Signal]:
    """The look that was set for `due`; puts it off by what could not be seen."""
    if conn.watch_due != due or conn.entered is None:
        return []
    conn.watch_due = None
    now = shown(conn)
    if now not in WATCHED:
        return []
    limit = timedelta(seconds=ctx.limit(WATCHED[now]))
    seen_since = max(conn.entered, station.link_since or conn.entered, ctx.state.blind_until or conn.entered)
    if station.link != "online":
        seen_since = due
    if seen_since + limit > due:
        _arm(name, conn, seen_since + limit, ctx)
        return []
    found = _judge(name, station, conn, due, ctx)
    if found is None:
        return []
    fault, says, values = found
    shows(conn, fault)
    minutes = round((due - conn.entered).total_seconds() / 60)
    return [
        Raise(
            fault=fault,
            rule=RULE + now.value,
            station=name,
            evse=conn.evse,
            connector=conn.connector,
            evidence=(
                Evidence(at=conn.entered, says="entered", values={"status": now.value}),
                Evidence(at=due, says=says, values={"minutes": minutes, **values}),
            ),
        )
    ]


def _judge(
    name: str, station: StationState, conn: ConnectorState, due: datetime, ctx: Context
) -> tuple[str, str, dict[str, object]] | None:
    now = shown(conn)
    if conn.faults or named_by_event(station, conn):
        return None  # the station itself names what is wrong
    if now is Status.AVAILABLE:
        return (ORPHAN, "session_left_open", {}) if _open_here(station, conn) else None
    if now is Status.FINISHING:
        gone = (conn.ended_reason or "").casefold() in CAR_IS_GONE
        return (FINISHING, "finishing_without_car", {"reason": conn.ended_reason}) if gone else None
    if now is Status.SUSPENDED_EVSE:
        return None if _explained(name, station, conn, due, ctx) else (SUSPENDED, "suspended_for_nothing", {})
    return None if _open_here(station, conn) else _not_started(station, conn, due, ctx)


def _not_started(
    station: StationState, conn: ConnectorState, due: datetime, ctx: Context
) -> tuple[str, str, dict[str, object]]:
    """Plugged in and no session: for lack of a card, or although one was accepted."""
    entered = conn.entered or due
    if station.accepted_at is None or station.accepted_at < entered - timedelta(minutes=2):
        return PREPARING, "preparing_no_card", {}
    conn.no_starts = [*conn.no_starts, station.accepted_token or ""][-KEEP:]
    cards = len({token for token in conn.no_starts if token})
    if cards >= ctx.limit("charging.no_start_cards"):
        return NO_START, "accepted_but_no_start", {"cards": cards}
    return PREPARING, "preparing_card_accepted", {}


def _explained(name: str, station: StationState, conn: ConnectorState, due: datetime, ctx: Context) -> bool:
    """A limit from the back end, an offer too low to charge, or a neighbour that gets the current instead."""
    day = timedelta(seconds=ctx.limit("stuck.profile_explains_s"))
    if station.profile_at is not None and due - station.profile_at <= day:
        return True
    if conn.offered_a is not None and conn.offered_a < LEAST_A:
        return True
    asset = ctx.register.get(name)
    site = asset.site if asset is not None and asset.site else f"~{name}"
    for other in ctx.sites.get(site, {name}):
        neighbour = ctx.state.stations.get(other)
        if neighbour is not None and any(shown(c) is Status.CHARGING for c in neighbour.connectors.values()):
            return True
    return False


def on_start(obs: SessionStarted, conn: ConnectorState) -> list[Signal]:
    """A session began: nobody waits in Preparing any more."""
    return passed(obs, conn, PREPARING, "session_began")


def on_end(obs: SessionEnded, conn: ConnectorState) -> list[Signal]:
    """The session that stood open got its end."""
    return passed(obs, conn, ORPHAN, "session_ended")
