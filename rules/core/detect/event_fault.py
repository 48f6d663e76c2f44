"""Faults that OCPP 2.x events name, and security events of both versions.

In 2.x the cause of a Faulted connector comes in a NotifyEvent and never in the status; the two are joined by
EVSE. An event ends when the station says `cleared` or reports the problem as false; a security event just
happened and has no end.
"""

from __future__ import annotations

from rules.core.catalog.codes import NO_FAULT
from rules.core.catalog.entries import VAGUE, Match
from rules.core.detect import live_events, self_clearing
from rules.core.detect.context import Context, proof
from rules.core.detect.status_fault import NO_CODE
from rules.core.model import EventReported, Status, StatusReported
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import ConnectorState, LiveEvent, StationState

RULE = "event.fault"
SECURITY = "security"
FALSE = ("false", "0", "ok", "noerror")


def _by_code(
    obs: EventReported, about: tuple[str | None, str | None, str | None], ctx: Context
) -> Match | None:
    """What the tables of codes say of an event's technical code, which is the maker's own."""
    found = ctx.catalog.match_status("OtherError", obs.tech_code, None, obs.tech_info, *about)
    return next((match for match in found if match.fault not in (VAGUE, NO_FAULT)), None)


def detect(
    obs: EventReported, station: StationState, conns: list[ConnectorState], ctx: Context
) -> list[Signal]:
    """`conns`: the reported connectors of the EVSE that the event is about."""
    about = (ctx.make_of(obs.station, station), *ctx.firmware_of(obs.station, station))
    match = ctx.catalog.match_event(
        obs.component, obs.variable, obs.tech_code, obs.severity, obs.trigger, about
    )
    if obs.tech_code and (match is None or match.fault == VAGUE):
        match = _by_code(obs, about, ctx) or match
    if obs.cleared or (obs.value or "").casefold() in FALSE:
        return _over(obs, station, conns, match, ctx)
    if match is None:
        return []
    connector = _connector(obs, conns)
    raised = Raise(
        fault=match.fault,
        rule=RULE,
        station=obs.station,
        evse=obs.evse,
        connector=connector,
        confidence=match.confidence,
        evidence=(
            proof(
                obs,
                "event",
                code=match.code,
                component=obs.component,
                variable=obs.variable,
                value=obs.value,
                info=obs.tech_info,
            ),
        ),
    )
    if (obs.component or "").casefold() == SECURITY:
        return [raised]  # it happened; nothing lasts of it
    live = LiveEvent(evse=obs.evse, connector=connector, fault=match.fault, since=obs.at, about=_about(obs))
    live_events.note(station, raised.key, live)
    signals: list[Signal] = []
    for conn in conns:
        if conn.faults.pop(NO_CODE, None) is not None:
            signals.append(Clear(key=place_key(obs.station, conn.evse, conn.connector, NO_CODE)))
    return [*signals, raised]


def _connector(obs: EventReported, conns: list[ConnectorState]) -> int | None:
    """The EVSE's only connector, where the event names the EVSE alone: one fault has one place."""
    if obs.connector is None and obs.evse and len(conns) == 1:
        return conns[0].connector
    return obs.connector


def _about(obs: EventReported) -> str:
    return f"{obs.component}|{obs.variable}".casefold()


def _over(
    obs: EventReported,
    station: StationState,
    conns: list[ConnectorState],
    match: Match | None,
    ctx: Context,
) -> list[Signal]:
    """The station says that a problem is over."""
    station.clears_events = True
    fault = None if match is None else match.fault
    keys = live_events.over(obs, fault, _about(obs), station)
    code = None if match is None else match.code
    signals: list[Signal] = []
    for key in keys:
        ended = station.events.pop(key)
        signals.append(Clear(key=key, evidence=proof(obs, "event_clear", code=code)))
        for conn in conns[:1]:
            signals += self_clearing.on_clear(obs, station, conn, {ended.fault: ended.since}, ctx)
    if not keys and fault is not None:  # told before we remember
        key = place_key(obs.station, obs.evse, _connector(obs, conns), fault)
        signals.append(Clear(key=key, evidence=proof(obs, "event_clear", code=code)))
    return signals


def on_status(
    obs: StatusReported, before: Status | None, station: StationState, conn: ConnectorState
) -> list[Signal]:
    """A connector that works again ends what its station never says is over."""
    signals: list[Signal] = []
    for key in live_events.ended_by_status(obs, before, station, conn):
        del station.events[key]
        status = obs.raw_status or obs.status.value
        signals.append(Clear(key=key, evidence=proof(obs, "status_clear", status=status)))
    return signals
