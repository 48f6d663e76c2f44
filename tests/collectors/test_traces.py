"""The tables of `tests/cases/traces`: a few frames as a log would hold them, and the verdict they must give.

`frames` are lines `in FRAME`, `out FRAME`, `connected`, `disconnected` or `timeout`, each a second after the
one before, or as many as `+N` in front says. `expect` lists all incidents, [] for none; `side` is that of the
verdict that decides the case, null for none. None of the frames is of a recorded trace.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from collectors.logs.logfile import TRACE_EVENTS, records_of
from collectors.look_back.scoring import predicted_of
from collectors.look_back.triage_log import triage
from data.catalog_files import load_catalog
from rules.core.policy import Policy
from tests.corpus_log import FIXTURE

CASES = Path(__file__).parent.parent / "cases" / "traces"
CATALOG = load_catalog()
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
LINE = re.compile(
    r"(?:\+(?P<after>\d+) )?(?P<what>in|out|connected|disconnected|timeout)(?: (?P<frame>.*))?", re.DOTALL
)


def _all() -> list[dict[str, Any]]:
    return [
        {**case, "name": f"{path.stem}: {case['case']}"}
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def log_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    at, records = START, []
    for text in case["frames"]:
        found = LINE.fullmatch(text.strip())
        assert found is not None, f"cannot read {text!r}"
        at += timedelta(seconds=int(found["after"] or 1))
        record: dict[str, Any] = {"t": at.isoformat(), "station": "BE-1", "version": case.get("ocpp", "1.6")}
        if found["what"] in ("in", "out"):
            record |= {"dir": found["what"], "raw": found["frame"]}
        else:
            record["event"] = found["what"]
        records.append(record)
    return records


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in _all()])
def test_the_trace_is_judged_as_it_says(case: dict[str, Any]) -> None:
    found = triage(records_of(log_of(case), TRACE_EVENTS), CATALOG, {}, Policy())
    assert found.bad == 0
    if "expect" in case:
        assert sorted(row.fault for row in found.rows) == sorted(case["expect"])
    chosen = predicted_of(found.rows, 0.5)
    assert (None if chosen is None else chosen.side.value) == case["side"]
    for incident in found.incidents:
        for proof in incident["evidence"]:
            assert all(proof["says_in"].values())


def test_there_are_traces_that_fire_and_look_alikes_that_do_not() -> None:
    cases = _all()
    assert len(cases) >= 100
    assert sum(case["side"] is None for case in cases) >= 40


def test_no_trace_of_the_tables_is_a_recorded_one() -> None:
    recorded = FIXTURE.read_text(encoding="utf-8")
    ids = re.compile(r'\[\s*[234]\s*,\s*"([^"]{6,})"')
    used = {name for case in _all() for text in case["frames"] for name in ids.findall(text)}
    assert [name for name in used if name in recorded] == []
