"""`laadwacht route --explain`: asks judgement what it would do, and puts the answer in plain data and words.

Decides only form. Times in words are Belgian local time; in data they are UTC, ISO 8601.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rules.core.calendar.service_hours import BRUSSELS
from rules.core.catalog.entries import Catalog
from rules.core.catalog.routes import HELPDESK, told
from rules.core.routing.explain import Explained
from rules.core.routing.route_words import condition

NOT_ASKED = ("min_confidence",)  # known, but no condition of its own


def as_data(found: Explained) -> dict[str, Any]:
    """For --json: stable names, no addresses."""
    row, decision, chain = found.row, found.decision, found.chain
    return {
        "station": row.station,
        "fault": row.fault,
        "rule": decision.rule.removeprefix("route."),
        "where": decision.fired.where if decision.fired is not None else None,
        "why": found.why,
        "gap": decision.gap,
        "party": decision.party,
        "destinations": list(decision.destinations),
        "informed": list(found.informed),
        "opens_at": found.opens_at.isoformat(),
        "told_at": found.told_at.isoformat(),
        "held": {name: {"why": why, "until": until.isoformat()} for name, (why, until) in found.held.items()},
        "chain": None if chain is None else chain.chain,
        "not_escalated_because": found.spared,
        "steps": [
            {
                "due_at": _iso(step.due_at),
                "to": step.to,
                "contact": step.contact,
                "destinations": list(step.destinations),
            }
            for step in (chain.steps if chain is not None else ())
        ],
        "contract": row.contract,
        "contract_known": found.contract_known,
        "contract_hours": found.hours,
        "respond_by": _iso(row.respond_by),
        "repair_by": _iso(row.repair_by),
        "missed": [
            {
                "rule": rule.id,
                "where": rule.where,
                "condition": miss.condition,
                "wanted": list(miss.wanted),
                "found": miss.found,
            }
            for rule, miss in found.missed
        ],
        "known": {name: told(value) for name, value in found.known.items() if name not in NOT_ASKED},
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def sentences(found: Explained, catalog: Catalog, language: str, *, every_rule: bool) -> Iterator[str]:
    """The answer as lines for a person. `every_rule`: also why each rule before it did not fit."""

    def say(key: str, **values: object) -> str:
        text = catalog.text(f"route.told.{key}", language)
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    row, decision = found.row, found.decision
    rule = decision.fired
    if every_rule:
        for other, miss in found.missed:
            wanted = condition(miss.condition, miss.wanted, catalog, language)
            value = catalog.text_or_word("route.value", miss.found, language)
            yield say("missed", rule=other.id, wanted=wanted, found=value)
    where = f" ({_place(rule.where)})" if rule is not None and rule.where else ""
    yield say("rule", rule=decision.rule.removeprefix("route."), where=where)
    yield f"  {found.why[language if language in found.why else 'nl']}"
    acting = [name for name in decision.destinations if name not in found.informed]
    names = ", ".join(acting) or say("nobody")
    yield say("who", party=_party(decision.party, catalog, language), destinations=names)
    if found.informed:
        yield say("informed", destinations=", ".join(found.informed))
    key = "at_once" if found.told_at == row.pending_at else "after_wait"
    yield say(key, when=_local(found.told_at), opens=_local(found.opens_at))
    for name, (reason, until) in found.held.items():
        yield say("held", destination=name, why=say(f"held.{reason}"), when=_local(until))
    if row.respond_by is not None:
        yield say("respond", when=_local(row.respond_by), contract=row.contract or "–")
    if row.repair_by is not None:
        yield say("repair", when=_local(row.repair_by), contract=row.contract or "–")
    if not found.contract_known:
        yield say("no_contract", contract=found.known["contract"])
    if found.chain is None:
        yield say("spared" if found.spared else "no_chain", condition=found.spared or "")
    for number, step in enumerate(found.chain.steps if found.chain is not None else (), start=1):
        contact = f" ({say('contact', n=step.contact)})" if step.contact > 1 else ""
        to = _party("operator" if step.to == HELPDESK else step.to, catalog, language) + contact
        yield say(
            "step",
            n=number,
            when=_local(step.due_at or found.told_at),
            to=to,
            destinations=", ".join(step.destinations),
        )


def _party(party: str, catalog: Catalog, language: str) -> str:
    kind, _, name = party.partition(":")
    word = catalog.text_or_word("route.value", "operator" if kind == HELPDESK else kind, language)
    return f"{word} {name}" if name else word


def _place(where: str) -> str:
    """File and line; a file of the built-in catalogue with its folder, for people call their own the same."""
    return where if "/" in where else f"data/catalog/{where}"


def _local(at: datetime) -> str:
    return at.astimezone(BRUSSELS).strftime("%Y-%m-%d %H:%M:%S %Z")
