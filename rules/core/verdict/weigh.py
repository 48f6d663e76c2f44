"""What a reset tells: a fault that a remote reset clears speaks for software, its return for hardware, and so
does a remedy that fails.

Decides how the verdict of one incident changes. Safety, and what a person decided, is left alone.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from rules.core.model import Cause, Evidence, IncidentRow, Owner, Side, Verdict
from rules.core.verdict.triage import bounded

EITHER = (Cause.CHARGER_HARDWARE, Cause.UNKNOWN)
SOFTWARE_TASK = "mob.support.monitoring"
SOFTWARE_CONFIDENCE = 0.6  # one reset that helped is a hint, not a proof


def cleared_by_reset(row: IncidentRow, at: datetime) -> Evidence | None:
    """Turn the verdict to software; the proof to add, None where a reset tells nothing."""
    if row.side is not Side.HARDWARE or row.cause not in EITHER or row.safety or row.overruled_by is not None:
        return None
    row.side, row.cause, row.owner = Side.SOFTWARE, Cause.FIRMWARE, Owner.OPERATOR
    row.task, row.confidence = SOFTWARE_TASK, SOFTWARE_CONFIDENCE
    return Evidence(at=at, says="reset_cleared")


def remedy_failed(row: IncidentRow, support: float) -> None:
    """A restart or an unlock was refused or changed nothing: more sure of hardware, less of firmware."""
    if row.safety or row.overruled_by is not None:
        return
    if row.side is Side.HARDWARE:
        row.confidence = bounded(row.confidence + support)
    elif row.side is Side.SOFTWARE and row.cause in (Cause.FIRMWARE, Cause.UNKNOWN):
        row.confidence = bounded(row.confidence - support)


def returned(judged: Verdict, support: float, at: datetime) -> Verdict:
    """The verdict of a fault that is back within a day of the reset that had cleared it."""
    proof = Evidence(at=at, says="returned_after_reset")
    return replace(
        judged, confidence=bounded(judged.confidence + support), evidence=(*judged.evidence, proof)
    )


def restore(row: IncidentRow, judged: Verdict) -> None:
    """Back to what the verdict said before the reset."""
    if row.overruled_by is None:
        row.side, row.cause, row.owner = judged.side, judged.cause, judged.owner
        row.task, row.confidence = judged.task, judged.confidence
