"""Whether each destination still takes our messages: told to judgement when that changes, and only then.

Decides when failing is no chance any more. Judgement makes the incident of it and says who hears of that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime

from data.store import Batch, Store
from rules.core.model import DestinationFared
from rules.core.subscription import LANE
from rules.dispatch.outbox import Sent
from rules.dispatch.outcome import Kind
from rules.dispatch.retry import CIRCUIT_FAILURES


class Faring:
    """Made once by delivery. Called by every lane, each for its own destination."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """`clock` gives aware UTC."""
        self._store = store
        self._clock = clock
        self._failing: dict[str, bool] = {}
        self._lock = threading.Lock()

    def start(self, configured: Collection[str]) -> None:
        """Take up what stood at the last end; a destination that is no longer configured fails no more."""
        for name, failures in self._store.sql(
            "SELECT destination, consecutive_failures FROM destination_health"
        ).rows():
            self._failing[name] = failures > 0
            if failures > 0 and name not in configured:
                self._tell(name, False, "no longer configured")

    def gone(self, names: Collection[str]) -> None:
        """They were taken out of the configuration: what is no longer there fails no more."""
        for name in names:
            if self._failing.get(name, False):
                self._tell(name, False, "no longer configured")

    def told(self, sent: Sent, failures_in_row: int) -> None:
        """One attempt ended. A notice given up, or several failures in a row, is no chance."""
        if sent.kind is Kind.SENT:
            failing = False
        elif failures_in_row >= CIRCUIT_FAILURES or (sent.state == "dead" and sent.destination != LANE):
            failing = True  # one customer's wrong address says nothing of the others'

        else:
            return
        # What stood at the last end may never have become an incident: the first proof is told in any case.
        first = failing and failures_in_row in (1, CIRCUIT_FAILURES)
        if first or self._failing.get(sent.destination, False) is not failing:
            self._tell(sent.destination, failing, sent.detail)

    def failing(self) -> dict[str, bool]:
        """Destination -> whether it fails, as far as it was tried."""
        with self._lock:
            return dict(self._failing)

    def _tell(self, destination: str, failing: bool, detail: str) -> None:
        with self._lock:
            self._failing[destination] = failing
        told = DestinationFared(
            station="",
            at=self._clock(),
            record_id=self._store.next_record_id(),
            destination=destination,
            failing=failing,
            detail=detail,
        )
        self._store.submit(Batch(observations=[told]), None)
