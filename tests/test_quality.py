"""How right the verdicts are on real traces never gets worse than what the README prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from collectors.look_back.corpus import read_cases
from collectors.look_back.scoring import score
from data.catalog_files import load_catalog
from rules.core.policy import Policy
from tests.corpus_log import FIXTURE

ROOT = Path(__file__).resolve().parent.parent
# Reached on 2026-11-22. Raise when the rules get better; never lower.
SOFTWARE_RIGHT = 13
HARDWARE_RIGHT = 6
LEAST_PRECISION = 0.95


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return score(read_cases(FIXTURE.read_bytes().splitlines())[0], load_catalog(), Policy())


def test_no_installer_is_sent_for_nothing(report: dict[str, Any]) -> None:
    for part in ("headline", "all"):
        assert report[part]["sides"]["hardware"]["precision"] >= LEAST_PRECISION


def test_no_healthy_trace_has_an_incident(report: dict[str, Any]) -> None:
    assert report["all"]["healthy"]["with_false_alarm"] == []


def test_no_case_crashes_or_is_read_by_a_defect_of_ours(report: dict[str, Any]) -> None:
    assert report["crashes"] == []


def test_what_was_found_stays_found(report: dict[str, Any]) -> None:
    sides = report["headline"]["sides"]
    assert sides["hardware"]["right"] >= HARDWARE_RIGHT
    assert sides["software"]["right"] >= SOFTWARE_RIGHT
    assert sides["software"]["precision"] >= LEAST_PRECISION


def test_no_rule_and_no_table_names_a_case() -> None:
    names = [case.id for case in read_cases(FIXTURE.read_bytes().splitlines())[0]]
    places = [ROOT / "rules", ROOT / "collectors", ROOT / "data"]
    for place in places:
        for path in [*place.rglob("*.py"), *place.rglob("*.yaml")]:
            text = path.read_text(encoding="utf-8")
            assert [name for name in names if name in text] == [], path


def test_the_readme_tells_these_figures(report: dict[str, Any]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for side, figures in report["headline"]["sides"].items():
        row = re.search(rf"^\| {side} \| (\d+) \| (\d+) \| (\d+) \| (\d+)% \| (\d+)% \|$", text, re.MULTILINE)
        assert row is not None, f"the README has no row for {side}"
        shares = [round((figures[name] or 0) * 100) for name in ("precision", "recall")]
        counts = [figures[name] for name in ("cases", "said", "right")]
        assert [int(cell) for cell in row.groups()] == [*counts, *shares]
