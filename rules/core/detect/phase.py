"""What a connector of OCPP 2.x is busy with, in the finer words of 1.6.

In 2.x a connector says only Occupied; whether it waits, charges or is held back is told by its transaction.
The two are joined here, so that every rule of time and of swings holds for both. Decides no fault.
"""

from __future__ import annotations

from rules.core.model import Status
from rules.core.state import ConnectorState, OpenSession, StationState

BY_CHARGING_STATE = {
    "charging": Status.CHARGING,
    "suspendedev": Status.SUSPENDED_EV,
    "suspendedevse": Status.SUSPENDED_EVSE,
}


def shown(conn: ConnectorState) -> Status:
    """The connector's state, as fine as it is known."""
    return conn.phase or conn.status


def session_here(station: StationState, conn: ConnectorState) -> OpenSession | None:
    for session in reversed(list(station.sessions.values())):
        if session.row.evse == conn.evse and session.row.connector in (None, conn.connector):
            return session
    return None


def phase_of(station: StationState, conn: ConnectorState, *, ended: bool = False) -> Status | None:
    """None where the status itself says it all. `ended`: a session ended here just now."""
    if conn.status is not Status.OCCUPIED or conn.connector == 0:
        return None
    session = session_here(station, conn)
    if session is not None:
        return BY_CHARGING_STATE.get(session.charging_state or "", Status.OCCUPIED)
    return Status.FINISHING if ended or conn.phase is Status.FINISHING else Status.PREPARING
