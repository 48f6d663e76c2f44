"""Whether one remedy may be tried at one incident now. One pure function and the reasons it gives.

Decides yes or why not; the reasons are the safety of this feature, so each stands in a table of cases. Never
for safety, never while a car charges, never what a person has taken, never wider than one station, never
unsure, never in what we could not see. A question, which changes nothing at the station, may be asked however
unsure: its answer is what would make sure. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from msgspec import Struct

from rules.core.aid_policy import ASKING, AidPlan, AidPolicy, Remedy
from rules.core.model import IncidentRow, IncidentState, Scope, Status, Suppression
from rules.core.state import AidLedger, ConnectorState, StationState

WIDE = (Scope.SITE, Scope.CONNECTIVITY, Scope.FIRMWARE, Scope.PLATFORM)
# A car is there, or is expected: what runs or begins must not be cut off.
CAR = frozenset(
    (
        Status.CHARGING,
        Status.SUSPENDED_EV,
        Status.SUSPENDED_EVSE,
        Status.PREPARING,
        Status.OCCUPIED,
        Status.RESERVED,
    )
)
# Faults that consist of a cable that is held: there a car at the connector is the point.
STUCK_CABLE = frozenset({"connector.unlock_failed", "connector.finishing_stuck"})
HUSHED = frozenset(
    (
        Suppression.SILENCE.value,
        Suppression.MAINTENANCE.value,
        Suppression.INHIBITED.value,
        Suppression.IMPORTED.value,
        Suppression.BLIND.value,
    )
)
# After a gap of our own a session may have begun unseen; stations tell their state within minutes.
AFTER_BLIND_S = 900.0
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Bedside(Struct, frozen=True, kw_only=True):
    """All that the decision looks at. `tried`: attempts at this incident by this policy."""

    row: IncidentRow
    station: StationState | None
    at: datetime
    ledger: AidLedger
    min_confidence: float
    tried: int = 0
    taken: bool = False
    imported: bool = False
    blind_until: datetime | None = None


Test = Callable[[AidPolicy, AidPlan, Bedside], bool]


def refusal(policy: AidPolicy, plan: AidPlan, case: Bedside) -> str | None:
    """Why the remedy is not tried, as a word of `aid.why.<word>`; None when it may be."""
    return next((word for word, holds in REFUSALS if holds(policy, plan, case)), None)


def _taken(_policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    row = case.row
    return case.taken or any((row.acknowledged_at, row.overruled_by, row.assignee))


def _hushed(_policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    """Silences and windows are written as `silence:<id>`."""
    return any(reason.partition(":")[0] in HUSHED for reason in case.row.suppression)


def _unsure(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    return _changes(policy) and case.row.confidence < case.min_confidence


def _blind(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    if case.blind_until is None:
        return False
    return case.at < case.blind_until + timedelta(seconds=AFTER_BLIND_S if _changes(policy) else 0.0)


def _changes(policy: AidPolicy) -> bool:
    return policy.do not in ASKING


def _no_connector(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    return policy.do is Remedy.UNLOCK and not case.row.connector and not case.row.evse


def _unseen(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    return _changes(policy) and not _concerned(policy, case)


def _session(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    if not _changes(policy) or case.station is None:
        return False
    places = [one.row.evse for one in case.station.sessions.values()]
    if policy.do is not Remedy.UNLOCK:
        return bool(places)
    return any(place in (None, case.row.evse or case.row.connector) for place in places)


def _car(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    if not _changes(policy) or (policy.do is Remedy.UNLOCK and case.row.fault in STUCK_CABLE):
        return False
    return any(conn.status in CAR for conn in _concerned(policy, case))


def _concerned(policy: AidPolicy, case: Bedside) -> list[ConnectorState]:
    """The connectors that the remedy reaches: its own for an unlock, else the whole station's."""
    known = [] if case.station is None else list(case.station.connectors.values())
    return [conn for conn in known if _is_here(conn, case.row)] if policy.do is Remedy.UNLOCK else known


def _is_here(conn: ConnectorState, row: IncidentRow) -> bool:
    if row.evse and conn.evse != row.evse:
        return False
    return not row.connector or conn.connector == row.connector


def _cooling(policy: AidPolicy, _plan: AidPlan, case: Bedside) -> bool:
    until = case.ledger.cooling.get(cooling_key(case.row.key, policy.do))
    return until is not None and case.at < until


def _station_limit(_policy: AidPolicy, plan: AidPlan, case: Bedside) -> bool:
    times = case.ledger.stations.get(case.row.station or "", ())
    return recent(times, case.at, DAY) >= plan.station_per_day


def _fleet_limit(_policy: AidPolicy, plan: AidPlan, case: Bedside) -> bool:
    return recent(case.ledger.fleet, case.at, HOUR) >= plan.fleet_per_hour


# In this order; the first that holds is told. What is never allowed comes before mere limits.
REFUSALS: tuple[tuple[str, Test], ...] = (
    ("imported", lambda policy, plan, case: case.imported),
    ("safety", lambda policy, plan, case: case.row.safety),
    ("not_open", lambda policy, plan, case: case.row.state is not IncidentState.OPEN),
    ("taken", _taken),
    ("wide", lambda policy, plan, case: case.row.scope in WIDE or case.row.station is None),
    ("hushed", _hushed),
    ("unsure", _unsure),
    ("not_connected", lambda policy, plan, case: case.station is None or case.station.connected is not True),
    ("blind", _blind),
    ("no_connector", _no_connector),
    ("unseen", _unseen),
    ("session", _session),
    ("car", _car),
    ("under_way", lambda policy, plan, case: (case.row.station or "") in case.ledger.running),
    ("attempts", lambda policy, plan, case: case.tried >= policy.attempts),
    ("cooling", _cooling),
    ("station_limit", _station_limit),
    (
        "fleet_limit",
        lambda policy, plan, case: recent(case.ledger.fleet, case.at, HOUR) >= plan.fleet_per_hour,
    ),
)


def cooling_key(incident_key: str, do: Remedy) -> str:
    return f"{incident_key}|{do.value}"


def recent(times: Collection[datetime], at: datetime, span: timedelta) -> int:
    """How many of `times` lie within `span` before `at`."""
    return sum(at - span < time <= at for time in times)
