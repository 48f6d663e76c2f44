"""How right the verdicts were, by the feedback of people: counted per rule, fault, make or firmware.

Decides how counts are added up. Incidents that nobody judged count as incidents only, never as right.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from collectors.look_back.stored_past import Query

COUNTS = ("incidents", "judged", "confirmed", "wrong_side", "no_fault_found")


def precision_of(query: Query, since: datetime, until: datetime, by: str) -> dict[str, Any]:
    """`by` is `rule`, `fault`, `make` (make alone) or `firmware` (make and firmware). Times are aware UTC."""
    naive = [at.astimezone(UTC).replace(tzinfo=None).isoformat() for at in (since, until)]
    groups: dict[str | None, dict[str, Any]] = {}
    for row in query("rule_precision", since=naive[0], until=naive[1]).iter_rows(named=True):
        name = row[by]
        if by == "firmware" and name is not None:
            name = f"{row['make'] or '?'} {name}"
        group = groups.setdefault(name, {by: name, **dict.fromkeys(COUNTS, 0)})
        for count in COUNTS:
            group[count] += row[count]
    rows = sorted(groups.values(), key=lambda row: (-row["judged"], row[by] or ""))
    total = {count: sum(row[count] for row in rows) for count in COUNTS}
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "by": by,
        "rows": [_with_share(row) for row in rows],
        "total": _with_share(total),
    }


def _with_share(row: dict[str, Any]) -> dict[str, Any]:
    share = round(row["confirmed"] / row["judged"], 4) if row["judged"] else None
    return {**row, "precision": share}
