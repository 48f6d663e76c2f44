"""What would happen to a fault at a station: which rule, why, who hears of it, when, and who is called next.

Decides nothing of its own: it asks the same parts that route real incidents. For the command line, so that a
rule can be proved before it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.core.catalog.entries import Catalog
from rules.core.catalog.routes import NO_CHAIN, Known, Miss, Rule
from rules.core.handling import Escalation
from rules.core.model import Asset, IncidentRow, IncidentState, Scope, Severity
from rules.core.policy import Policy
from rules.core.routing import escalate, hold_back, targets, urgency
from rules.core.routing.informed import merely_informed
from rules.core.routing.route import Destination, RouteDecision, resolve
from rules.core.routing.route_words import in_all_languages
from rules.core.routing.router import Router
from rules.core.signals import Raise
from rules.core.state import Ended, JudgeState, StationState, Tracked
from rules.core.verdict.triage import verdict


class Asked(Struct, frozen=True, kw_only=True):
    """`at`: when the fault is first seen, aware. What is None is as the catalogue or the register has it."""

    station: str
    fault: str
    at: datetime
    severity: Severity | None = None
    confidence: float | None = None
    make: str | None = None
    model: str | None = None
    firmware: str | None = None


class Explained(Struct, frozen=True, kw_only=True):
    """`opens_at`: when the fault has lasted long enough. `told_at`: when the first notice may leave.
    `informed`: the destinations that hear of it and need not act.
    `held`: what keeps it from a destination, and until when.
    `steps`: the chain with due times if nobody answers. `spared`: the condition that keeps it out."""

    row: IncidentRow
    decision: RouteDecision
    why: dict[str, str]
    missed: list[tuple[Rule, Miss]]
    known: Known
    informed: tuple[str, ...]
    opens_at: datetime
    told_at: datetime
    held: dict[str, tuple[str, datetime]]
    chain: Escalation | None
    spared: str | None
    hours: str | None
    contract_known: bool


def explain(
    asked: Asked,
    catalog: Catalog,
    register: Mapping[str, Asset],
    policy: Policy,
    destinations: Sequence[Destination],
) -> Explained:
    """Raises KeyError for a fault that the catalogue does not have."""
    fault = catalog.fault(asked.fault)
    opens_at = asked.at + timedelta(seconds=fault.hold_s * policy.hold_scale)
    state = JudgeState()
    seen = StationState(first_seen=asked.at, last_in=asked.at, emitted_at=asked.at)
    seen.make, seen.model, seen.firmware = asked.make, asked.model, asked.firmware
    state.stations[asked.station] = seen
    router = Router(catalog, policy, destinations, state)
    router.register = register
    tracked = Tracked(row=_row(asked, catalog, register.get(asked.station), opens_at))
    row = tracked.row
    decision = router.decide(tracked, opens_at)
    router.take(tracked, decision, opens_at)
    known = router.known(tracked, opens_at)
    told_at = opens_at + timedelta(seconds=0.0 if row.safety else policy.group_wait_s)
    held = _held(tracked, decision, router, told_at)
    asset = router.asset(row)
    terms = targets.terms_of(asset, row.severity, router.routing)
    if not row.imminent:
        row.contract = terms.contract
        row.respond_by, row.repair_by = targets.due_times(terms, opens_at)
    chain = router.routing.chains.get(decision.chain or NO_CHAIN)
    spared = None if chain is None else chain.spared(known)
    begun: Escalation | None = None
    if chain is not None and spared is None and decision.destinations:
        begun = escalate.begin(
            chain,
            row.severity,
            decision.party,
            _first_told(decision, held, told_at),
            lambda to, contact: resolve(to, row, destinations, contact)[1],
        )
    hours = targets.hours_of(asset, router.routing)
    return Explained(
        row=row,
        decision=decision,
        why=in_all_languages(decision, row, catalog),
        missed=router.routing.find(known)[1],
        known=known,
        informed=tuple(
            one.name
            for one in destinations
            if one.name in decision.destinations and merely_informed(row, router.routing, one.name, one.party)
        ),
        opens_at=opens_at,
        told_at=told_at,
        held=held,
        chain=None if begun is None else _all_dated(begun),
        spared=spared,
        hours=None if hours is None else hours.text,
        contract_known=asset is None
        or asset.contract is None
        or router.routing.contract(asset.contract) is not None
        or None not in {asset.response_hours, asset.repair_hours},
    )


def _held(
    tracked: Tracked, decision: RouteDecision, router: Router, at: datetime
) -> dict[str, tuple[str, datetime]]:
    """Destination -> what keeps the first word from it, and until when."""
    row = tracked.row
    word = Ended(
        seq=0,
        severity=row.severity,
        safety=row.safety,
        can_wait=urgency.can_wait(row, router.state),
        imminent=row.imminent,
    )
    service = hold_back.service_of(router.policy)
    found: dict[str, tuple[str, datetime]] = {}
    for one in router.destinations:
        if one.name in decision.destinations:
            stuck = tracked.driver_stuck
            why = hold_back.by_hours(word, stuck=stuck, destination=one, service=service, at=at)
            if why is not None:
                found[one.name] = (why[0].value, why[1])
    return found


def _first_told(decision: RouteDecision, held: Mapping[str, tuple[str, datetime]], at: datetime) -> datetime:
    """When the first of its destinations hears of it: the chain begins then."""
    return min((held[name][1] if name in held else at for name in decision.destinations), default=at)


def _all_dated(chain: Escalation) -> Escalation:
    """Every step with the time it is due if nobody answers."""
    at, steps = chain.started_at, []
    for step in chain.steps:
        at += timedelta(seconds=step.wait_s)
        steps.append(replace(step, due_at=at))
    return replace(chain, steps=tuple(steps))


def _row(asked: Asked, catalog: Catalog, asset: Asset | None, opens_at: datetime) -> IncidentRow:
    found = verdict(
        Raise(fault=asked.fault, rule="asked", evidence=(), station=asked.station),
        catalog,
        asset,
        asked.at,
    )
    return IncidentRow(
        incident_id="",
        key="",
        state=IncidentState.OPEN,
        scope=Scope.STATION,
        fault=found.fault,
        side=found.side,
        cause=found.cause,
        owner=found.owner,
        task=found.task,
        severity=asked.severity or found.severity,
        confidence=found.confidence if asked.confidence is None else asked.confidence,
        rule_id=found.rule_id,
        rule_version=found.rule_version,
        pending_at=asked.at,
        opened_at=opens_at,
        station=asked.station,
        site=asset.site if asset else None,
        installer=asset.installer if asset else None,
        customer=asset.customer if asset else None,
        imminent=found.imminent,
        safety=found.safety,
    )
