"""Why an incident is not spoken of. Recording never stops; only notifying does.

Decides the list of reasons; an empty list means that nothing holds the notices back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rules.core.model import IncidentState, Suppression
from rules.core.policy import Policy


def openings(before: list[datetime], at: datetime, policy: Policy) -> list[datetime]:
    """When this incident opened within the window, `at` added."""
    since = at - timedelta(seconds=policy.flap_window_s)
    return [t for t in before if t > since] + [at]


def is_flapping(times: list[datetime], policy: Policy) -> bool:
    """Opened so often within the window that the single openings are no news."""
    return len(times) >= policy.flap_times


# A word kept back for one destination, told later: no reason to decide that there is nothing to say.
POSTPONED = frozenset((Suppression.BUDGET.value, Suppression.QUIET_HOURS.value, Suppression.NIGHT.value))


def lasting(reasons: Sequence[str]) -> list[str]:
    """Those that hold back for good, without what is only told later."""
    return [reason for reason in reasons if reason not in POSTPONED]


def reasons(
    *,
    parent: IncidentState | None,
    imported: bool,
    flapping: bool = False,
    snoozed: bool = False,
    windows: Sequence[str] = (),
) -> list[str]:
    """`parent`: state of the wider incident this one belongs to, None when there is none.
    `windows`: reasons of the silences and maintenance windows that mean it, as `silence:<id>`."""
    found = list(windows)
    if parent is not None and parent is not IncidentState.RESOLVED:
        found.append(Suppression.INHIBITED.value)
    if flapping:
        found.append(Suppression.FLAPPING.value)
    if snoozed:
        found.append(Suppression.SNOOZED.value)
    if imported:
        found.append(Suppression.IMPORTED.value)
    return found
