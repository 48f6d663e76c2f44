"""Stands between intake and store in tap mode: what the store cannot take now goes to the spool.

Decides, batch by batch, whether the store is well: it fails, or it is behind by too much. Once anything is
spooled, all that follows is too, until the spool was read back: so the order of receipt holds. Stations that
are not tapped go to the store alone, for they must not be told "stored" for less.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from collectors.intake import FrameStore, Intake
from collectors.tap.spool import Spool, as_line, one_by_one, read_segment
from data.errors import StoreError
from data.rows import Batch, FrameRow
from rules.core.model import Observation

log = logging.getLogger(__name__)

# About a second of the fastest stream the store takes.
MAX_IN_FLIGHT = 20_000
# What is on its way longer than this, a crash could lose: so much later all that follows goes to the spool. A
# healthy journal takes a record within 20 ms.
SLOW_S = 0.5
RETRY_S = 1.0

Done = Callable[[BaseException | None], None]


class SpoolingStore:
    """A `FrameStore` for the intake. `submit` runs on the event loop, landings on the store's thread."""

    def __init__(
        self,
        store: FrameStore,
        spool: Spool,
        is_tapped: Callable[[str], bool],
        is_stored: Callable[[FrameRow], bool] = lambda _frame: False,
    ) -> None:
        """`is_stored` tells whether an earlier run committed a frame; it is asked at the start."""
        self._store = store
        self.spool = spool
        self._is_tapped = is_tapped
        self._is_stored: Callable[[FrameRow], bool] | None = is_stored
        self._lock = threading.Lock()
        self._in_flight: dict[int, tuple[Batch, Done, float]] = {}
        self._in_flight_rows = 0
        self._number = 0
        # While the last segment is read back, what arrives waits here: else the spool would never end.
        self._held: list[tuple[Batch, Done]] | None = None
        self._held_rows = 0
        self._task: asyncio.Task[None] | None = None
        self.read_back = 0

    def next_record_id(self) -> int:
        return self._store.next_record_id()

    def submit(self, batch: Batch, done: Done | None) -> None:
        """As `Store.submit`; for tapped stations `done(None)` may also mean: on disk, in the spool."""
        tapped, direct = self._split(batch)
        report = done or (lambda _error: None)
        if not tapped.size():
            self._store.submit(direct, report)
            return
        if direct.size():
            report = _after(2, report)
            self._store.submit(direct, report)
        with self._lock:
            if self._held is not None:
                self._held.append((tapped, report))
                self._held_rows += tapped.size()
                if self._held_rows >= MAX_IN_FLIGHT:
                    self._spool_held()
                return
            well = self.spool.empty and self._in_flight_rows < MAX_IN_FLIGHT
            if well and self._in_flight:
                _batch, _done, since = next(iter(self._in_flight.values()))
                well = time.monotonic() - since < SLOW_S
            if not well:
                # Within the lock: a failing commit must not get its place behind this batch.
                self.spool.append(tapped, report)
                return
        self._send(tapped, report)

    def start(self, intake: Intake) -> None:
        """Read the spool back whenever the store takes it. `intake` is the one that submits here."""
        self._task = asyncio.get_running_loop().create_task(self._read_back_always(intake))

    async def close(self) -> None:
        """What did not reach the store stays on disk for the next run."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        with self._lock:
            self._spool_held()
            late = list(self._in_flight.values())
            self._in_flight.clear()
        for batch, report, _since in late:
            # The store may take it yet: twice is better than never.
            self.spool.append(batch, report)
        await asyncio.to_thread(self.spool.close)

    def _send(self, tapped: Batch, report: Done) -> None:
        with self._lock:
            self._number += 1
            number = self._number
            self._in_flight[number] = (tapped, report, time.monotonic())
            self._in_flight_rows += tapped.size()
        self._store.submit(tapped, lambda error: self._landed(number, error))

    def _spool_held(self) -> None:
        """With the lock: what waited for the last segment goes behind it instead."""
        held, self._held, self._held_rows = self._held or [], None, 0
        for batch, report in held:
            self.spool.append(batch, report)

    def _split(self, batch: Batch) -> tuple[Batch, Batch]:
        tapped = self._is_tapped
        stations = {row.station for row in batch.frames}
        stations.update(row.station for row in batch.links)
        stations.update(row.station for row in batch.observations)
        kinds = {tapped(station) for station in stations}
        empty = Batch(frames=[], links=[], observations=[])
        if len(kinds) < 2:
            return (batch, empty) if True in kinds else (empty, batch)
        return _part(batch, tapped), _part(batch, lambda station: not tapped(station))

    def _landed(self, number: int, error: BaseException | None) -> None:
        with self._lock:
            found = self._in_flight.pop(number, None)
            if found is None:
                return  # `close` has spooled it
            batch, report, _since = found
            self._in_flight_rows -= batch.size()
            if error is not None:
                log.warning("the store did not take %d records, they are spooled: %s", batch.size(), error)
                self.spool.append(batch, report)
                return
        report(None)

    async def _read_back_always(self, intake: Intake) -> None:
        while True:
            try:
                while not self._in_flight and not self.spool.empty:
                    with self._lock:
                        segment = self.spool.oldest()
                        if segment is not None and self.spool.is_last(segment):
                            self._held = []
                    if segment is None or not await self._read_back(segment, intake):
                        break
                    self._let_go()
            except Exception:
                # Whatever it was, it must not be the last try.
                log.exception("the spool cannot be read back")
            finally:
                with self._lock:
                    self._spool_held()
            await asyncio.sleep(RETRY_S)

    def _let_go(self) -> None:
        """The last segment is in the store: what arrived meanwhile follows, and the spool is done with."""
        with self._lock:
            held, self._held, self._held_rows = self._held, None, 0
        for batch, report in held or ():
            self._send(renumbered(batch, self._store.next_record_id), report)

    async def _read_back(self, segment: Path, intake: Intake) -> bool:
        """Whether the segment is in the store now."""
        batch, unfit = await asyncio.to_thread(read_segment, segment)
        if not await self._known(batch):
            while intake.open_records:
                await asyncio.sleep(0)  # its ids were taken before ours: it goes first
            error = await self._landing(renumbered(batch, self._store.next_record_id))
            if error is not None and not isinstance(error, StoreError):
                error, odd = await self._land_one_by_one(batch)
                unfit += odd
            if error is not None:
                log.warning("the spool waits, the store does not take it yet: %s", error)
                return False
            self.read_back += len(batch.frames) + len(batch.links)
        await asyncio.to_thread(self.spool.put_aside, segment, unfit)
        self.spool.remove(segment)
        if self.spool.empty:
            log.info("the spool is read back: %d records so far", self.read_back)
        return True

    async def _land_one_by_one(self, batch: Batch) -> tuple[BaseException | None, list[bytes]]:
        """What stopped the store, if anything did, and the records that fit no table.

        After a stop all comes again: twice is better than never.
        """
        unfit = []
        for record in one_by_one(batch):
            error = await self._landing(renumbered(record, self._store.next_record_id))
            if isinstance(error, StoreError):
                return error, []
            if error is not None:
                unfit.append(as_line(record))
        return None, unfit

    async def _known(self, batch: Batch) -> bool:
        """A crash can come between commit and removal: what a run finds first may be stored already."""
        if self._is_stored is None or not batch.frames:
            return False
        known = await asyncio.to_thread(self._is_stored, batch.frames[-1])
        if not known:
            self._is_stored = None
        return known

    async def _landing(self, batch: Batch) -> BaseException | None:
        loop = asyncio.get_running_loop()
        landed: asyncio.Future[BaseException | None] = loop.create_future()

        def tell(error: BaseException | None) -> None:
            if not landed.done():
                landed.set_result(error)

        def done(error: BaseException | None) -> None:
            loop.call_soon_threadsafe(tell, error)

        self._store.submit(batch, done)
        return await landed


def renumbered(batch: Batch, next_id: Callable[[], int]) -> Batch:
    """The same records with new ids, in the same order: the old ids were never stored."""
    used = {row.record_id for row in batch.frames}
    used.update(row.record_id for row in batch.links)
    used.update(row.record_id for row in batch.observations)
    ids = {old: next_id() for old in sorted(used)}
    return Batch(
        frames=[structs.replace(row, record_id=ids[row.record_id]) for row in batch.frames],
        links=[structs.replace(row, record_id=ids[row.record_id]) for row in batch.links],
        observations=[structs.replace(row, record_id=ids[row.record_id]) for row in batch.observations],
    )


def _part(batch: Batch, wanted: Callable[[str], bool]) -> Batch:
    observations: list[Observation] = [row for row in batch.observations if wanted(row.station)]
    return Batch(
        frames=[row for row in batch.frames if wanted(row.station)],
        links=[row for row in batch.links if wanted(row.station)],
        observations=observations,
    )


def _after(count: int, done: Done) -> Done:
    """Calls `done` once, after `count` reports, with the first error among them. From any thread."""
    lock = threading.Lock()
    errors: list[BaseException | None] = []

    def report(error: BaseException | None) -> None:
        with lock:
            errors.append(error)
            last = len(errors) == count
        if last:
            done(next((one for one in errors if one is not None), None))

    return report
