"""What was observed, read back from the store in order of time: from a running owner process or at rest.

Decides only the size of a page. Never writes, and never holds more than one page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct

from data.rows import observation_from_json
from rules.core.model import Asset, Observation, Seen

Query = Callable[..., pl.DataFrame]
PAGE = timedelta(hours=6)


class Span(Struct, frozen=True):
    """The first and the last instant stored, aware UTC."""

    first: datetime
    last: datetime


def span_of(query: Query) -> Span | None:
    """None while nothing is stored."""
    row = query("observations_span").row(0, named=True)
    return None if row["first_at"] is None else Span(row["first_at"], row["last_at"])


def observations(query: Query, start: datetime, last: datetime) -> Iterator[list[Observation]]:
    """Everything from `start` to `last`, both included (aware UTC), a page at a time; no page is empty."""
    while start <= last:
        stop = start + PAGE
        found = query("observations_between", start=_naive(start), stop=_naive(stop))
        page = [_observation(row) for row in found.iter_rows(named=True)]
        # An observation may carry a time of its own within its record (a gap, say): by time means by `at`.
        page.sort(key=lambda seen: seen.at)
        if page:
            yield page
        start = stop


def register_of(query: Query) -> dict[str, Asset]:
    fields = Asset.__struct_fields__
    rows = query("register_rows").iter_rows(named=True)
    return {
        row["station"]: msgspec.convert({name: _plain(row[name]) for name in fields}, Asset) for row in rows
    }


def _observation(row: dict[str, Any]) -> Observation:
    if row["body"] is not None:
        return observation_from_json(row["body"])
    return Seen(station=row["station"], at=row["happened_at"], record_id=row["record_id"])


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _naive(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat()
