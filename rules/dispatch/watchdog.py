"""Watches the path of alerts itself: what is unsent for too long, left behind, given up, or without a lane.

Decides whether delivery is healthy, and takes back leases that ran out. It sends nothing and judges no
charger; an outage of ours must show here before a customer tells us.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from data import outbox as ledger
from data.store import Store, StoreClosed
from rules.dispatch.engine import EngineStats
from rules.dispatch.outbox import LaneStats

log = logging.getLogger(__name__)

EVERY_S = 15.0
OVERDUE_S = 120.0
UNSENT_S = 900.0
ENGINE_LAG_S = 30.0
FAILING = 3  # failures in a row that are no chance any more
DEAD_WITHIN = timedelta(hours=24)


class QueueState(Struct, frozen=True, kw_only=True):
    """One destination's notices. `overdue`: due for two minutes and untouched, or leased by nobody alive."""

    destination: str
    queued: int
    leased: int
    overdue: int
    dead: int
    oldest_unsent_s: float


class DeliveryHealth(Struct, frozen=True, kw_only=True):
    """`reasons` tell in plain words what is not well; empty when `ok`. `oldest_unsent_s`: over all lanes.

    `mute`: those of them that no message could tell anybody, because the way of messages itself is blocked.
    """

    ok: bool
    at: datetime
    oldest_unsent_s: float = 0.0
    reasons: list[str] = []
    mute: list[str] = []
    queues: list[QueueState] = []
    lanes: list[LaneStats] = []


class Watchdog:
    """Looks every 15 s on a daemon thread; `last` is cheap to read at any time."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        lanes: Callable[[], list[LaneStats]],
        engine: Callable[[], EngineStats] | None = None,
        *,
        helpdesk: Callable[[], Collection[str]] = tuple,
        every_s: float = EVERY_S,
        on_look: Callable[[DeliveryHealth], None] = lambda _health: None,
    ) -> None:
        """`helpdesk` names the operator's own destinations. `on_look` hears every result."""
        self._helpdesk = helpdesk
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._engine = engine
        self._every_s = every_s
        self._on_look = on_look
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._last: DeliveryHealth | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def last(self) -> DeliveryHealth:
        """The latest result; looks once when there is none yet."""
        return self._last or self.look()

    def look(self) -> DeliveryHealth:
        """Read the store and judge delivery. Raises what the store raises."""
        now = self._clock()
        table = self._store.query(
            "outbox_waiting",
            now=now,
            due_before=now - timedelta(seconds=OVERDUE_S),
            since=now - DEAD_WITHIN,
        )
        queues = [_queue_state(row, now) for row in table.rows(named=True)]
        lanes = self._lanes()
        mute = [
            *(f"lane {lane.destination} does not run" for lane in lanes if not lane.running),
            *_overdue_reasons(queues, lanes),
            *self._helpdesk_reasons(lanes),
            *self._engine_reasons(now),
            *self._missed_reasons(now),
        ]
        reasons = [*mute, *_failing_reasons(lanes), *_queue_reasons(queues, lanes)]
        self._last = DeliveryHealth(
            ok=not reasons,
            at=now,
            oldest_unsent_s=max((queue.oldest_unsent_s for queue in queues), default=0.0),
            reasons=reasons,
            mute=mute,
            queues=queues,
            lanes=lanes,
        )
        return self._last

    def _helpdesk_reasons(self, lanes: list[LaneStats]) -> list[str]:
        names = self._helpdesk()
        desks = [lane for lane in lanes if lane.destination in names]
        if desks and all(desk.failures_in_row >= FAILING for desk in desks):
            return ["no destination of the helpdesk accepts messages"]
        return []

    def _missed_reasons(self, now: datetime) -> list[str]:
        before = now - timedelta(seconds=OVERDUE_S)
        missed = int(self._store.query("deadlines_missed", due_before=before).item(0, "missed"))
        return [f"{missed} steps of escalation are overdue"] if missed else []

    def _engine_reasons(self, now: datetime) -> list[str]:
        if self._engine is None:
            return []
        stats = self._engine()
        if not stats.running:
            return [f"the engine does not run: {stats.last_error or 'stopped'}"]
        if stats.lag_s > ENGINE_LAG_S:
            return [f"judgement is {stats.lag_s:.0f} s behind"]
        until = stats.judged_until
        if until is not None and (until - now).total_seconds() > ENGINE_LAG_S:
            # Its time never runs backwards: no hold time and no silence ends before the clock is there again.
            return [f"the clock was set back: judgement waits until {until:%Y-%m-%d %H:%M:%S} UTC"]
        return []

    def _run(self) -> None:
        well = True
        while not self._stopping.wait(self._every_s):
            try:
                ledger.release_expired(self._store, self._clock())
                health = self.look()
                self._on_look(health)
            except StoreClosed:
                return
            except Exception:
                log.exception("the watchdog could not look")
                continue
            if health.ok != well:
                well = health.ok
                log.warning("delivery is %s", "well again" if well else "; ".join(health.reasons))


def _queue_state(row: dict[str, Any], now: datetime) -> QueueState:
    oldest = row["oldest_unsent_at"]
    return QueueState(
        destination=row["destination"],
        queued=row["queued"],
        leased=row["leased"],
        overdue=row["overdue"],
        dead=row["dead"],
        oldest_unsent_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
    )


def _overdue_reasons(queues: list[QueueState], lanes: list[LaneStats]) -> list[str]:
    """What a lane that is well leaves lying; one that rests after failures has its own reason."""
    well = {lane.destination for lane in lanes if lane.failures_in_row < FAILING}
    return [
        f"{queue.overdue} notices to {queue.destination} are overdue"
        for queue in queues
        if queue.overdue and queue.destination in well
    ]


def _failing_reasons(lanes: list[LaneStats]) -> list[str]:
    return [
        f"destination {lane.destination} failed {lane.failures_in_row} times in a row: {lane.last_detail}"
        for lane in lanes
        if lane.failures_in_row >= FAILING
    ]


def _queue_reasons(queues: list[QueueState], lanes: list[LaneStats]) -> list[str]:
    served = {lane.destination for lane in lanes}
    reasons = []
    for queue in queues:
        unsent = queue.queued + queue.leased
        if unsent and queue.destination not in served:
            reasons.append(
                f"{unsent} notices wait for destination {queue.destination}, which is not configured"
            )
            continue
        if queue.oldest_unsent_s > UNSENT_S:
            reasons.append(f"the oldest notice to {queue.destination} waits {queue.oldest_unsent_s:.0f} s")
        if queue.dead:
            reasons.append(f"{queue.dead} notices to {queue.destination} were given up in the last 24 hours")
    return reasons
