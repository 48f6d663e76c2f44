"""Words that were not spoken, for the proof of notice: to whom, which, and what held them back.

Decides only that the same word is recorded once for each destination and reason, however often it would have
been said. What is recorded here is never sent.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import structs

from rules.core.model import NoticeReason, NoticeRow, Suppression
from rules.core.speaking.decide import decide
from rules.core.state import Told, Tracked


def wanted(
    tracked: Tracked,
    told: Told | None,
    *,
    routed_here: bool,
    told_elsewhere: bool,
    ready: bool,
    again: bool = False,
) -> NoticeReason | None:
    """What would be said to a destination that something holds back, without that. Of imported history:
    nothing. `again`: it was told long enough ago to be told once more."""
    row = tracked.row
    if Suppression.IMPORTED.value in row.suppression:
        return None
    free = structs.replace(row, suppression=[])
    return decide(
        told, free, routed_here=routed_here, told_elsewhere=told_elsewhere, ready=ready, again=again
    )


def withhold(  # noqa: PLR0917
    tracked: Tracked, name: str, party: str, reason: NoticeReason, why: str, at: datetime
) -> NoticeRow | None:
    """The row of a word that `why` swallowed; None when it stands there already."""
    mark = f"{name}|{reason.value}|{why}"
    if mark in tracked.swallowed:
        return None
    tracked.swallowed.append(mark)
    told = tracked.told.get(name)
    return NoticeRow(
        dedup_key=f"{tracked.row.incident_id}:{name}:{reason.value}:{why}",
        incident_id=tracked.row.incident_id,
        destination=name,
        party=party,
        seq=told.seq if told is not None else 0,
        reason=reason,
        created_at=at,
        not_before=at,
        suppressed=why,
    )
