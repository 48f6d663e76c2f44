"""What somebody tells who goes to the station: I take it, I am on my way, it is fixed.

Decides how the incident's row follows; a fault that is said to be fixed and lasts is written in its history.
Never closes an incident: only the station's own silence about the fault does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.core import incident
from rules.core.book import Book
from rules.core.model import Effect, IncidentState, UserActed
from rules.core.state import Tracked

ACTIONS = ("take", "on_my_way", "fixed")
LOOK_AGAIN = "fixed"  # the timer's kind

_EVENTS = {"take": "taken", "on_my_way": "on_my_way", "fixed": "fixed"}


def told(obs: UserActed, tracked: Tracked, book: Book, out: list[Effect]) -> None:
    """One of `ACTIONS` about an incident that is not resolved."""
    row = tracked.row
    # Who is on the way or was there has taken it, whatever was pressed before.
    if row.acknowledged_at is None or obs.action == "take":
        incident.acknowledge(row, obs.by, obs.at)
        tracked.answered_for = obs.party
    row.assignee = obs.by
    if obs.action == "on_my_way":
        row.on_my_way_at, row.eta_at, row.fixed_at = obs.at, obs.eta, None
    elif obs.action == "fixed":
        row.fixed_at = obs.at
        tracked.fixed_due = obs.at + timedelta(seconds=book.policy.fixed_check_s)
        book.timers.set(tracked.fixed_due, LOOK_AGAIN, row.key)
    book.note(tracked, obs.at, _EVENTS[obs.action], out, obs.by, **detail(obs))


def look_again(key: str, due: datetime, book: Book, out: list[Effect]) -> None:
    """It was said to be fixed a while ago: is the fault still there?"""
    tracked = book.state.tracked.get(key)
    if tracked is None or tracked.fixed_due != due:
        return
    tracked.fixed_due = None
    row = tracked.row
    if row.state is IncidentState.OPEN and row.fixed_at is not None:
        minutes = round((due - row.fixed_at).total_seconds() / 60)
        row.on_my_way_at = row.eta_at = row.fixed_at = None
        book.note(tracked, due, "not_fixed", out, None, minutes=minutes)


def detail(obs: UserActed) -> dict[str, str]:
    """What was told beside the act itself, for history."""
    pairs = {
        "cause": obs.cause,
        "eta": None if obs.eta is None else obs.eta.isoformat(),
        "text": obs.text,
        "verdict": obs.verdict,
        "side": obs.side,
    }
    return {name: value for name, value in pairs.items() if value is not None}
