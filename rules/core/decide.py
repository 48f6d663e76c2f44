"""Whether a destination hears of an incident now, and why. One pure function.

Never sends and never suppresses: suppression reasons come in, and a resolve passes all of them, but only
to who was told of the opening.
"""

from __future__ import annotations

from rules.core.incident import SEVERITY_RANK
from rules.core.model import IncidentRow, IncidentState, NoticeReason, Suppression
from rules.core.state import Told

ONLY_FLAPPING = [Suppression.FLAPPING.value]
ACTIVE = (IncidentState.OPEN, IncidentState.RECOVERING)


def decide(
    told: Told | None, row: IncidentRow, *, routed_here: bool, told_elsewhere: bool, ready: bool
) -> NoticeReason | None:
    """The reason to speak, or None.

    `ready`: the group wait is over. `told_elsewhere`: another destination already has this incident.
    An incident that flaps is told once, and then only that it is over.
    A destination that lost the incident to another still hears of its end, because it heard of its start.
    """
    if row.state is IncidentState.RESOLVED:
        return NoticeReason.RESOLVED if told is not None and told.open else None
    if not routed_here or not ready or row.state not in ACTIVE:
        return None
    if row.suppression:
        news = row.suppression == ONLY_FLAPPING and (told is None or not told.flapping)
        return NoticeReason.FLAPPING if news else None
    if told is None or not told.open:
        new = NoticeReason.REROUTED if told_elsewhere else NoticeReason.FIRST
        return new if row.state is IncidentState.OPEN else None
    return NoticeReason.WORSE if SEVERITY_RANK[row.severity] > SEVERITY_RANK[told.severity] else None
