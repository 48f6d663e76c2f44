"""Car or connector: a code that names both is told apart by who fails where.

Several cars in a row that fail here speak for the connector; a card that failed elsewhere too for its car.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect import card_trail
from rules.core.detect.context import Context, proof, shows
from rules.core.model import EventReported, Side, StatusReported
from rules.core.signals import Raise, Signal, Weigh
from rules.core.state import ConnectorState, StationState

RULE = "cars.fail_here"
FAULT = "connector.many_cars_fail"
EITHER = (
    *("vehicle.communication", "vehicle.fault", "connector.pilot", "connector.lock"),
    *("electrical.isolation", "connector.partial_plug"),
)
RECENT = timedelta(minutes=30)
KEEP = 10


def _token(obs: StatusReported | EventReported, station: StationState, conn: ConnectorState) -> str:
    """The card that charges here now, or was accepted of late."""
    for session in station.sessions.values():
        if session.row.evse == conn.evse and session.row.token:
            return session.row.token
    recent = station.accepted_at is not None and obs.at - station.accepted_at <= RECENT
    return (station.accepted_token or "") if recent else ""


def weigh(
    obs: StatusReported | EventReported,
    station: StationState,
    conn: ConnectorState,
    signals: list[Signal],
    ctx: Context,
) -> list[Signal]:
    """More signals beside those that the report raised."""
    raised = [s for s in signals if isinstance(s, Raise) and s.fault in EITHER]
    token = _token(obs, station, conn) if raised else ""
    if not token:
        return []
    if not conn.car_trouble or conn.car_trouble[-1] != token:
        conn.car_trouble = [*conn.car_trouble, token][-KEEP:]
    found: list[Signal] = []
    elsewhere = card_trail.fails_elsewhere(obs, token, "car", ctx)
    for signal in raised:
        if not elsewhere:
            continue
        hardware = ctx.catalog.fault(signal.fault).side is Side.HARDWARE
        by = -ctx.limit("verdict.contradiction") if hardware else ctx.limit("verdict.support")
        found.append(Weigh(key=signal.key, by=by, evidence=proof(obs, "card_fails_elsewhere", token=token)))
    found += card_trail.failed(obs, token, "car", ctx)
    cards = len(set(conn.car_trouble))
    if cards >= ctx.limit("vehicle.cards_here"):
        shows(conn, FAULT)
        code = obs.tech_code if isinstance(obs, EventReported) else obs.error_code
        found.append(
            Raise(
                fault=FAULT,
                rule=RULE,
                station=obs.station,
                evse=conn.evse,
                connector=conn.connector,
                adopts=tuple(s.key for s in raised),
                evidence=(proof(obs, "cars_fail_here", cards=cards, code=code),),
            )
        )
    return found
