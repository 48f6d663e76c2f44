"""Who may see which stations: the CTE `visible(station)` that stands before every scoped query.

Decides visibility from the register alone. Must never widen: an unknown role or a missing party sees nothing.
"""

from __future__ import annotations

import msgspec

from data.literals import literal

EVERY_STATION = "SELECT station FROM station UNION SELECT station FROM register"


class Scope(msgspec.Struct, frozen=True):
    """`role` is helpdesk, installer or customer; `party` the name as in the register."""

    role: str
    party: str | None = None


HELPDESK = Scope("helpdesk")


def visible_select(scope: Scope) -> str:
    """A SELECT with the single column `station`."""
    if scope.role == "helpdesk":
        return EVERY_STATION
    if scope.role in {"installer", "customer"} and scope.party:
        return f"SELECT station FROM register WHERE {scope.role} = {literal(scope.party)}"
    return "SELECT station FROM register WHERE false"
