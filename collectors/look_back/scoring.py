"""How right the verdicts are: labelled cases judged, and precision, recall and confusion counted per side.

Decides how a label is read: network is the hardware side (the installer's), vehicle and driver are neither
side, unknown is not scored. Must never let a rule see a label.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from collectors.logs.logfile import TRACE_EVENTS, BadLine, records_of
from collectors.look_back.corpus import Case, log_of
from collectors.look_back.triage_log import triage
from rules.core.catalog.entries import Catalog
from rules.core.model import IncidentRow, Scope
from rules.core.policy import Policy

SIDES = ("software", "hardware", "none")
TRUTH = {
    "software": "software",
    "hardware": "hardware",
    "network": "hardware",
    "vehicle": "none",
    "driver": "none",
    "external": "none",
    "none": "none",
}
#: Labels that count in the headline figures.
SURE = frozenset({"high", "medium"})
ABSTAINED = "abstained"
WIDTH = {Scope.CONNECTOR: 0, Scope.EVSE: 1, Scope.STATION: 2}


class CaseResult(Struct, frozen=True, kw_only=True):
    """One case. `predicted` is a side, or `abstained` where nothing was found or nothing surely enough."""

    id: str
    confidence: str
    truth: str | None
    truth_side: str
    predicted: str
    fault: str | None = None
    rule: str | None = None
    sure: float | None = None
    incidents: tuple[str, ...] = ()
    healthy: bool = False
    right: bool | None = None
    crash: str | None = None


def predicted_of(rows: Sequence[IncidentRow], min_confidence: float) -> IncidentRow | None:
    """The verdict that decides a case: the surest one that would leave the helpdesk's inbox; the widest place
    of equals, then the earliest."""
    strong = [row for row in rows if row.confidence >= min_confidence]
    return max(
        strong,
        key=lambda row: (row.confidence, WIDTH.get(row.scope, 3), -row.pending_at.timestamp()),
        default=None,
    )


def judge_case(case: Case, catalog: Catalog, policy: Policy) -> CaseResult:
    """A crash of ours is a result too, never an exception."""
    truth = TRUTH.get(case.truth_side)
    healthy = "healthy" in case.tags and truth == "none"
    try:
        rows = triage(records_of(log_of(case), TRACE_EVENTS), catalog, {}, policy).rows
    except Exception as error:  # counted and told: one bad case must not hide the others
        return CaseResult(
            id=case.id,
            confidence=case.confidence,
            truth=truth,
            truth_side=case.truth_side,
            predicted=ABSTAINED,
            healthy=healthy,
            crash=f"{type(error).__name__}: {error}"[:300],
        )
    chosen = predicted_of(rows, policy.min_confidence)
    predicted = ABSTAINED if chosen is None else chosen.side.value
    # No incident is the right answer to a trace in which neither side is at fault.
    right = None if truth is None else (predicted == truth or (truth == "none" and predicted == ABSTAINED))
    return CaseResult(
        id=case.id,
        confidence=case.confidence,
        truth=truth,
        truth_side=case.truth_side,
        predicted=predicted,
        fault=None if chosen is None else chosen.fault,
        rule=None if chosen is None else chosen.rule_id,
        sure=None if chosen is None else chosen.confidence,
        incidents=tuple(row.fault for row in rows),
        healthy=healthy,
        right=right,
    )


def figures(results: Iterable[CaseResult]) -> dict[str, Any]:
    """Counts over the cases with a usable label; a share is None where there is nothing to divide by."""
    scored = [result for result in results if result.truth is not None]
    confusion = {
        truth: {
            predicted: sum(r.truth == truth and r.predicted == predicted for r in scored)
            for predicted in (*SIDES, ABSTAINED)
        }
        for truth in SIDES
    }
    sides = {}
    for side in SIDES:
        hits = confusion[side][side] + (confusion[side][ABSTAINED] if side == "none" else 0)
        said = sum(confusion[truth][side] for truth in SIDES) + (
            confusion[side][ABSTAINED] if side == "none" else 0
        )
        cases = sum(confusion[side].values())
        sides[side] = {
            "cases": cases,
            "said": said,
            "right": hits,
            "precision": _share(hits, said),
            "recall": _share(hits, cases),
        }
    healthy = [result for result in scored if result.healthy]
    return {
        "cases": len(scored),
        "sides": sides,
        "confusion": confusion,
        "healthy": {
            "cases": len(healthy),
            "false_alarms": sum(bool(result.incidents) for result in healthy),
            "with_false_alarm": [result.id for result in healthy if result.incidents],
        },
        "abstained": sum(r.predicted == ABSTAINED and r.truth != "none" for r in scored),
        "crashes": sum(r.crash is not None for r in scored),
    }


def score(
    cases: Sequence[Case], catalog: Catalog, policy: Policy, bad: Sequence[BadLine] = ()
) -> dict[str, Any]:
    """The whole report: headline figures over labels of high and medium confidence, the same over all, and
    a line a case. `bad`: lines of the file that are no cases."""
    began = time.perf_counter()
    results = [judge_case(case, catalog, policy) for case in cases]
    took = time.perf_counter() - began
    return {
        "headline": figures([result for result in results if result.confidence in SURE]),
        "all": figures(results),
        "not_scored": [result.id for result in results if result.truth is None],
        "crashes": [
            {"id": result.id, "crash": result.crash} for result in results if result.crash is not None
        ],
        "bad_lines": [{"line": line.line, "reason": line.reason} for line in bad],
        "frames": sum(len(case.frames) for case in cases),
        "seconds": round(took, 3),
        "catalog_version": catalog.version,
        "cases": [_line(result) for result in results],
    }


def _line(result: CaseResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in CaseResult.__struct_fields__}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
