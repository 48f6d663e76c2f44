"""Faults that OCPP 2.x events name, and security events of both versions.

In 2.x the cause of a Faulted connector comes in a NotifyEvent and never in the status; the two are joined by
EVSE. An event ends when the station says `cleared` or reports the problem as false.
"""

from __future__ import annotations

from rules.core.catalog import VAGUE, Match
from rules.core.codes import NO_FAULT
from rules.core.detect.context import Context, proof
from rules.core.detect.status_fault import NO_CODE
from rules.core.model import EventReported
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import ConnectorState, StationState

RULE = "event.fault"
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
    if match is None:
        return []
    key = place_key(obs.station, obs.evse, obs.connector, match.fault)
    if obs.cleared or (obs.value or "").casefold() in FALSE:
        for conn in conns:
            conn.events.pop(key, None)
        return [Clear(key=key, evidence=proof(obs, "event_clear", code=match.code))]
    signals: list[Signal] = []
    for conn in conns:
        conn.events[key] = match.fault
        if conn.faults.pop(NO_CODE, None) is not None:
            signals.append(Clear(key=place_key(obs.station, conn.evse, conn.connector, NO_CODE)))
    signals.append(
        Raise(
            fault=match.fault,
            rule=RULE,
            station=obs.station,
            evse=obs.evse,
            connector=obs.connector,
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
    )
    return signals
