"""Whether somebody stands at the station and cannot go on, and whether a word can wait for the morning.

Decides from the row and the station's last known state only. Never speaks.
"""

from __future__ import annotations

from rules.core.detect.phase import shown
from rules.core.model import IncidentRow, IncidentState, Severity, Status
from rules.core.state import JudgeState, StationState

LOCKED = frozenset({"connector.lock", "connector.unlock_failed"})  # the cable does not come out
IDLE = (Severity.LOW, Severity.MEDIUM)


def driver_stuck(row: IncidentRow, state: JudgeState) -> bool:
    """The cable is locked, or the connector failed or holds back while a car is charging there."""
    if row.imminent or row.station is None or row.state is IncidentState.RESOLVED:
        return False
    if row.fault in LOCKED:
        return True
    station = state.stations.get(row.station)
    if station is None or row.connector is None:
        return False
    here = station.connectors.get(f"{row.evse or 0}/{row.connector}")
    if here is None:
        return False
    if shown(here) is Status.SUSPENDED_EVSE:
        return True
    return here.status is Status.FAULTED and _session(row, station)


def can_wait(row: IncidentRow, state: JudgeState) -> bool:
    """Nobody is helped by a message at night: nothing fails yet, or no grave fault and nobody charges."""
    if row.safety or row.driver_stuck:
        return False
    if row.imminent:
        return True
    station = state.stations.get(row.station) if row.station else None
    return row.severity in IDLE and not (station is not None and _session(row, station))


def _session(row: IncidentRow, station: StationState) -> bool:
    """A session is running where the fault is; anywhere at the station for a fault of the whole station."""
    for session in station.sessions.values():
        place = (session.row.evse, session.row.connector)
        if row.connector is None or place == (row.evse, row.connector):
            return True
    return False
