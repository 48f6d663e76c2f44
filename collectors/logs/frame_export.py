"""Stored frames, page by page, from a running owner process or a database at rest.

Decides only how much is asked for at a time: pages are runs of record ids, so that the store reads each row
once and memory does not grow with the store. Frames that are stored after the export began are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import polars as pl
from msgspec import Struct

#: Frames wanted in a page; what one page may take is a few tens of megabytes.
PAGE = 20_000
#: Record ids in one page at most, however few frames there are: a page must end well within its time limit.
WIDEST = 5_000_000

#: A named query: name and inputs to rows.
Query = Callable[..., pl.DataFrame]


class Selection(Struct, frozen=True, kw_only=True):
    """Which frames: of one station or of all, received from `start` on and before `stop` (aware UTC)."""

    station: str | None = None
    start: datetime | None = None
    stop: datetime | None = None


class Span(Struct, frozen=True):
    """The record ids among which the frames lie; `frames` is their number."""

    first: int
    last: int
    frames: int


def span_of(query: Query, selection: Selection) -> Span | None:
    """None when there are no such frames."""
    row = query("frames_span", **_inputs(selection)).row(0, named=True)
    if row["first_id"] is None:
        return None
    return Span(row["first_id"], row["last_id"], row["frames"])


def pages(query: Query, selection: Selection, span: Span) -> Iterator[tuple[int, pl.DataFrame]]:
    """Every page with the last record id it covers, in the order of receipt; a page may be empty."""
    after, width = span.first - 1, PAGE
    while after < span.last:
        upto = min(after + width, span.last)
        page = query("frames_page", after=after, upto=upto, **_inputs(selection))
        yield upto, page
        after = upto
        if page.height < PAGE // 2:
            width = min(width * 2, WIDEST)
        elif page.height > PAGE:
            width = max(width // 2, PAGE)


def _inputs(selection: Selection) -> dict[str, object]:
    return {"station": selection.station, "start": selection.start, "stop": selection.stop}
