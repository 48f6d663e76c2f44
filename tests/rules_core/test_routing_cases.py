"""Every case of tests/cases/routing comes out as it says; and every verdict has one rule, whatever it is."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import Catalog
from rules.core.model import Asset, Cause, IncidentRow, Owner, Scope, Severity, Side
from rules.core.policy import Policy
from rules.core.routing.explain import Asked, explain
from rules.core.routing.route import Destination, RouteDecision, route
from rules.core.routing.route_words import in_all_languages
from rules.core.routing.router import Router
from rules.core.state import JudgeState, StationState, Tracked
from tests.rules_core import helpers

FOLDER = helpers.ROOT / "tests" / "cases" / "routing"
DESTINATIONS = (
    *helpers.DESTINATIONS,
    Destination(name="volt-chef", party="installer:Volt", contact=2),
    Destination(name="archive", party="operator", contact=3),
)
OVERRIDES = {"severity": Severity, "owner": Owner, "side": Side, "scope": Scope, "confidence": float}


def with_file(own: dict[str, Any]) -> Catalog:
    """The real catalogue under an operator's routing file."""
    return _parsed(yaml.safe_dump(own)) if own else helpers.real_catalog()


@cache
def _parsed(own: str) -> Catalog:
    return catalog_reader.parse(helpers.catalog_texts() | {"own.yaml": own}, ("own.yaml",))


def _cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [pytest.param(table, one, id=f"{path.stem}: {one['case']}") for one in table["cases"]]
    return found


def _decide(table: dict[str, Any], ask: dict[str, Any]) -> tuple[RouteDecision, IncidentRow, Catalog]:
    rules = with_file(table["file"])
    at = datetime.fromisoformat(ask.get("at", "2026-11-20T10:00:00+00:00")).astimezone(UTC)
    register = {one["station"]: Asset(**one) for one in table["register"]}
    asked = Asked(station=ask["station"], fault=ask["fault"], at=at)
    row = explain(asked, rules, register, Policy(hold_scale=0), DESTINATIONS).row
    for name, kind in OVERRIDES.items():
        if name in ask:
            setattr(row, name, kind(ask[name]))
    row.overruled_by, row.opened_at = ask.get("overruled"), at
    state = JudgeState()
    station = StationState(first_seen=at, last_in=at, emitted_at=at)
    station.make, station.firmware = ask.get("make"), ask.get("firmware")
    state.stations[row.station or ""] = station
    router = Router(rules, Policy(), DESTINATIONS, state)
    router.register = register
    row.route_party = None
    return router.decide(Tracked(row=row, handed_to=ask.get("handed_to")), at), row, rules


@pytest.mark.parametrize(("table", "case"), _cases())
def test_the_route_comes_out_as_the_table_says(table: dict[str, Any], case: dict[str, Any]) -> None:
    decision, row, rules = _decide(table, case["ask"])
    came = {
        "rule": decision.rule.removeprefix("route."),
        "party": decision.party,
        "to": list(decision.destinations),
        "gap": decision.gap,
    }
    assert {name: came[name] for name in case["expect"]} == case["expect"]
    for said in in_all_languages(decision, row, rules).values():
        assert said
        assert "{" not in said
        assert "route." not in said


@settings(max_examples=150, deadline=None)
@given(
    side=st.sampled_from(list(Side)),
    cause=st.sampled_from(list(Cause)),
    owner=st.sampled_from(list(Owner)),
    severity=st.sampled_from(list(Severity)),
    scope=st.sampled_from(list(Scope)),
    confidence=st.floats(0, 1),
    installer=st.sampled_from([None, "Volt", "Ampère", "Gone"]),
    customer=st.sampled_from([None, "Shop", "Gone"]),
    bounced=st.booleans(),
    station=st.sampled_from(["GNT-1", "XYZ"]),
)
def test_every_verdict_has_exactly_one_rule_and_somebody_to_hear_it(
    *,
    side: Side,
    cause: Cause,
    owner: Owner,
    severity: Severity,
    scope: Scope,
    confidence: float,
    installer: str | None,
    customer: str | None,
    bounced: bool,
    station: str,
) -> None:
    table = yaml.safe_load((FOLDER / "conditions.yaml").read_text(encoding="utf-8"))
    rules = with_file(table["file"]) if side is Side.HARDWARE else helpers.real_catalog()
    register = {"GNT-1": helpers.asset("GNT-1")}
    asked = Asked(station=station, fault="station.offline", at=helpers.START)
    row = explain(asked, rules, register, Policy(), DESTINATIONS).row
    row = replace(
        row,
        side=side,
        cause=cause,
        owner=owner,
        severity=severity,
        scope=scope,
        confidence=confidence,
        installer=installer,
        customer=customer,
        bounced=bounced,
    )
    router = Router(rules, Policy(), DESTINATIONS, JudgeState())
    router.register = register
    known = router.known(Tracked(row=row), helpers.START)
    fitting, missed = rules.routing.find(known)
    assert fitting.miss(known) is None
    assert all(rule.miss(known) is not None for rule, _ in missed)
    decision = route(row, known, DESTINATIONS, rules.routing)
    assert decision.rule == ("route.bounced" if bounced else f"route.{fitting.id}")
    assert decision.destinations or decision.party == "none"
