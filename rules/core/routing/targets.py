"""Response and repair targets of a station's contract: what was promised, and by when it must be done.

Decides due times, in hours of service where the contract says so. The register's own figures come before the
contract's. Something imminent has no target: the station still works.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from rules.core.calendar.service_hours import Hours, due, parse
from rules.core.catalog.routes import Routing
from rules.core.model import Asset, Severity

HOUR = 3600.0


class Terms(Struct, frozen=True):
    """What holds for one station. Seconds; `hours` None: every hour counts."""

    contract: str | None = None
    hours: Hours | None = None
    response_s: float | None = None
    repair_s: float | None = None


def hours_of(asset: Asset | None, routing: Routing) -> Hours | None:
    """The hours of service of a station: its own, else its contract's."""
    if asset is None:
        return None
    if asset.contract_hours:
        return parse(asset.contract_hours)
    contract = routing.contract(asset.contract)
    return None if contract is None else contract.hours


def terms_of(asset: Asset | None, severity: Severity, routing: Routing) -> Terms:
    """Empty where nothing was promised."""
    if asset is None:
        return Terms()
    contract = routing.contract(asset.contract)
    response = asset.response_hours * HOUR if asset.response_hours else None
    repair = asset.repair_hours * HOUR if asset.repair_hours else None
    counted = True
    if contract is not None:
        response = response or contract.response_s.get(severity.value)
        repair = repair or contract.repair_s.get(severity.value)
        counted = contract.in_hours
    return Terms(asset.contract, hours_of(asset, routing) if counted else None, response, repair)


def due_times(terms: Terms, start: datetime) -> tuple[datetime | None, datetime | None]:
    """By when somebody must have answered, and by when it must be repaired."""
    respond = None if terms.response_s is None else due(terms.hours, start, terms.response_s)
    repair = None if terms.repair_s is None else due(terms.hours, start, terms.repair_s)
    return respond, repair
