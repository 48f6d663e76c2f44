"""Why an incident goes where it goes, in plain words of three languages.

Decides words only, from the catalogue's texts: the rule's own reason or else its conditions, and the gap.
"""

from __future__ import annotations

from rules.core.catalog.entries import LANGUAGES, Catalog
from rules.core.catalog.routes import Rule, Wanted
from rules.core.model import IncidentRow
from rules.core.routing.route import RouteDecision
from rules.core.verdict import explain
from rules.core.verdict.explain import fill


def why(decision: RouteDecision, row: IncidentRow, catalog: Catalog, language: str) -> str:
    """One or two sentences."""
    rule = decision.fired
    if rule is not None and rule.why is not None:
        said = rule.why.in_(language)
    elif rule is None or rule.packaged:
        said = catalog.text(f"route.why.{decision.rule.removeprefix('route.')}", language)
    else:
        said = catalog.text("route.why.own" if rule.when else "route.why.own_always", language)
    values: dict[str, object] = {
        "task": explain.task(row.task, catalog, language),
        "percent": round(row.confidence * 100),
        "fault": row.fault,
        "station": row.station,
        "installer": row.installer,
        "customer": row.customer,
        "rule": rule.id if rule is not None else None,
        "conditions": conditions(rule, catalog, language) if rule is not None else None,
        **decision.values,
    }
    if decision.gap is not None:
        said = f"{said} {catalog.text(f'route.gap.{decision.gap}', language)}"
    return fill(said, values)


def in_all_languages(decision: RouteDecision, row: IncidentRow, catalog: Catalog) -> dict[str, str]:
    return {language: why(decision, row, catalog, language) for language in LANGUAGES}


def conditions(rule: Rule, catalog: Catalog, language: str) -> str:
    """`side hardware, region Antwerpen or Limburg`."""
    return ", ".join(condition(name, wanted, catalog, language) for name, wanted in rule.when.items())


def condition(name: str, wanted: Wanted, catalog: Catalog, language: str) -> str:
    label = catalog.text(f"route.condition.{name}", language)
    either = f" {catalog.text('route.or', language)} "
    return f"{label} {either.join(catalog.text_or_word('route.value', word, language) for word in wanted)}"
