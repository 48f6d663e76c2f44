"""Deadlines of the judgement, each fired at its exact due time and in one fixed order.

Decides only the order. Reads no clock: time is what the log says. A deadline may be overtaken (a station
spoke again); it is then dropped or set again when it comes up, so that a heartbeat never touches the heap.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime

Entry = tuple[datetime, str, str]


class Timers:
    """A heap of (due, kind, key). Equal dues fire by kind, then key, so replay cannot differ."""

    __slots__ = ("heap",)

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self.heap: list[Entry] = list(entries or ())
        heapq.heapify(self.heap)

    def set(self, due: datetime, kind: str, key: str) -> None:
        heapq.heappush(self.heap, (due, kind, key))

    def due(self, until: datetime) -> Iterator[Entry]:
        """Entries due at or before `until`, including those that firing adds."""
        heap = self.heap
        while heap and heap[0][0] <= until:
            yield heapq.heappop(heap)
