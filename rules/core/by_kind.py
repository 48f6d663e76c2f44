"""Which observation goes where: updates what is known of a station, then asks the detectors of its kind.

Decides only the dispatch. Handlers return signals and append rows (intervals, sessions) to `out`.
"""

from __future__ import annotations

from collections.abc import Callable

from rules.core.detect import (
    authorisation,
    back_end,
    call_error,
    card_reader,
    cars,
    certificate,
    clock,
    cohort,
    command,
    cycling,
    dialogue,
    drop,
    energy,
    event_fault,
    finding,
    firmware,
    imminent,
    live_events,
    lost_track,
    meter,
    phase,
    reason,
    reboot,
    registration,
    remote_start,
    remote_stop,
    status_fault,
    stuck,
    transaction,
    units,
)
from rules.core.detect.context import Context
from rules.core.facts import intervals, noise, properties, sessions
from rules.core.model import (
    AnswerIncomplete,
    Authorised,
    BackEndMalformed,
    BackEndTrouble,
    BootAnswered,
    Booted,
    CallErrored,
    CommandAnswered,
    CommandSent,
    CommandUnanswered,
    ConfigurationReported,
    Connected,
    Disconnected,
    Effect,
    EventReported,
    FindingSeen,
    FirmwareReported,
    MeterRead,
    Observation,
    OddAnswered,
    PromiseBroken,
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
NOT_LIFE = (
    *(BootAnswered, Authorised, SessionAccepted, CommandSent, Disconnected, BackEndTrouble),
    *(OddAnswered, AnswerIncomplete, BackEndMalformed, PromiseBroken, CommandUnanswered),
)


def is_life(obs: Observation) -> bool:
    """Whether the observation is a frame from the station, or its fresh connection."""
    if isinstance(obs, Seen | CallErrored):
        return obs.direction == "in"
    return not isinstance(obs, NOT_LIFE)


def connected(obs: Connected, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    out += properties.on_connect(obs, station)
    signals = [*lost_track.connected(obs, station, ctx), *drop.connected(obs, station)]
    station.connected = True
    station.connected_at = obs.at
    station.version = obs.version or station.version
    station.row_dirty = True
    return [*signals, *reboot.on_connect(obs, station), *imminent.on_connect(obs, station, ctx)]


def disconnected(obs: Disconnected, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    if not obs.replaced:
        drop.disconnected(obs, station, ctx)
        station.connected = False
        station.disconnected_at = obs.at
        station.row_dirty = True
    return []


def booted(obs: Booted, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    before = (cohort.model_key(station.make, station.model), station.firmware)
    unanswered = station.booted_at if station.boot_answered_at != station.booted_at else None
    out += properties.on_boot(obs, station)
    for name in properties.BOOTED:
        value = getattr(obs, name)
        if value:
            setattr(station, name, value)
    station.booted_at = obs.at
    live_events.on_boot(obs, station)
    station.row_dirty = True
    cohort.count(before, station, ctx)
    return [*reboot.on_boot(obs, station, unanswered), *cohort.on_boot(obs, station, ctx)]


def boot_answered(obs: BootAnswered, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    first = station.booted_at is not None and station.boot_answered_at != station.booted_at
    station.boot_answered_at = station.booted_at
    station.boot_status = obs.status
    out += properties.on_boot_answer(obs, station)
    if obs.interval_s is not None and obs.interval_s > 0:
        station.heartbeat_s = obs.interval_s
    station.row_dirty = True
    slow = back_end.answered(obs, station.booted_at if first else None, "BootNotification", station, ctx)
    heard = reboot.answered(obs, station)
    return [*registration.detect(obs), *finding.boot_answered(obs, station), *heard, *slow]


def status(obs: StatusReported, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    key = intervals.connector_key(obs.evse, obs.connector)
    known = station.connectors.get(key)
    before = known.status if known is not None else None
    was = phase.shown(known) if known is not None else None
    conn = intervals.report(obs, known, obs.at, out)
    station.connectors[key] = conn
    if known is None:
        out += properties.on_connector(obs, station)
    conn.status_at = obs.at
    if obs.status is Status.CHARGING:
        station.start_at = None
    signals = status_fault.detect(obs, station, conn, ctx)
    if signals and conn.faults:
        signals += cars.weigh(obs, station, conn, signals, ctx)
    signals += event_fault.on_status(obs, before, station, conn)
    if before is not obs.status:
        conn.phase = None
        conn.phase = phase.phase_of(station, conn)
        signals += stuck.on_change(obs, station, conn, ctx)
        signals += cycling.on_change(obs, was, conn, ctx)
    if obs.station_at is not None:
        signals += clock.detect(obs, station, ctx)
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
    signals = event_fault.detect(obs, station, conns, ctx)
    if obs.evse and len(conns) == 1:
        signals += cars.weigh(obs, station, conns[0], signals, ctx)
    return [*signals, *certificate.detect(obs, ctx), *imminent.on_event(obs, station, ctx)]


def authorised(obs: Authorised, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return authorisation.detect(obs, station, ctx)


def started(obs: SessionStarted, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    opened = sessions.started(obs, station, out)
    opened.asked_at = station.start_at = obs.at
    signals = [*card_reader.on_start(obs, station, ctx), *remote_start.began(obs, station)]
    conn = _connector(station, obs.evse, obs.connector)
    if conn is not None:
        signals += stuck.on_start(obs, conn) if conn.behaviour else []
        signals += _phase(obs, station, conn, ctx)
    return [*signals, *clock.detect(obs, station, ctx)]


def accepted(obs: SessionAccepted, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    session = sessions.accepted(obs, station, out)
    asked_at = None if session is None else session.asked_at
    station.start_at = obs.at
    return back_end.answered(obs, asked_at, "StartTransaction", station, ctx)


def metered(obs: MeterRead, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    session = sessions.metered(obs, station, out)
    if session is not None and obs.soc is not None:
        session.soc = obs.soc
    if session is not None:
        units.flows(obs, session)
    signals = transaction.metered(obs, station, ctx)
    if station.clock is not None or obs.station_at is not None:
        signals += clock.detect(obs, station, ctx)
    if obs.temperature_c is not None:
        signals += imminent.on_meter(obs, station, ctx)
    conn = _connector(station, obs.evse, obs.connector)
    if conn is None and session is not None:
        conn = _connector(station, session.row.evse, session.row.connector)
    if conn is not None:
        signals += meter.on_meter(obs, station, conn, session, ctx)
    return signals


def updated(obs: SessionUpdated, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    session = sessions.updated(obs, station, out)
    if session.row.ended_at is not None and session.row.outcome != "unfinished":
        return []  # of a session that is over
    if obs.charging_state is not None:
        session.charging_state = obs.charging_state.casefold()
    conn = _connector(station, session.row.evse, session.row.connector)
    if conn is None:
        return []
    return [*_phase(obs, station, conn, ctx), *reason.detect(obs, station, conn, ctx)]


def _phase(
    obs: Observation, station: StationState, conn: ConnectorState, ctx: Context, *, ended: bool = False
) -> list[Signal]:
    """2.x: the transaction tells what an Occupied connector is busy with."""
    before, conn.phase = phase.shown(conn), phase.phase_of(station, conn, ended=ended)
    if phase.shown(conn) is before:
        return []
    if phase.shown(conn) is Status.CHARGING:
        station.start_at = None
    return [*stuck.on_change(obs, station, conn, ctx), *cycling.on_change(obs, before, conn, ctx)]


def ended(obs: SessionEnded, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    if sessions.told_again(obs, station):
        return []
    odd = transaction.other_number(obs, station)
    station.start_at = None
    session = sessions.ended(obs, station, out)
    row = session.row
    remote_stop.session_over(row.ref, station)
    signals = [*odd, *transaction.on_session_end(obs, station, row.outcome, ctx, named=session.named)]
    conn = _connector(station, row.evse, row.connector)
    if conn is not None:
        conn.ended_reason, conn.ended_at = row.reason, obs.at
        if conn.behaviour:
            signals += stuck.on_end(obs, conn)
        signals += _phase(obs, station, conn, ctx, ended=True)
        signals += reason.detect(obs, station, conn, ctx)
    signals += reason.power_lost(obs, station, ctx)
    if conn is None:
        reason.detect(obs, station, None, ctx)
    if conn is None or row.outcome in ("refused", "orphan"):
        return signals
    if units.register_in_kwh(session):
        return [*signals, *units.on_session_end(obs, session)]
    signals += energy.on_session_end(obs, station, conn, session, ctx)
    failed = row.outcome in ("faulted", "zero_energy") and not energy.cut_short(session, ctx)
    return [*signals, *imminent.on_session_end(obs, station, failed, ctx)]


def firmware_reported(
    obs: FirmwareReported, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    return firmware.detect(obs)


def configured(
    obs: ConfigurationReported, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    out += properties.on_configuration(obs)
    return []


def call_errored(obs: CallErrored, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return call_error.detect(obs, station, ctx)


def command_sent(obs: CommandSent, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return command.on_sent(obs, station, ctx)


def command_answered(
    obs: CommandAnswered, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    return command.on_answered(obs, station, ctx)


def back_end_troubled(
    obs: BackEndTrouble, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    return back_end.troubled(obs, station, ctx)


def finding_seen(obs: FindingSeen, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    if obs.finding == clock.IMPOSSIBLE:
        return clock.impossible(obs, station)
    return finding.detect(obs, station, ctx)


def accepted_number(
    obs: SessionAccepted, station: StationState, ctx: Context, out: list[Effect]
) -> list[Signal]:
    return [*accepted(obs, station, ctx, out), *dialogue.numbered(obs)]


def ended_by_right(obs: SessionEnded, station: StationState, ctx: Context, out: list[Effect]) -> list[Signal]:
    return [*dialogue.ended(obs, station), *ended(obs, station, ctx, out)]


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
    SessionAccepted: accepted_number,
    MeterRead: metered,
    SessionUpdated: updated,
    SessionEnded: ended_by_right,
    FirmwareReported: firmware_reported,
    ConfigurationReported: configured,
    CallErrored: call_errored,
    CommandSent: command_sent,
    CommandAnswered: command_answered,
    BackEndTrouble: back_end_troubled,
    FindingSeen: finding_seen,
    OddAnswered: lambda obs, station, ctx, out: finding.odd_answered(obs, station),
    AnswerIncomplete: lambda obs, station, ctx, out: dialogue.incomplete(obs),
    BackEndMalformed: lambda obs, station, ctx, out: dialogue.malformed(obs),
    CommandUnanswered: lambda obs, station, ctx, out: lost_track.unanswered(obs, station, ctx),
    PromiseBroken: lambda obs, station, ctx, out: dialogue.promise_broken(obs),
}
