"""How the incidents of the pages' fleet were handled: one escalated and late, one thrown back and forth."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from data.catalog_files import load_catalog
from rules.core.handling import Escalation, EscalationStep
from rules.core.model import IncidentRow
from rules.core.verdict import explain

ESCALATED, BOUNCED, WITHOUT_INSTALLER = 0, 3, 4  # incident numbers in CASES


def handled(row: IncidentRow, number: int, now: datetime) -> IncidentRow:
    """`row` with its route in words, its clocks, and for some a chain, a promise that was broken, a gap."""
    began = row.opened_at or row.pending_at
    open_for = ((row.closed_at or now) - began).total_seconds()
    installer = row.route_rule == "route.installer"
    row = replace(
        row,
        route_party=f"installer:{row.installer}" if installer else row.owner.value,
        route_words=explain.in_all(
            lambda language: explain.fill(
                load_catalog(None).text(f"route.why.{'installer' if installer else 'operator'}", language),
                {"task": explain.task(row.task, load_catalog(None), language)},
            )
        ),
        installer_s=open_for if installer and row.closed_at else 0.0,
        operator_s=open_for if not installer and row.closed_at else 0.0,
        clock_since=None if row.closed_at else began,
    )
    if number == ESCALATED:
        return _escalated(row, began)
    if number == BOUNCED:
        return _bounced(row, began)
    if number == WITHOUT_INSTALLER:
        return replace(row, route_gap="no_installer")
    return row


def _escalated(row: IncidentRow, began: datetime) -> IncidentRow:
    called = began + timedelta(minutes=30)
    steps = (
        EscalationStep("installer", 1_800, ("volta-chef",), 2, called, called),
        EscalationStep("helpdesk", 1_800, ("helpdesk",), 1, called + timedelta(minutes=30)),
    )
    return replace(
        row,
        escalation=Escalation("installer", row.route_party or "", began, steps),
        escalate_at=steps[1].due_at,
        contract="Goud <b>24/7</b>",
        respond_by=began + timedelta(minutes=30),
        response_breached_at=began + timedelta(minutes=30),
        repair_by=began + timedelta(hours=4),
    )


def _bounced(row: IncidentRow, began: datetime) -> IncidentRow:
    steps = (EscalationStep("helpdesk", 14_400, ("helpdesk",), 1, began + timedelta(hours=4)),)
    return replace(
        row,
        route_rule="route.bounced",
        route_party="operator",
        route_words={
            "nl": "Drie keer heen en weer gegaan: iemand van de helpdesk neemt het in handen.",
            "fr": "Renvoyé trois fois entre Mobiflow et l'installateur : le helpdesk le prend en main.",
            "en": "It went back and forth three times: a person at the helpdesk takes it in hand.",
        },
        escalation=Escalation(
            "installer", f"installer:{row.installer}", began, steps, began + timedelta(hours=1), "handed_over"
        ),
        bounces=3,
        bounced=True,
        installer_s=30_600.0,
        operator_s=12_400.0,
        contract="goud",
        respond_by=began + timedelta(hours=2),
        responded_at=began + timedelta(hours=1),
        repair_by=began + timedelta(hours=16),
        repair_breached_at=began + timedelta(hours=16),
    )
