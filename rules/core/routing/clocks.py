"""Two clocks of an incident: how long it was with the operator and how long with the installer; and bounces.

Decides whose clock runs. Both stand while the incident is pending, recovering or over, and while it is with
nobody or the customer. A bounce is a move from the operator to an installer or back, once somebody was told.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.model import IncidentRow, IncidentState

MOST_BOUNCES = 3  # the third one goes to a person
OPERATOR, INSTALLER = "operator", "installer"
TIMED = (OPERATOR, INSTALLER)


def kind_of(party: str | None) -> str | None:
    """`installer:Volt` -> `installer`."""
    return None if party is None else party.partition(":")[0]


def tick(row: IncidentRow, at: datetime) -> None:
    """Add the time since the last look to whose clock ran; it runs on while the incident is open."""
    if row.clock_since is not None and at > row.clock_since:
        gone = (at - row.clock_since).total_seconds()
        kind = kind_of(row.route_party)
        if kind == OPERATOR:
            row.operator_s += gone
        elif kind == INSTALLER:
            row.installer_s += gone
    row.clock_since = at if row.state is IncidentState.OPEN else None


def is_bounce(row: IncidentRow, party: str, *, told: bool) -> bool:
    """Whether going to `party` throws it over the fence. `told`: somebody has heard of it already."""
    before, after = kind_of(row.route_party), kind_of(party)
    return told and row.opened_at is not None and before != after and {before, after} == set(TIMED)


def is_last(row: IncidentRow) -> bool:
    """Whether one bounce more is one too many."""
    return not row.bounced and row.bounces + 1 >= MOST_BOUNCES
