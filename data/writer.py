"""The one thread that writes: it groups what was submitted into transactions and runs jobs between them.

Decides how much goes into one commit. Must never acknowledge a row before its COMMIT returned, nor lose one
silently: a failed commit reaches every caller through its `done`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import duckdb
import msgspec
import pyarrow as pa

from data.effects import insert_table
from data.errors import StoreClosed
from data.rows import Batch, frame_table, link_table, observation_table
from rules.core.model import Observation

log = logging.getLogger(__name__)

T = TypeVar("T")
Done = Callable[[BaseException | None], None]
Subscriber = Callable[[list[Observation]], None]
CommitWatcher = Callable[[float, int], None]

# One commit costs about the same for 1 row and for 1,000 (its fsync and the binding of the statements),
# so waiting briefly for company pays; beyond this many rows the insert itself dominates.
MAX_GROUP_ROWS = 8_000
MAX_LINGER_S = 0.005


class WriterStats(msgspec.Struct, frozen=True, kw_only=True):
    """`commit_s` is the last commit's duration in seconds, counts are since the start.

    `last_error`: why the last group was not stored, None when it was.
    """

    queued_rows: int
    queued_jobs: int
    committed_rows: int
    commits: int
    failed_commits: int
    failed_callbacks: int
    skipped_imports: int
    commit_s: float
    last_error: str | None


class _Write(msgspec.Struct):
    batch: Batch
    done: Done | None


class _Job(msgspec.Struct):
    run: Callable[[duckdb.DuckDBPyConnection], Any]
    future: Future[Any]


class Writer:
    """Owns the only writing cursor. Everything public is safe from any thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._cursor = connection.cursor()
        self._queue: deque[_Write | _Job] = deque()
        self._ready = threading.Condition()
        self._closing = False
        self._subscribers: list[Subscriber] = []
        self._commit_watchers: list[CommitWatcher] = []
        self._queued_rows = 0
        self._queued_jobs = 0
        self._committed_rows = 0
        self._commits = 0
        self._failed_commits = 0
        self._failed_callbacks = 0
        self._skipped_imports = 0
        self._commit_s = 0.0
        self._last_error: str | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch, done: Done | None) -> None:
        with self._ready:
            if not self._closing:
                self._queue.append(_Write(batch, done))
                self._queued_rows += batch.size()
                self._ready.notify()
                return
        if done is None:
            raise StoreClosed("the store is closed: nothing more is accepted")
        done(StoreClosed("the store is closed: nothing more is accepted"))

    def transact(self, job: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Runs `job` in its own transaction, waits, and returns its result or raises its error."""
        if threading.current_thread() is self._thread:
            # A subscriber writes: its turn is between two commits already.
            return self._in_transaction(job)
        future: Future[T] = Future()
        with self._ready:
            if self._closing:
                raise StoreClosed("the store is closed: nothing more is accepted")
            self._queue.append(_Job(job, future))
            self._queued_jobs += 1
            self._ready.notify()
        return future.result()

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def watch_commits(self, watcher: CommitWatcher) -> None:
        """`watcher(seconds, rows)` is called after each commit, on the writer's thread."""
        self._commit_watchers.append(watcher)

    def stats(self) -> WriterStats:
        return WriterStats(
            queued_rows=self._queued_rows,
            queued_jobs=self._queued_jobs,
            committed_rows=self._committed_rows,
            commits=self._commits,
            failed_commits=self._failed_commits,
            failed_callbacks=self._failed_callbacks,
            skipped_imports=self._skipped_imports,
            commit_s=self._commit_s,
            last_error=self._last_error,
        )

    def close(self) -> None:
        """Writes what is queued, then ends the thread. Safe to call twice."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()
            self._cursor.close()

    # --- the writer's thread ---

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._queue and not self._closing:
                    self._ready.wait()
                if not self._queue:
                    return
                first = self._queue[0]
            if isinstance(first, _Job):
                self._run_job()
            else:
                self._run_group()

    def _run_job(self) -> None:
        with self._ready:
            item = self._queue.popleft()
            self._queued_jobs -= 1
        if not isinstance(item, _Job):
            raise TypeError("the queue's head changed under the only thread that takes from it")
        try:
            result = self._in_transaction(item.run)
        except BaseException as error:
            item.future.set_exception(error)
        else:
            item.future.set_result(result)

    def _run_group(self) -> None:
        if not self._closing and self._queued_rows < MAX_GROUP_ROWS:
            time.sleep(min(self._commit_s, MAX_LINGER_S))
        group: list[_Write] = []
        rows = 0
        with self._ready:
            while self._queue and rows < MAX_GROUP_ROWS:
                head = self._queue[0]
                if isinstance(head, _Job):
                    break
                group.append(head)
                rows += head.batch.size()
                self._queue.popleft()
            self._queued_rows -= rows
        self._commit_group(group)

    def _commit_group(self, group: list[_Write]) -> None:
        started = time.perf_counter()
        try:
            observations = self._in_transaction(lambda cursor: self._insert(cursor, group))
        except Exception as error:
            self._failed_commits += 1
            if len(group) > 1 and not isinstance(error, duckdb.FatalException | duckdb.IOException):
                # One unfit row must fail alone, not take its neighbours with it.
                for write in group:
                    self._commit_group([write])
                return
            self._last_error = str(error)
            log.error("commit of %d batches failed: %s", len(group), error)
            for write in group:
                self._tell(write, error)
            return
        rows = sum(write.batch.size() for write in group)
        self._commit_s = time.perf_counter() - started
        self._commits += 1
        self._last_error = None
        self._committed_rows += rows
        for write in group:
            self._tell(write, None)
        for watcher in self._commit_watchers:
            self._call(watcher, self._commit_s, rows)
        if observations:
            for subscriber in self._subscribers:
                self._call(subscriber, observations)

    def _insert(self, cursor: duckdb.DuckDBPyConnection, group: list[_Write]) -> list[Observation]:
        frames = [frame for write in group for frame in write.batch.frames]
        links = [link for write in group for link in write.batch.links]
        observations = [observation for write in group for observation in write.batch.observations]
        known = self._stored_records(cursor, "frame", frames) | self._stored_records(cursor, "link", links)
        if known:
            self._skipped_imports += len(known)
            frames = [frame for frame in frames if frame.record_id not in known]
            links = [link for link in links if link.record_id not in known]
            observations = [seen for seen in observations if seen.record_id not in known]
        if frames:
            insert_table(cursor, "frame", frame_table(frames))
        if links:
            insert_table(cursor, "link", link_table(links))
        table = observation_table(observations)
        if table is not None:
            insert_table(cursor, "observation", table)
        return observations

    @staticmethod
    def _stored_records(cursor: duckdb.DuckDBPyConnection, table: str, rows: list[Any]) -> set[int]:
        """Records whose import_key is stored already, or came earlier in this group."""
        first: dict[int, int] = {}
        repeated: set[int] = set()
        for row in rows:
            if (
                row.import_key is not None
                and first.setdefault(row.import_key, row.record_id) != row.record_id
            ):
                repeated.add(row.record_id)
        if not first:
            return repeated
        cursor.register("arriving", pa.table({"import_key": pa.array(list(first), pa.uint64())}))
        try:
            stored = cursor.execute(f"SELECT import_key FROM {table} SEMI JOIN arriving USING (import_key)")
            repeated.update(first[key] for (key,) in stored.fetchall())
        finally:
            cursor.unregister("arriving")
        return repeated

    def _in_transaction(self, job: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        self._cursor.execute("BEGIN TRANSACTION")
        try:
            result = job(self._cursor)
            self._cursor.execute("COMMIT")
        except BaseException:
            try:
                self._cursor.execute("ROLLBACK")
            except duckdb.Error as error:
                # A failed COMMIT has ended the transaction already; the first error is the one to tell.
                log.debug("nothing to roll back: %s", error)
            raise
        return result

    def _tell(self, write: _Write, error: BaseException | None) -> None:
        if write.done is not None:
            self._call(write.done, error)
        elif error is not None:
            log.error("rows without a waiting caller were not stored: %s", error)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception:
            # A caller's mistake must not stop the only writer; it is counted and logged with its trace.
            self._failed_callbacks += 1
            log.exception("a callback of the store failed")
