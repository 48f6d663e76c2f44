"""An incident as a customer reads it: is the station out of use, and who does something about it.

No codes, no proof, no name of a fault. What does not put a station out of use is never called a breakdown.
"""

from __future__ import annotations

from typing import Any

from pages._texts import Words
from rules.core.model import Severity, Side
from rules.core.subscription import stops_charging

Row = dict[str, Any]


def out_of_use(row: Row) -> bool:
    """Whether it keeps the station from charging; `row` is an incident or an episode of a station."""
    return stops_charging(
        row["fault"],
        Side(row["side"]),
        Severity(row["severity"]),
        imminent=bool(row["imminent"]),
        safety=bool(row["safety"]),
    )


def name(words: Words, row: Row) -> str:
    return words("condition.faulted" if out_of_use(row) else "plain.minor")


def holder(row: Row) -> str:
    """The kind of party that has it now; a row of one incident has it with the party's name behind."""
    kind = str(row.get("holder") or row.get("route_party") or "").partition(":")[0]
    return kind if kind and kind != "none" else str(row["owner"])


def sentence(words: Words, row: Row) -> str:
    """What is the matter and whose turn it is."""
    if row["closed_at"]:
        return words("fault.customer.working" if out_of_use(row) else "plain.minor.over")
    what = words("fault.customer.broken" if out_of_use(row) else "plain.minor.open")
    return f"{what} {words.of('customer.who', holder(row))}."
