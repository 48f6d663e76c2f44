"""The life of an incident: pending, open, recovering, resolved, and nothing else.

Decides which step follows which event. Acknowledgement, assignee and hand-over are columns, not states.
Never looks at destinations.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from rules.core.model import Evidence, IncidentRow, IncidentState, Severity

PENDING, OPEN, RECOVERING, RESOLVED = (
    IncidentState.PENDING,
    IncidentState.OPEN,
    IncidentState.RECOVERING,
    IncidentState.RESOLVED,
)


class Step(StrEnum):
    SEEN = "seen"
    HELD = "held"
    GONE = "gone"
    SETTLED = "settled"


# Every allowed step. What is not here does not happen.
TRANSITIONS: dict[tuple[IncidentState, Step], IncidentState] = {
    (PENDING, Step.SEEN): PENDING,
    (PENDING, Step.HELD): OPEN,
    (PENDING, Step.GONE): RESOLVED,
    (OPEN, Step.SEEN): OPEN,
    (OPEN, Step.GONE): RECOVERING,
    (RECOVERING, Step.SEEN): OPEN,
    (RECOVERING, Step.SETTLED): RESOLVED,
}

SEVERITY_RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}
EVIDENCE_HEAD = 8  # the first proofs tell how it began
EVIDENCE_TAIL = 12  # the last ones tell how it stands


class RefusedError(Exception):
    """The step is not allowed; the reason is its text."""


def incident_id(key: str, pending_at: datetime) -> str:
    """The same fault seen at the same time has the same id, live or replayed."""
    text = f"{key}|{pending_at.isoformat()}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def after(state: IncidentState, step: Step) -> IncidentState | None:
    """The state after `step`, None when the step means nothing in this state."""
    return TRANSITIONS.get((state, step))


def move(row: IncidentRow, step: Step, at: datetime) -> bool:
    """Take the step and date it. True when the state changed."""
    target = after(row.state, step)
    if target is None:
        return False
    changed = target is not row.state
    row.state = target
    row.updated_at = at
    if changed:
        if target is OPEN:
            row.opened_at = row.opened_at or at
            row.recovering_at = None
        elif target is RECOVERING:
            row.recovering_at = at
        elif target is RESOLVED:
            row.closed_at = at
    return changed


def acknowledge(row: IncidentRow, by: str, at: datetime) -> None:
    """Raises `RefusedError` when there is nothing left to acknowledge."""
    if row.state is RESOLVED:
        raise RefusedError("already resolved")
    row.acknowledged_at = at
    row.acknowledged_by = by
    row.updated_at = at


def add_evidence(old: list[Evidence], new: tuple[Evidence, ...]) -> list[Evidence]:
    """The first and the last proofs; the middle of a long story is in the stored frames."""
    merged = old + [item for item in new if item not in old[-3:]]
    if len(merged) > EVIDENCE_HEAD + EVIDENCE_TAIL:
        merged = merged[:EVIDENCE_HEAD] + merged[-EVIDENCE_TAIL:]
    return merged
