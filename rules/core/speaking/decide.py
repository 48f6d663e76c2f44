"""Whether a destination hears of an incident now, and why. One pure function.

Never sends and never suppresses: suppression reasons come in, and a resolve passes all of them, but only
to who was told of the opening.
"""

from __future__ import annotations

from rules.core.incident import SEVERITY_RANK
from rules.core.model import IncidentRow, IncidentState, NoticeReason, Suppression
from rules.core.speaking.suppress import lasting
from rules.core.state import Told

ONLY_FLAPPING = [Suppression.FLAPPING.value]
ACTIVE = (IncidentState.OPEN, IncidentState.RECOVERING)


def decide(
    told: Told | None,
    row: IncidentRow,
    *,
    routed_here: bool,
    told_elsewhere: bool,
    ready: bool,
    again: bool = False,
) -> NoticeReason | None:
    """The reason to speak, or None.

    `ready`: the group wait is over. `told_elsewhere`: another destination already has this incident.
    `again`: it was told long enough ago to be told once more (`remind`).
    An incident that flaps is told once, then in a digest now and then, and that it is over.
    A destination that lost the incident to another still hears of its end, because it heard of its start;
    and that it is back, once, when that other had been told.
    """
    if row.state is IncidentState.RESOLVED:
        return NoticeReason.RESOLVED if told is not None and told.open else None
    if not routed_here or not ready or row.state not in ACTIVE:
        return None
    silent = lasting(row.suppression)
    if silent:
        return _flapping(told, again) if silent == ONLY_FLAPPING else None
    is_open = row.state is IncidentState.OPEN
    if told is None or not told.open:
        new = NoticeReason.REROUTED if told_elsewhere else NoticeReason.FIRST
        return new if is_open else None
    return _further(told, row, back=told.away and told_elsewhere, again=again)


def _further(told: Told, row: IncidentRow, *, back: bool, again: bool) -> NoticeReason | None:
    """What there is to say to who was told of the opening. `back`: somebody else had it meanwhile."""
    is_open = row.state is IncidentState.OPEN
    if back and is_open:
        return NoticeReason.RETURNED
    if SEVERITY_RANK[row.severity] > SEVERITY_RANK[told.severity]:
        return NoticeReason.WORSE
    return NoticeReason.REMINDER if again and is_open else None


def _flapping(told: Told | None, again: bool) -> NoticeReason | None:
    if told is None or not told.flapping:
        return NoticeReason.FLAPPING
    return NoticeReason.DIGEST if again else None
