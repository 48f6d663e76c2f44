"""Charging sessions, put together from start, answer, readings and end, in both protocol versions.

Decides which frames belong together. In 1.6 the transaction number comes late, in the answer to the start,
and may be lost (-1, 0); a stop names no connector. The newest session is kept while it is open, and an end
without a start is kept as an orphan. Energy is Wh from registers, None where no register was told.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from msgspec.structs import replace

from rules.core.model import (
    Effect,
    MeterRead,
    Observation,
    SessionAccepted,
    SessionEnded,
    SessionRow,
    SessionStarted,
    SessionUpdated,
    Status,
)
from rules.core.state import OpenSession, StationState

LOST_REFS = ("-1", "0", "")
ZERO_WH = 100.0
QUEUED_S = 600.0  # a frame later than this after its own time was queued while the station was offline
KEEP_CLOSED = 8  # ended sessions of one station whose late or repeated messages are known
KEEP_OPEN = 64  # sessions of one station that never end are closed as unfinished beyond this
BROKEN_OFF = (
    "emergencystop",
    "powerloss",
    "groundfault",
    "overcurrentfault",
    "powerquality",
    "hardreset",
    "immediatereset",
    "reboot",
)


def usable_ref(ref: str | None) -> str | None:
    """None for the numbers that stand for a lost transaction."""
    return None if ref is None or ref in LOST_REFS else ref


def session_id(station: str, obs: SessionStarted | SessionEnded | SessionUpdated, at: datetime) -> str:
    name = getattr(obs, "message_id", None) or obs.ref or ""
    text = f"{station}|{name}|{at.isoformat()}|{obs.record_id}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def when(obs: Observation, station: StationState) -> datetime:
    """Our receipt time, or the station's own (its usual lag allowed for) where the frame was queued: long
    late, or sent as of an offline time."""
    told = getattr(obs, "offline", False)
    if obs.station_at is None or (station.lag_s is None and not told):
        return obs.at
    lag_s = station.lag_s or 0.0
    late = (obs.at - obs.station_at).total_seconds() - lag_s
    if (0.0 if told else QUEUED_S) < late < 30 * 86_400:
        return obs.station_at + timedelta(seconds=lag_s)
    return obs.at


def _emit(session: OpenSession, out: list[Effect]) -> None:
    out.append(replace(session.row))


def _close(
    station: StationState,
    session: OpenSession,
    at: datetime,
    outcome: str,
    out: list[Effect],
    *,
    reason: str | None = None,
) -> None:
    row = session.row
    row.ended_at = max(at, row.started_at)
    row.reason = reason if reason is not None else row.reason
    row.outcome = outcome
    station.sessions.pop(row.session_id, None)
    if session.named:
        others = [one for one in station.closed if one is not session]
        station.closed = [*others, session][-KEEP_CLOSED:]
    _emit(session, out)


def find(
    station: StationState,
    ref: str | None,
    evse: int | None = None,
    connector: int | None = None,
    *,
    token: str | None = None,
    alone: bool = True,
) -> OpenSession | None:
    """The open session meant: by reference, else by connector, else by card, else the only one there is."""
    sessions = list(station.sessions.values())
    own = next((s for s in reversed(sessions) if s.named and s.row.ref == ref), None)
    if own is not None:  # a name that the station gave itself is never a lost one
        return own
    ref = usable_ref(ref)
    if ref is not None:
        for session in reversed(sessions):
            if session.row.ref == ref:
                return session
        sessions = [s for s in sessions if s.row.ref is None]  # its answer may have been lost
    if evse is not None:
        for session in reversed(sessions):
            if session.row.evse == evse and (connector is None or session.row.connector in (None, connector)):
                return session
        if ref is None:
            return None
    if token is not None:
        for session in reversed(sessions):
            if session.row.token == token:
                return session
    return sessions[0] if alone and len(sessions) == 1 else None


def started(obs: SessionStarted, station: StationState, out: list[Effect]) -> OpenSession:
    """Open a session. One still open at the same connector never told its end: unfinished."""
    at = when(obs, station)
    ref = obs.ref  # told by the station itself, in 2.x only
    if ref is not None:
        known = next((s for s in station.sessions.values() if s.row.ref == ref), None)
        known = known or _closed(station, ref)
        if known is not None and not _is_another(obs, known, station):
            return _completed(obs, known, station, out)
    for other in list(station.sessions.values()):
        same_place = obs.evse is not None and other.row.evse == obs.evse
        if ref is None or not other.named:  # a 2.x station has one session at an EVSE, whatever the connector
            same_place = same_place and other.row.connector == obs.connector
        if ref is not None and other.row.ref == ref:
            same_place = True
        if same_place or len(station.sessions) >= KEEP_OPEN:
            if other.message_id is not None and other.message_id == obs.message_id:
                return other
            _close(station, other, at, "unfinished", out)
    row = SessionRow(
        session_id=session_id(obs.station, obs, at),
        station=obs.station,
        started_at=at,
        evse=obs.evse,
        connector=obs.connector,
        ref=ref,
        token=obs.token,
        meter_start_wh=obs.meter_wh,
        meter_last_wh=obs.meter_wh,
    )
    session = OpenSession(row=row, message_id=obs.message_id, began=obs.station_at, named=ref is not None)
    station.sessions[row.session_id] = session
    _emit(session, out)
    return session


def _closed(station: StationState, ref: str | None) -> OpenSession | None:
    """A session of that name that ended a while ago."""
    if ref is None:
        return None
    return next((one for one in reversed(station.closed) if one.row.ref == ref), None)


def _is_another(obs: SessionStarted, known: OpenSession, station: StationState) -> bool:
    """Whether a start under a known name is of another session: stations count from 1 again after a restart.
    The same start, sent again, tells the time it told before."""
    over = known.row.ended_at is not None
    if obs.station_at is None or known.began is None:
        return over
    if obs.station_at == known.began:
        return False
    ended = over and obs.station_at > known.began
    booted = station.booted_at is not None and station.booted_at > known.row.started_at
    return ended or booted


def _bind(
    session: OpenSession,
    obs: SessionStarted | SessionUpdated,
    station: StationState,
    out: list[Effect],
) -> None:
    """Take over what this message adds. A session whose EVSE is told only now has the place from here on."""
    row = session.row
    fresh = (
        row.evse if row.evse is not None else obs.evse,
        row.connector if row.connector is not None else obs.connector,
        row.token if row.token is not None else obs.token,
    )
    if fresh == (row.evse, row.connector, row.token):
        return
    placed = row.evse is None and fresh[0] is not None
    for other in list(station.sessions.values()) if placed else ():
        if other is not session and other.row.evse == fresh[0]:
            _close(station, other, when(obs, station), "unfinished", out)
    row.evse, row.connector, row.token = fresh
    _emit(session, out)


def _completed(
    obs: SessionStarted, known: OpenSession, station: StationState, out: list[Effect]
) -> OpenSession:
    """The start of a session that later messages opened already."""
    row = known.row
    if row.ended_at is None:
        _bind(known, obs, station, out)
        known.began = known.began or obs.station_at
        if obs.meter_wh is not None and (row.meter_start_wh is None or obs.meter_wh < row.meter_start_wh):
            row.meter_start_wh = obs.meter_wh
    return known


def accepted(obs: SessionAccepted, station: StationState, out: list[Effect]) -> OpenSession | None:
    """The answer that names the transaction, however late. After a refusal the station may still end it."""
    for session in station.sessions.values():
        if session.message_id == obs.message_id:
            session.row.ref = usable_ref(obs.ref) or session.row.ref
            if obs.outcome is not None and obs.outcome.casefold() != "accepted":
                session.row.outcome = "refused"
            _emit(session, out)
            return session
    return None


def metered(obs: MeterRead, station: StationState, out: list[Effect]) -> OpenSession | None:
    """A reading of the session's register and power. Emitted each time the energy has grown by 1 kWh, so that
    an open session shows where it stands without a row for every reading."""
    session = find(station, obs.ref, obs.evse, obs.connector, alone=False)
    if session is None:
        return None
    row = session.row
    before = row.energy_wh or 0.0
    if obs.power_w is not None and (row.max_power_w is None or obs.power_w > row.max_power_w):
        row.max_power_w = obs.power_w
    if obs.energy_wh is not None:
        if row.meter_start_wh is None:
            row.meter_start_wh = obs.energy_wh
        if row.meter_last_wh is None or obs.energy_wh >= row.meter_last_wh:
            row.meter_last_wh = obs.energy_wh
        total = row.meter_last_wh - row.meter_start_wh
        if int(total // 1000) != int(before // 1000):
            row.energy_wh = total
            _emit(session, out)
    return session


def updated(obs: SessionUpdated, station: StationState, out: list[Effect]) -> OpenSession:
    """2.x: bind what an update adds; an update of a session whose start was never seen opens it."""
    session = find(station, obs.ref, None, None, alone=False)
    if session is None and (late := _closed(station, obs.ref)) is not None:
        return late  # it ended, or another took its place
    if session is None or session.row.ref != obs.ref:
        start = SessionStarted(
            station=obs.station,
            at=obs.at,
            station_at=obs.station_at,
            record_id=obs.record_id,
            ref=obs.ref,
            evse=obs.evse,
            connector=obs.connector,
            token=obs.token,
        )
        return started(start, station, out)
    _bind(session, obs, station, out)
    return session


def ended(obs: SessionEnded, station: StationState, out: list[Effect]) -> OpenSession:
    """Close the session meant, or record an orphan. A missing reason means `Local` (OCPP, both versions)."""
    at = when(obs, station)
    session = _meant_by(obs, station)
    reason = obs.reason or "Local"
    if session is not None and _is_over(session):
        return session
    if session is None:
        row = SessionRow(
            session_id=session_id(obs.station, obs, at),
            station=obs.station,
            started_at=at,
            ended_at=at,
            evse=obs.evse,
            connector=obs.connector,
            ref=usable_ref(obs.ref),
            token=obs.token,
            meter_last_wh=obs.meter_wh,
            reason=reason,
            outcome="orphan",
        )
        session = OpenSession(row=row)
        _emit(session, out)
        return session
    row = session.row
    row.ref = row.ref or usable_ref(obs.ref)
    row.token = row.token or obs.token
    if obs.meter_wh is not None:
        row.meter_last_wh = obs.meter_wh
    if row.meter_start_wh is not None and row.meter_last_wh is not None:
        row.energy_wh = row.meter_last_wh - row.meter_start_wh
    _close(station, session, at, _outcome(session, station, reason), out, reason=reason)
    return session


def _is_over(session: OpenSession) -> bool:
    """Whether its end was told; one that another took the place of may still tell it."""
    return session.row.ended_at is not None and session.row.outcome != "unfinished"


def told_again(obs: SessionEnded, station: StationState) -> bool:
    """Whether this end was told before."""
    session = _meant_by(obs, station)
    return session is not None and _is_over(session)


def _meant_by(obs: SessionEnded, station: StationState) -> OpenSession | None:
    ref = obs.ref
    if ref is not None and all(one.row.ref != ref for one in station.sessions.values()):
        late = _closed(station, ref)
        if late is not None:
            return late
    return find(station, obs.ref, obs.evse, obs.connector, token=obs.token)


def _outcome(session: OpenSession, station: StationState, reason: str) -> str:
    """Success is energy delivered and no fault: a stop reason `Local` does not undo a fault in the middle."""
    row = session.row
    if row.outcome == "refused" or reason.casefold() == "deauthorized":
        return "refused"
    conn = station.connectors.get(f"{row.evse}/{row.connector}")
    if (
        session.faulted
        or reason.casefold() in BROKEN_OFF
        or (conn is not None and conn.status is Status.FAULTED)
    ):
        return "faulted"
    if row.energy_wh is None:
        return "unmeasured"
    return "completed" if row.energy_wh > ZERO_WH else "zero_energy"
