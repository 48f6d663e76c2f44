"""Sessions in a row that came to nothing: no energy, or over within a minute, with different cars.

One car that takes nothing proves nothing; three cards in a row at one connector do. Not counted: a refused
card, a car that was full, a card that failed at another station the same day, for then it is the car, and
a session that was cut short from afar: it had no time to bring anything.
"""

from __future__ import annotations

from rules.core.detect import card_trail
from rules.core.detect.context import Context, passed, proof, shows
from rules.core.detect.live_events import covers
from rules.core.model import SessionEnded
from rules.core.signals import Raise, Signal, Weigh, place_key
from rules.core.state import ConnectorState, OpenSession, StationState

ZERO = "charging.zero_energy"
SHORT = "charging.short_sessions"
RULES = {ZERO: "session.zero_energy", SHORT: "session.short"}
SAYS = {ZERO: "zero_energy", SHORT: "short_sessions"}
KEEP = 10
# OCPP 1.6 and 2.0.1, reasons of StopTransaction: ended by the back end or by a reset it asked for, not by
# connector or car.
CUT = frozenset({"remote", "deauthorized", "hardreset", "softreset", "immediatereset"})


def on_session_end(
    obs: SessionEnded, station: StationState, conn: ConnectorState, session: OpenSession, ctx: Context
) -> list[Signal]:
    row = session.row
    token, energy = row.token or "", row.energy_wh
    if energy is not None and energy > ctx.limit("session.zero_wh"):
        return _worked(obs, station, conn, token, energy, ctx)
    if _full(session, ctx):
        return []
    if cut_short(session, ctx):
        return []
    signals: list[Signal] = []
    if energy is not None:
        signals += card_trail.failed(obs, token, "zero", ctx)
        if not card_trail.fails_elsewhere(obs, token, "zero", ctx):
            conn.poor = [*conn.poor, token][-KEEP:]
            signals += _told(obs, conn, conn.poor, ZERO, ctx)
    elif _brief(session, ctx):
        conn.brief = [*conn.brief, token][-KEEP:]
        signals += _told(obs, conn, conn.brief, SHORT, ctx)
    return signals


def cut_short(session: OpenSession, ctx: Context) -> bool:
    """Ended from afar before it could bring anything."""
    return _brief(session, ctx) and (session.row.reason or "").casefold() in CUT


def _brief(session: OpenSession, ctx: Context) -> bool:
    row = session.row
    return row.ended_at is not None and (row.ended_at - row.started_at).total_seconds() < ctx.limit(
        "session.short_s"
    )


def _full(session: OpenSession, ctx: Context) -> bool:
    full = session.soc is not None and session.soc >= ctx.limit("charging.full_soc")
    return full or (session.row.reason or "").casefold() == "soclimitreached"


def _told(
    obs: SessionEnded, conn: ConnectorState, tokens: list[str], fault: str, ctx: Context
) -> list[Signal]:
    cards = len({t for t in tokens if t})
    if cards < ctx.limit("session.cards"):
        return []
    shows(conn, fault)
    return [
        Raise(
            fault=fault,
            rule=RULES[fault],
            station=obs.station,
            evse=conn.evse,
            connector=conn.connector,
            evidence=(proof(obs, SAYS[fault], cards=cards, sessions=len(tokens)),),
        )
    ]


def _worked(  # noqa: PLR0917
    obs: SessionEnded,
    station: StationState,
    conn: ConnectorState,
    token: str,
    energy_wh: float,
    ctx: Context,
) -> list[Signal]:
    """Energy was delivered: nothing is in a row any more, and faults said to stop charging are in doubt."""
    conn.poor, conn.brief, conn.no_starts, conn.car_trouble = [], [], [], []
    signals = [s for how in ("zero", "car") for s in card_trail.worked(obs, token, how, ctx)]
    for fault in (ZERO, SHORT, "charging.no_start", "connector.many_cars_fail"):
        signals += passed(obs, conn, fault, "energy_flows", energy_wh=energy_wh)
    told = [place_key(obs.station, conn.evse, conn.connector, fault) for fault in conn.faults]
    told += [key for key, event in station.events.items() if event.evse and covers(event, conn)]
    for key in told:
        signals.append(
            Weigh(
                key=key,
                by=-ctx.limit("verdict.contradiction"),
                evidence=proof(obs, "energy_all_the_same", energy_wh=energy_wh),
            )
        )
    return signals
