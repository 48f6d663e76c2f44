"""What keeps a word back from one destination for a while: quiet hours, the night, a spent budget.

Decides the reason and until when; the word itself is never lost. Safety and critical faults pass all of it; a
driver who is stuck passes the hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from rules.core.calendar.service_hours import Hours, is_within, next_closing, next_opening, parse
from rules.core.model import Severity, Suppression
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.core.state import Ended, Outlet

HOUR = timedelta(hours=1)

Held = tuple[Suppression, datetime]


class Service(NamedTuple):
    """When people are told of what does not fail yet, and of faults at which nobody charges."""

    imminent: Hours
    idle: Hours


def service_of(policy: Policy) -> Service:
    """Raises ValueError for hours that are none; settings are checked before."""
    return Service(parse(policy.service_hours), parse(policy.idle_hours))


def by_hours(
    word: Ended, *, stuck: bool, destination: Destination, service: Service, at: datetime
) -> Held | None:
    """Quiet hours of the destination; the night, for what is imminent and for idle faults of others than the
    operator."""
    if word.safety or stuck or word.severity is Severity.CRITICAL:
        return None
    ends = [
        next_closing(quiet.hours, at)
        for quiet in destination.quiet
        if word.severity in quiet.severities and is_within(quiet.hours, at)
    ]
    if ends:
        return Suppression.QUIET_HOURS, max(ends)
    hours = service.imminent if word.imminent else service.idle
    rests = word.imminent or (word.can_wait and destination.party != "operator")
    if rests and not is_within(hours, at):
        return Suppression.NIGHT, next_opening(hours, at)
    return None


def passes_budget(word: Ended) -> bool:
    """Danger, and what is down for everybody, is told however much was told before."""
    return word.safety or word.severity is Severity.CRITICAL


def by_budget(outlet: Outlet, destination: Destination, policy: Policy, at: datetime) -> Held | None:
    """No message is left of this hour's. Hours are counted from the first message of each."""
    limit = _limit(destination, policy)
    since, sent = _now(outlet, limit, at)
    if limit <= 0 or since is None or sent < limit:
        return None
    return Suppression.BUDGET, since + HOUR


def spend(outlet: Outlet, destination: Destination | None, policy: Policy, at: datetime) -> None:
    """One message of this hour's is used."""
    limit = policy.budget_per_hour if destination is None else _limit(destination, policy)
    since, sent = _now(outlet, limit, at)
    outlet.window_at, outlet.sent = since or at, sent + 1


def book(outlet: Outlet, destination: Destination, policy: Policy, at: datetime) -> datetime:
    """When a message leaves that nobody is in a hurry for: now, or in the first hour that has room. It is
    used there."""
    limit = _limit(destination, policy)
    since, sent = _now(outlet, limit, at)
    spend(outlet, destination, policy, at)
    if limit <= 0 or since is None or sent < limit:
        return at
    return since + HOUR * (sent // limit)


def _limit(destination: Destination, policy: Policy) -> int:
    return policy.budget_per_hour if destination.budget_per_hour is None else destination.budget_per_hour


def _now(outlet: Outlet, limit: int, at: datetime) -> tuple[datetime | None, int]:
    """Since when this hour counts and what of it is used; what was booked ahead is used hour by hour."""
    if outlet.window_at is None or at < outlet.window_at + HOUR:
        return outlet.window_at, outlet.sent
    gone = (at - outlet.window_at) // HOUR
    left = outlet.sent - limit * gone
    return (outlet.window_at + HOUR * gone, left) if limit > 0 and left > 0 else (None, 0)
