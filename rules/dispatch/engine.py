"""The thread that judges: committed observations in, effects and notices out, in one transaction each time.

Decides when to judge, when time may pass and when to save the judge's state; never what is wrong. It must
not lose an effect: what the store refuses is kept and tried again before anything newer is judged.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from data.effects import Rendered
from data.store import Batch, Store, StoreClosed
from rules.core.model import (
    Effect,
    FirstAidRow,
    IncidentRow,
    IncidentState,
    NoticeRow,
    Observation,
    PlannedWork,
)
from rules.dispatch.keeper import GIVE_UP_S, Keeper
from rules.dispatch.restore import Judging, backlog, blind_since, resume, stored_incident

log = logging.getLogger(__name__)


class Render(Protocol):
    """`others`: the incidents of a notice of several beside the gravest."""

    def __call__(
        self, notice: NoticeRow, incident: IncidentRow, others: Sequence[IncidentRow] = (), /
    ) -> Rendered: ...


TICK_S = 0.2
# Time passes in judgement only this far behind the clock: a frame received before may still be on its way
# into the store, and a timer that fired ahead of it would make a replay differ from what happened.
WATERMARK_S = 0.5
SNAPSHOT_S = 30.0


class EngineStats(Struct, frozen=True, kw_only=True):
    """`lag_s`: age of the oldest observation not judged yet, seconds. Counts are since the start.

    `refused`: failed writes that were tried again. `dropped`: effects no table took, even alone.
    """

    running: bool
    queued: int
    lag_s: float
    cursor: int
    judged: int
    effects: int
    notices: int
    refused: int
    dropped: int
    rule_errors: int
    judged_until: datetime | None
    last_error: str | None


class Engine:
    """Made once by the owner; `start`, then `stop`. `clock` gives aware UTC."""

    def __init__(
        self,
        store: Store,
        make_judge: Callable[[bytes | None], Judging],
        clock: Callable[[], datetime],
        render: Render,
        *,
        on_notices: Callable[[set[str]], None] = lambda _destinations: None,
        on_first_aid: Callable[[list[FirstAidRow]], None] = lambda _rows: None,
        tick_s: float = TICK_S,
        watermark_s: float = WATERMARK_S,
        snapshot_s: float = SNAPSHOT_S,
        give_up_s: float = GIVE_UP_S,
        held: Callable[[], bool] = lambda: False,
        of_work: Callable[[NoticeRow, PlannedWork], Rendered] | None = None,
    ) -> None:
        """`on_notices(destinations)` is called after the commit that holds notices for them, and
        `on_first_aid(rows)` after the one that holds these; never for what is judged again at a start.
        While `held()` is true time does not pass: what stations said meanwhile is yet to come.
        `of_work`: as `render`, for notices of planned work."""
        self._store = store
        self._make_judge = make_judge
        self._clock = clock
        self._render = render
        self._of_work = of_work
        self._on_notices = on_notices
        self._on_first_aid = on_first_aid
        self._tick_s = tick_s
        self._watermark = timedelta(seconds=watermark_s)
        self._snapshot_s = snapshot_s
        self._held = held
        self._queue: deque[list[Observation]] = deque()
        self._ready = threading.Condition()
        self._busy = False
        self._died = False
        self._ending = threading.Event()
        self._keeper = Keeper(store, self._ending, give_up_s)
        self._thread: threading.Thread | None = None
        self._incidents: dict[str, IncidentRow] = {}
        self._cursor = 0
        self._restored_to = 0
        self._judged_until: datetime | None = None
        self._saved_at = 0.0
        self._judged = self._effects = self._notices = 0
        self._rule_errors = 0
        self._last_error: str | None = None
        self._judge: Judging

    def start(self) -> None:
        """Take up the work where it was left, tell judgement since when we were blind, start the thread.

        Returns when everything stored before is judged. Raises what the store raises.
        """
        self._store.subscribe(self._arrived)
        resumed = resume(self._store, self._make_judge)
        self._judge, self._cursor = resumed.judge, resumed.cursor
        alive_at = resumed.alive_at
        for observations in backlog(self._store, resumed):
            self._judge_and_keep(observations)
            latest = max(observation.at for observation in observations)
            alive_at = latest if alive_at is None else max(alive_at, latest)
        self._restored_to = self._cursor
        blind = blind_since(alive_at, self._clock(), self._store.next_record_id)
        if blind is not None:
            self._store.submit(Batch(observations=[blind]), None)
        self._saved_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Judge what has arrived, save the state, end. Safe to call twice."""
        self._store.settle()
        with self._ready:
            self._ending.set()
            self._ready.notify_all()
        if self._thread is not None:
            self._thread.join()

    def drain(self, timeout_s: float = 60.0) -> bool:
        """Wait until all that was told to be stored is judged and written. False when time ran out, or when
        the thread that judges has died."""
        self._store.settle()
        deadline = time.monotonic() + timeout_s
        with self._ready:
            while not self._died and (self._queue or self._busy):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._ready.wait(left)
        return not self._died

    def stats(self) -> EngineStats:
        with self._ready:
            queued = sum(len(batch) for batch in self._queue)
            oldest = self._queue[0][0].at if self._queue else None
        lag = max(0.0, (self._clock() - oldest).total_seconds()) if oldest else 0.0
        return EngineStats(
            running=self._thread is not None and self._thread.is_alive(),
            queued=queued,
            lag_s=lag,
            cursor=self._cursor,
            judged=self._judged,
            effects=self._effects,
            notices=self._notices,
            refused=self._keeper.refused,
            dropped=self._keeper.dropped,
            rule_errors=self._rule_errors,
            judged_until=self._judged_until,
            last_error=self._last_error or self._keeper.last_error,
        )

    def _arrived(self, observations: list[Observation]) -> None:
        """On the store's writer thread: queue and return. Nothing is queued for a thread that died: it would
        never be fetched, and the next start reads all of it from the store."""
        with self._ready:
            if self._died:
                return
            self._queue.append(observations)
            self._ready.notify_all()

    # --- the engine's thread ---

    def _run(self) -> None:
        try:
            while True:
                turned = time.monotonic()
                with self._ready:
                    if not self._queue and not self._ending.is_set():
                        self._ready.wait(self._tick_s)
                    arrived = list(self._queue)
                    self._queue.clear()
                    last = self._ending.is_set() and not arrived
                    self._busy = True
                self._turn(arrived, last)
                with self._ready:
                    self._busy = False
                    self._ready.notify_all()
                if last:
                    return
                # One transaction costs the same for many observations as for one: at most one a tick.
                self._ending.wait(turned + self._tick_s - time.monotonic())
        except StoreClosed:
            # Nothing is lost: the next start judges again from the last snapshot on.
            self._died = True
            log.warning(
                "the store closed before the engine stopped; judgement resumes from the last snapshot"
            )
        except Exception as error:
            self._died = True
            self._last_error = f"{type(error).__name__}: {error}"
            log.exception("the engine stopped on an error of its own")
        finally:
            with self._ready:
                self._busy = False
                if self._died:
                    self._queue.clear()
                self._ready.notify_all()

    def _turn(self, arrived: list[list[Observation]], last: bool) -> None:
        fresh = [
            observation
            for batch in arrived
            for observation in batch
            if not observation.record_id or observation.record_id > self._restored_to
        ]
        effects = self._feed(fresh)
        idle = not fresh and not self._queue and self._store.stats().queued_rows == 0
        if idle and not last and not self._held():
            effects += self._advance(self._clock() - self._watermark)
        snapshot = None
        if last or time.monotonic() - self._saved_at >= self._snapshot_s:
            snapshot = self._judge.state()
            self._saved_at = time.monotonic()
        self._keep(effects, snapshot)
        remedies = [effect for effect in effects if isinstance(effect, FirstAidRow)]
        if remedies:
            self._on_first_aid(remedies)

    def _judge_and_keep(self, observations: list[Observation]) -> None:
        self._keep(self._feed(observations), None)

    def _feed(self, observations: Iterable[Observation]) -> list[Effect]:
        effects: list[Effect] = []
        for observation in observations:
            try:
                effects += self._judge.feed(observation)
            except Exception as error:
                # One observation that a rule cannot bear must not end judgement for the whole fleet.
                self._rule_failed(error, f"{type(observation).__name__} of record {observation.record_id}")
            self._judged += 1
            self._cursor = max(self._cursor, observation.record_id)
            if self._judged_until is None or observation.at > self._judged_until:
                self._judged_until = observation.at
        return effects

    def _advance(self, until: datetime) -> list[Effect]:
        if self._judged_until is not None and until <= self._judged_until:
            return []
        self._judged_until = until
        try:
            return self._judge.advance(until)
        except Exception as error:
            self._rule_failed(error, f"time passing until {until.isoformat()}")
            return []

    def _rule_failed(self, error: Exception, where: str) -> None:
        self._rule_errors += 1
        self._last_error = f"{type(error).__name__} at {where}"
        log.error("judgement failed on %s", where, exc_info=error)

    def _keep(self, effects: list[Effect], snapshot: bytes | None) -> None:
        if not effects and snapshot is None:
            return
        rendered = self._texts(effects)
        at = self._judged_until or self._clock()
        self._keeper.keep(effects, rendered, cursor=self._cursor, at=at, snapshot=snapshot)
        self._effects += len(effects)
        told = [e.destination for e in effects if isinstance(e, NoticeRow) and e.suppressed is None]
        if told:
            self._notices += len(told)
            self._on_notices(set(told))

    def _texts(self, effects: list[Effect]) -> dict[str, Rendered]:
        """Notice key -> text, each told of its incident as it was when the notice was decided.

        A judge writes an incident's row at the end of the step that notices belong to: so the row that
        follows a notice is its own, and where none follows, the last one known.
        """
        rendered: dict[str, Rendered] = {}
        following: dict[str, IncidentRow] = {}
        waiting: list[tuple[NoticeRow, list[IncidentRow | None]]] = []
        for effect in reversed(effects):
            if isinstance(effect, IncidentRow):
                following[effect.incident_id] = effect
            elif isinstance(effect, NoticeRow) and effect.suppressed is None:  # else it needs no text
                waiting.append((effect, [following.get(item.incident_id) for item in effect.told]))
        for effect in effects:
            if isinstance(effect, IncidentRow):
                self._incidents[effect.incident_id] = effect
        for notice, rows in reversed(waiting):
            rendered[notice.dedup_key] = self._text(notice, rows)
        for effect in effects:
            if isinstance(effect, IncidentRow) and effect.state is IncidentState.RESOLVED:
                self._incidents.pop(effect.incident_id, None)
        return rendered

    def _text(self, notice: NoticeRow, rows: Sequence[IncidentRow | None]) -> Rendered:
        try:
            if notice.work is not None and self._of_work is not None:
                return self._of_work(notice, notice.work)
            known = [
                row or self._incidents.get(item.incident_id) or stored_incident(self._store, item.incident_id)
                for item, row in zip(notice.told, rows, strict=True)
            ]
            found = [row for row in known if row is not None]
            if found:
                return (
                    self._render(notice, found[0], found[1:]) if found[1:] else self._render(notice, found[0])
                )
        except Exception as error:
            # A notice without its proper words still has to go out: silence is the worse failure.
            self._rule_failed(error, f"the text of notice {notice.dedup_key}")
        subject = f"[Laadwacht] {notice.reason.value} #{notice.incident_id[:8]}"
        return "nl", subject, f"{notice.reason.value}\n\n{notice.dedup_key}"
