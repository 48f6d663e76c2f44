"""Uptime of a large fleet from days that were added up, and from its intervals alone, in one run.

    python -m tests.bench.uptime [--stations 2000] [--connectors 5] [--visits 100] [--rounds 5] [--data DIR]

Makes the fleet (kept in DIR when given, and used again) and adds its days up, as the owner process does.
Prints median milliseconds and, since machines are shared, processor milliseconds; and what adding up cost.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from data.named_queries import named_query
from data.scope import EVERY_STATION
from data.store import Store
from data.uptime_upkeep import roll
from tests.bench.fleet_year import fill_year
from tests.bench.running import table


def timed(cursor: Any, text: str) -> tuple[float, float]:
    began, spent = time.perf_counter(), time.process_time()
    cursor.execute(text).fetchall()
    return (time.perf_counter() - began) * 1000, (time.process_time() - spent) * 1000


def side_by_side(cursor: Any, text: str, rounds: int) -> list[str]:
    """From kept days, several times; then once as if none were kept, in a transaction that is undone."""
    kept = [timed(cursor, text) for _ in range(rounds)]
    cursor.execute("DELETE FROM uptime_rolled")
    alone = timed(cursor, text)
    cursor.execute("ROLLBACK")
    cursor.execute("BEGIN TRANSACTION")
    wall, spent = median(ms for ms, _ in kept), median(ms for _, ms in kept)
    return [f"{ms:.0f}" for ms in (wall, alone[0], spent, alone[1])] + [f"{alone[1] / spent:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("stations", 2000), ("connectors", 5), ("visits", 100), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as scratch:
        directory: Path = given.data or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        made = (directory / "laadwacht.duckdb").exists()
        with Store.open(directory / "laadwacht.duckdb") as store:
            if not made:
                size = {"stations": given.stations, "connectors": given.connectors, "visits": given.visits}
                fill_year(store, now, frames=1000, **size)
            began, spent, done = time.perf_counter(), time.process_time(), 0
            while found := roll(store, now):
                done += found
            took = f"{time.perf_counter() - began:.1f} s, processor {time.process_time() - spent:.1f} s"
            print(f"added up {done} days of stations in {took}")

            def measure(cursor: Any) -> list[list[str]]:
                rows = []
                for days in (365, 90, 30):
                    values = {"since": now - timedelta(days=days), "until": now, "station": None}
                    text = named_query("uptime").text(
                        values | {"levels": ["total", "day", "station", "connector"]}, EVERY_STATION
                    )
                    rows.append([f"{days} days", *side_by_side(cursor, text, given.rounds)])
                return rows

            heads = [
                "uptime of all connectors",
                "kept ms",
                "intervals ms",
                "kept cpu",
                "intervals cpu",
                "ratio",
            ]
            table("median", heads, store.transact(measure))


if __name__ == "__main__":
    main()
