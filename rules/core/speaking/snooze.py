"""Silence that a person asked for about one incident, and what ends it.

Decides whether it still lasts. Never speaks; safety may be snoozed too, for a person looked at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rules.core.incident import SEVERITY_RANK
from rules.core.state import Snooze, Tracked

WAKES = ("worse", "back", "member")  # it gets worse, it comes back after it was gone, more stations join
LONGEST = timedelta(days=31)


def begin(
    tracked: Tracked, until: datetime | None, wakes: Sequence[str], by: str, at: datetime
) -> str | None:
    """Why it is refused; None when it is done."""
    if until is None or until.tzinfo is None or not at < until <= at + LONGEST:
        return "a snooze ends later than now and within 31 days"
    unknown = [wake for wake in wakes if wake not in WAKES]
    if unknown:
        return f"nothing wakes on {unknown[0]}"
    row = tracked.row
    tracked.snooze = Snooze(
        until=until,
        wakes=sorted(set(wakes)),
        severity=row.severity,
        stuck=row.driver_stuck,
        members=len(row.members),
    )
    row.snoozed_until, row.snoozed_by, row.snooze_wakes = until, by, list(tracked.snooze.wakes)
    return None


def ended_by(tracked: Tracked, at: datetime) -> str | None:
    """What ends it now: time, worse, back or member. None while it lasts."""
    snooze, row = tracked.snooze, tracked.row
    if snooze is None:
        return None
    if at >= snooze.until:
        return "time"
    happened = {
        "worse": SEVERITY_RANK[row.severity] > SEVERITY_RANK[snooze.severity]
        or (row.driver_stuck and not snooze.stuck),
        "back": snooze.back,
        "member": len(row.members) > snooze.members,
    }
    return next((wake for wake in snooze.wakes if happened[wake]), None)


def end(tracked: Tracked) -> None:
    """It is over: who was told of the incident is told once more that it is there."""
    tracked.snooze = None
    row = tracked.row
    row.snoozed_until, row.snoozed_by, row.snooze_wakes = None, None, []
    for told in tracked.told.values():
        told.again = told.open
