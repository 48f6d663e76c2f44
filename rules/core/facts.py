"""Which observation goes where: updates what is known of a station, then asks the detectors of its kind.

Decides only the dispatch. Handlers return signals and append rows (intervals, sessions) to `out`.
"""

from __future__ import annotations

from collections.abc import Callable

from rules.core import intervals, noise, sessions
from rules.core.detect import (
    authorisation,
    call_error,
    command,
    energy,
    event_fault,
    finding,
    firmware,
    reboot,
    registration,
    status_fault,
)
from rules.core.detect.context import Context
from rules.core.model import (
    Authorised,
    BackEndTrouble,
    BootAnswered,
    Booted,
    CallErrored,
    CommandAnswered,
    CommandSent,
    Connected,
    Disconnected,
    Effect,
    EventReported,
    FindingSeen,
    FirmwareReported,
    MeterRead,
    Observation,
    Seen,
    SessionAccepted,
    SessionEnded,
    SessionStarted,
    SessionUpdated,
    Status,
    StatusReported,
)
from rules.core.signals import Signal
from rules.core.state import ConnectorState, StationState

# Said by our side, or by the link: no proof that the station lives.
NOT_LIFE = (BootAnswered, Authorised, SessionAccepted, CommandSent, Disconnected, BackEndTrouble)


def is_life(obs: Observation) -> bool:
    """Whether the observation is a frame from the station, or its fresh connection."""
    if isinstance(obs, Seen | CallErrored):
        return obs.direction == "in"
    return not isinstance(obs, NOT_LIFE)


def connected(obs: Connected, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    station.connected = True
    station.connected_at = obs.at
    station.version = obs.version or station.version
    station.row_dirty = True
    return reboot.on_connect(obs, station)


def disconnected(obs: Disconnected, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    if not obs.replaced:
        station.connected = False
        station.disconnected_at = obs.at
        station.row_dirty = True
    return []


def booted(obs: Booted, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    for name in ("make", "model", "serial", "firmware", "iccid", "imsi"):
        value = getattr(obs, name)
        if value:
            setattr(station, name, value)
    station.booted_at = obs.at
    station.row_dirty = True
    return reboot.on_boot(obs, station)


def boot_answered(obs: BootAnswered, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    station.boot_status = obs.status
    if obs.interval_s is not None and obs.interval_s > 0:
        station.heartbeat_s = obs.interval_s
    station.row_dirty = True
    return [*registration.detect(obs), *finding.boot_answered(obs)]


def status(obs: StatusReported, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    key = intervals.connector_key(obs.evse, obs.connector)
    conn = intervals.report(obs, station.connectors.get(key), obs.at, out)
    station.connectors[key] = conn
    conn.status_at = obs.at
    signals = status_fault.detect(obs, station, conn, ctx)
    noise.learn_lag(obs, station)
    if obs.status is Status.FAULTED:
        for session in station.sessions.values():
            if session.row.evse == obs.evse:
                session.faulted = True
    return signals


def event(obs: EventReported, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    conns = [
        c
        for c in station.connectors.values()
        if (obs.evse in (None, 0) or c.evse == obs.evse)
        and (obs.connector in (None, 0) or c.connector == obs.connector)
    ]
    return event_fault.detect(obs, station, conns, ctx)


def authorised(obs: Authorised, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return authorisation.detect(obs, station, ctx)


def started(obs: SessionStarted, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    sessions.started(obs, station, out)
    return []


def accepted(obs: SessionAccepted, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    sessions.accepted(obs, station, out)
    return []


def metered(obs: MeterRead, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    sessions.metered(obs, station, out)
    conn = _connector(station, obs.evse, obs.connector)
    return [] if conn is None else energy.on_meter(obs, conn)


def updated(obs: SessionUpdated, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    sessions.updated(obs, station, out)
    return []


def ended(obs: SessionEnded, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    row = sessions.ended(obs, station, out).row
    conn = _connector(station, row.evse, row.connector)
    if conn is None or row.outcome in ("refused", "orphan"):
        return []
    return energy.on_session_end(obs, conn, row.token, row.energy_wh)


def firmware_reported(
    obs: FirmwareReported, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    return firmware.detect(obs)


def call_errored(obs: CallErrored, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return call_error.detect(obs, station)


def command_sent(obs: CommandSent, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    command.on_sent(obs, station)
    return []


def command_answered(
    obs: CommandAnswered, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    return command.on_answered(obs, station)


def finding_seen(obs: FindingSeen, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return finding.detect(obs, station)


def _connector(station: StationState, evse: int | None, connector: int | None) -> ConnectorState | None:
    if evse is None:
        return None
    found = station.connectors.get(
        intervals.connector_key(evse, connector if connector is not None else evse)
    )
    if found is not None:
        return found
    return next((c for c in station.connectors.values() if c.evse == evse), None)


HANDLERS: dict[type[Observation], Callable[..., list[Signal]]] = {
    Connected: connected,
    Disconnected: disconnected,
    Booted: booted,
    BootAnswered: boot_answered,
    StatusReported: status,
    EventReported: event,
    Authorised: authorised,
    SessionStarted: started,
    SessionAccepted: accepted,
    MeterRead: metered,
    SessionUpdated: updated,
    SessionEnded: ended,
    FirmwareReported: firmware_reported,
    CallErrored: call_errored,
    CommandSent: command_sent,
    CommandAnswered: command_answered,
    FindingSeen: finding_seen,
}
