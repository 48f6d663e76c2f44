"""Every case of tests/cases/triage, told in plain sentences, comes out as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.core.judge import Judge
from rules.core.model import IncidentRow
from rules.core.policy import Policy
from tests.rules_core import helpers, scenario

FIELDS = frozenset(
    (
        *("fault", "side", "cause", "owner", "task", "severity", "scope", "station", "site", "connector"),
        *("state", "safety", "imminent", "route", "parent", "members", "suppressed"),
        *("confidence_under", "confidence_over"),
    )
)
FOLDER = helpers.ROOT / "tests" / "cases" / "triage"


def _cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            found.append(pytest.param(case, id=f"{Path(path).stem}: {case['case']}"))
    return found


def _value(row: IncidentRow, name: str) -> Any:
    if name == "route":
        return row.route_gap or (row.route_rule or "").removeprefix("route.")
    if name == "parent":
        return row.parent is not None
    if name == "suppressed":
        return bool(row.suppression)
    if name == "members":
        return len(row.members)
    return getattr(row, name)


def _agrees(row: IncidentRow, expected: dict[str, Any]) -> bool:
    for name, value in expected.items():
        if name == "confidence_under":
            if row.confidence >= value:
                return False
        elif name == "confidence_over":
            if row.confidence <= value:
                return False
        elif _value(row, name) != value:
            return False
    return True


@pytest.mark.parametrize("case", _cases())
def test_the_case_comes_out_as_it_says(case: dict[str, Any]) -> None:
    found = scenario.observations(case["given"])
    judge = Judge(
        helpers.real_catalog(),
        scenario.register_of(found, case.get("register")),
        Policy(**case.get("policy", {})),
        helpers.DESTINATIONS,
    )
    effects = helpers.feed(judge, found)
    if "until" in case:
        effects += judge.advance(scenario.moment(case["until"]))
    opened = [row for row in helpers.incidents(effects).values() if row.opened_at is not None]
    told = [f"{name} {reason}" for name, reason in helpers.notices(effects)]
    unknown = {name for expected in case["expect"] for name in expected} - FIELDS
    assert not unknown, f"unknown words in expect: {unknown}"
    left = list(opened)
    for expected in case["expect"]:
        match = next((row for row in left if _agrees(row, expected)), None)
        assert match is not None, f"no incident {expected}; there are {opened}"
        left.remove(match)
    assert not left, f"incidents beyond those expected: {left}"
    if "told" in case:
        assert told == case["told"]
    if "withheld" in case:
        assert [" ".join(one) for one in helpers.withheld(effects)] == case["withheld"]


def test_there_are_cases_that_fire_and_cases_that_do_not() -> None:
    cases = [param.values[0] for param in _cases()]
    quiet = [case for case in cases if not case["expect"]]
    assert len(cases) >= 120
    assert len(quiet) >= 50


def test_every_fault_that_behaviour_shows_has_a_case_in_which_it_fires() -> None:
    text = (helpers.ROOT / "data" / "catalog" / "faults_behaviour.yaml").read_text()
    known = {fault["id"] for fault in yaml.safe_load(text)["faults"]}
    fired = {expected.get("fault") for param in _cases() for expected in param.values[0]["expect"]}
    assert known - fired == set()
