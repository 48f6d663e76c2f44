"""Who hears of an incident without having to act: those that its routing rule names under `inform`.

Decides that only, from the rule by which it went. Must never decide whether anything is sent.
"""

from __future__ import annotations

from rules.core.catalog.routes import HELPDESK, Routing
from rules.core.model import IncidentRow
from rules.core.routing.route import CUSTOMER, INSTALLER, OPERATOR


def merely_informed(row: IncidentRow, routing: Routing, destination: str, party: str) -> bool:
    """Whether `destination` of `party` hears of it for information. A step of an escalation chain that called
    it asks it to act after all."""
    rule = next((rule for rule in routing.rules if f"route.{rule.id}" == row.route_rule), None)
    if rule is None:
        return False
    chain = row.escalation
    if chain is not None and any(step.done_at and destination in step.destinations for step in chain.steps):
        return False
    names = {destination.casefold(), party.casefold()}

    def meant(words: tuple[str, ...]) -> bool:
        return any(_party_of(word, row).casefold() in names for word in words)

    return meant(rule.inform) and not meant(rule.to)


def _party_of(word: str, row: IncidentRow) -> str:
    """The party that a word of a rule means for this incident; a destination's name stays as it is."""
    if word == HELPDESK:
        return OPERATOR
    if word == INSTALLER:
        return f"installer:{row.installer}" if row.installer else word
    if word == CUSTOMER:
        return f"customer:{row.customer}" if row.customer else word
    return word
