"""When an incident that stays open is told again, and when an acknowledgement has run out.

Decides instants only. A reminder counts from what its destination was last told, so a restart never brings
it forward.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.core.model import IncidentRow, Severity
from rules.core.policy import Policy
from rules.core.state import Told


def every_s(severity: Severity, flapping: bool, policy: Policy) -> float:
    """Seconds between two messages of one open incident; 0: it is told once."""
    if flapping:
        return policy.flap_digest_s
    return {
        Severity.CRITICAL: policy.remind_critical_s,
        Severity.HIGH: policy.remind_high_s,
        Severity.MEDIUM: policy.remind_medium_s,
        Severity.LOW: policy.remind_low_s,
    }[severity]


def acknowledged_until(row: IncidentRow, policy: Policy) -> datetime | None:
    """Until when somebody has it in hand."""
    if row.acknowledged_at is None:
        return None
    return row.acknowledged_at + timedelta(seconds=policy.ack_expires_s)


def next_at(told: Told, row: IncidentRow, flapping: bool, policy: Policy) -> datetime | None:
    """When `told`'s destination is to hear of it once more; None: never by itself."""
    if not told.open or told.at is None:
        return None
    if told.again:
        return told.at
    pause = every_s(row.severity, flapping, policy)
    if pause <= 0:
        return None
    due = told.at + timedelta(seconds=pause)
    held = acknowledged_until(row, policy)
    return due if held is None else max(due, held)
