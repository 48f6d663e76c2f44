"""A generated past of a whole fleet in the fixed log format, ordered by time: what the demo imports.

Decides nothing about stations (`history_plan`, `history_station` do); keeps the order. Must never hold more
than about two days of records in memory, nor read a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from collectors.simulator.assets import stations_of
from collectors.simulator.history_plan import plan_fleet
from collectors.simulator.history_station import Record, StationPast
from rules.core.model import Asset

_when = itemgetter(0)


def generate(
    assets: Sequence[Asset], days: float = 90, until: datetime | None = None, seed: int = 1
) -> Iterator[dict[str, Any]]:
    """Log records from `until` minus `days` up to `until` (aware UTC), the same for the same arguments.

    Every station connects and boots at the start; no visit is under way at the end. ValueError for a naive
    `until` or none, and for `days` that are not above 0.
    """
    if until is None or until.tzinfo is None:
        raise ValueError("a history needs the aware instant at which it ends")
    if days <= 0:
        raise ValueError("a history needs more than 0 days")
    end = until.astimezone(UTC)
    start = end - timedelta(days=days)
    stations = stations_of(assets, seed)
    plans = plan_fleet(stations, start, end, seed)
    pasts = [
        # Staggered by seconds, as after a power cut: no two stations connect in one instant.
        StationPast(
            station,
            plans[station.identity],
            start=start + timedelta(seconds=0.4 * n),
            end=end,
            seed=seed,
            number=n + 1,
        )
        for n, station in enumerate(stations)
    ]
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    waiting: list[Record] = []
    while midnight < end:
        following = midnight + timedelta(days=1)
        for past in pasts:
            waiting += past.day(midnight)
        waiting.sort(key=_when)
        # A visit of the next local day may begin an hour before its UTC midnight.
        settled = following - timedelta(hours=1)
        kept = 0
        while kept < len(waiting) and waiting[kept][0] < settled:
            kept += 1
        for record in waiting[:kept]:
            yield record[2]
        waiting = waiting[kept:]
        midnight = following
    for record in waiting:
        yield record[2]
