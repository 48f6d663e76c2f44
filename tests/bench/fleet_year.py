"""A large fleet with a long past, made inside DuckDB by its own arithmetic: for measuring pages and queries.

Every figure follows from hashes, so the same arguments and the same `now` give the same rows. Goes in by one
transaction of the store; nothing is judged, and an owner that starts on it must not judge it again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.catalog_files import load_catalog
from data.literals import literal
from data.store import Store
from rules.core.judge import Judge
from rules.core.policy import Policy

STEPS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


def fill_year(
    store: Store, now: datetime, *, stations: int, connectors: int, visits: int, frames: int, days: int = 365
) -> None:
    """`visits`: charging sessions a connector. `frames`: of the last day, heartbeats."""
    judged = Judge(load_catalog(), {}, Policy(), []).state()
    values = {
        "stations": stations,
        "connectors": connectors,
        "visits": visits,
        "frames": frames,
        "span_s": days * 86_400,
        "now": f"TIMESTAMP {literal(str(now.astimezone(UTC).replace(tzinfo=None)))}",
    }
    values["begin"] = f"({values['now']} - INTERVAL {days} DAY)"

    def run(cursor: Any) -> None:
        for step in STEPS.format(**values).split(";\n"):
            if step.strip():
                cursor.execute(step)

    store.transact(run)
    store.apply([], cursor=frames + store.next_record_id(), snapshot=judged, at=now)
