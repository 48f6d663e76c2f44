"""Faults that a status report names, and Faulted without a name.

Faults live apart from status: a station may report an error while it charges. In 1.6 only NoError says that
earlier errors are gone, and there is no clearing of one of several.
"""

from __future__ import annotations

from rules.core.catalog.codes import NO_FAULT
from rules.core.catalog.entries import Match
from rules.core.detect import reason, self_clearing
from rules.core.detect.context import Context, proof
from rules.core.detect.live_events import named_by_event
from rules.core.facts import noise
from rules.core.model import Status, StatusReported
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import ConnectorState, StationState

RULE = "status.code"
RULE_NO_CODE = "status.faulted_no_code"
NO_CODE = "station.faulted_no_code"
OTHER = "station.other_error"
WORKING = (Status.CHARGING, Status.SUSPENDED_EV)
NOT_FAULTED_DISCOUNT = 0.1  # the station says an error and goes on: less sure, still told


def detect(obs: StatusReported, station: StationState, conn: ConnectorState, ctx: Context) -> list[Signal]:
    """Signals of one report; keeps `conn.faults` in step with them."""
    quiet = (obs.error_code or "NoError").casefold() == "noerror"
    matches: tuple[Match, ...] = ()
    if not quiet or (ctx.catalog.some_with_no_error and (obs.vendor_error or obs.info)):
        make = ctx.make_of(obs.station, station)
        matches = ctx.catalog.match_status(
            obs.error_code,
            obs.vendor_error,
            obs.vendor_id,
            obs.info,
            make,
            *ctx.firmware_of(obs.station, station),
        )
    if matches and matches[0].fault == NO_FAULT:
        quiet, matches = True, ()  # the maker's own word: this code is no fault
    if quiet and not matches:
        if obs.status is Status.FAULTED:
            return _faulted_without_code(obs, station, conn, ctx)
        if not conn.faults:
            return []
        began = dict(conn.faults)
        return [*clear_all(obs, conn), *self_clearing.on_clear(obs, station, conn, began, ctx)]
    if noise.is_resent(obs, station, conn, ctx.policy):
        return []
    conn.handled = noise.mark_of(obs)
    signals: list[Signal] = []
    if NO_CODE in conn.faults:
        signals.append(_clear(obs, conn, NO_CODE))
    named = [(m.fault, m.code, m.confidence) for m in matches] or [(OTHER, obs.error_code or "", None)]
    for fault, code, confidence in named:
        conn.faults.setdefault(fault, obs.at)
        sure = ctx.catalog.fault(fault).confidence if confidence is None else confidence
        if obs.status in WORKING:
            sure -= NOT_FAULTED_DISCOUNT
        signals.append(
            Raise(
                fault=fault,
                rule=RULE,
                station=obs.station,
                evse=obs.evse,
                connector=obs.connector,
                confidence=sure,
                evidence=(
                    proof(
                        obs,
                        "status_error",
                        code=code,
                        error=obs.error_code,
                        vendor=obs.vendor_error,
                        info=obs.info,
                        status=obs.raw_status or obs.status.value,
                    ),
                ),
            )
        )
    return signals


def clear_all(obs: StatusReported, conn: ConnectorState) -> list[Signal]:
    """Every fault this connector's status reports named is gone."""
    return [_clear(obs, conn, fault) for fault in list(conn.faults)]


def _clear(obs: StatusReported, conn: ConnectorState, fault: str) -> Clear:
    conn.faults.pop(fault, None)
    return Clear(
        key=place_key(obs.station, obs.evse, obs.connector, fault),
        evidence=proof(obs, "status_clear", status=obs.raw_status or obs.status.value),
    )


def _faulted_without_code(
    obs: StatusReported, station: StationState, conn: ConnectorState, ctx: Context
) -> list[Signal]:
    if (set(conn.faults) - {NO_CODE}) or named_by_event(station, conn):
        return []  # the fault is already named
    if noise.just_booted(obs, station, ctx.policy) or noise.is_resent(obs, station, conn, ctx.policy):
        return []
    conn.handled = noise.mark_of(obs)
    named = reason.named(obs, station)
    conn.faults.setdefault(named or NO_CODE, obs.at)
    return [
        Raise(
            fault=named or NO_CODE,
            rule=reason.RULE if named else RULE_NO_CODE,
            station=obs.station,
            evse=obs.evse,
            connector=obs.connector,
            evidence=(proof(obs, "faulted_no_code", info=obs.info),),
        )
    ]
