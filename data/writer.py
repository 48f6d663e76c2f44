"""The two threads that write: one makes what was submitted durable in the journal, one fills the tables.

Decides how much goes into one group and one transaction. Must never acknowledge a row that is not durable,
nor lose one silently: a failed group reaches every caller through its `done`, and what the tables refuse
stays in the journal and is tried again. Subscribers hear what is in the tables, in order of submission.
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

from data.errors import StoreClosed, StoreError, StoreUnwritable
from data.fitting import fitting_tables
from data.insert import insert_imports, insert_tables, set_mark
from data.journal import Journal
from data.rows import Batch, Tables, joined, tables_of
from data.transaction import in_transaction
from rules.core.model import Observation

log = logging.getLogger(__name__)

T = TypeVar("T")
Done = Callable[[BaseException | None], None]
Subscriber = Callable[[list[Observation]], None]
CommitWatcher = Callable[[float, int], None]

# Rows in one journal group: it costs about the same for 1 row and for 100 (its sync and fixed work a column).
MAX_GROUP_ROWS = 8_000
LINGER_S = 0.004
# A transaction of the tables costs 15 ms for 10 rows as for 1,000: two a second, unless one is awaited.
INSERT_EVERY_S = 0.5
MAX_INSERT_ROWS = 20_000
# More rows than this in memory and journal only: stations wait while the tables catch up ...
MAX_WAITING_ROWS = 60_000
# ... and while the tables refuse everything, rows are refused beyond this many (about 300 MB of memory).
MAX_STRANDED_ROWS = 400_000
RETRY_S = 1.0


class WriterStats(msgspec.Struct, frozen=True, kw_only=True):
    """`commit_s` is the last group's duration in seconds, counts are since the start.

    `queued_rows`: not in the tables yet. `last_error`: why the last group could not be made durable or
    brought to the tables, None when it was.
    """

    queued_rows: int
    queued_jobs: int
    committed_rows: int
    commits: int
    failed_commits: int
    failed_callbacks: int
    skipped_imports: int
    unfit_rows: int
    commit_s: float
    last_error: str | None


class _Write(msgspec.Struct):
    batch: Batch
    done: Done | None
    rows: int


class _Job(msgspec.Struct):
    """`after`: so many writes, of all submitted so far, must be durable and inserted before it runs."""

    run: Callable[[duckdb.DuckDBPyConnection], Any]
    future: Future[Any]
    after: int


class _Group(msgspec.Struct):
    """On its way to the tables. Without `sequence` it is in no journal: its callers are told afterwards."""

    count: int  # writes
    rows: int
    batch: Batch
    sequence: int | None = None
    waiting: list[_Write] = []
    imports: Tables | None = None  # as columns, when `waiting`


class Writer:
    """Owns the only writing cursor. Everything public is safe from any thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, journal: Journal) -> None:
        self._cursor = connection.cursor()
        self._journal = journal
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)  # for the journal's thread
        self._work = threading.Condition(self._lock)  # for the tables' thread
        self._progress = threading.Condition(self._lock)  # for those who wait for rows in the tables
        self._incoming: deque[_Write] = deque()
        self._groups: deque[_Group] = deque()
        self._jobs: deque[_Job] = deque()
        # Writes since the start: submitted, past the journal, past the tables; and waited for by a reader.
        self._submitted = self._journalled = self._inserted = self._wanted = 0
        self._closing = self._journal_ended = self._gave_up = False
        self._subscribers: list[Subscriber] = []
        self._commit_watchers: list[CommitWatcher] = []
        self._incoming_rows = self._waiting_rows = self._committed_rows = 0
        self._commits = self._failed_commits = self._failed_callbacks = self._skipped_imports = 0
        self._unfit_rows = 0
        self._commit_s = 0.0
        self._insert_after = 0.0
        self._journal_error: str | None = None
        self._table_error: str | None = None
        self._journal_thread = threading.Thread(target=self._run_journal, name="store-journal", daemon=True)
        self._thread = threading.Thread(target=self._run_tables, name="store-writer", daemon=True)
        self._journal_thread.start()
        self._thread.start()

    def submit(self, batch: Batch, done: Done | None) -> None:
        rows = batch.size()
        with self._lock:
            if not self._closing:
                self._incoming.append(_Write(batch, done, rows))
                self._incoming_rows += rows
                self._submitted += 1
                self._arrived.notify()
                return
        if done is None:
            raise StoreClosed("the store is closed: nothing more is accepted")
        done(StoreClosed("the store is closed: nothing more is accepted"))

    def transact(self, job: Callable[[duckdb.DuckDBPyConnection], T], *, ordered: bool = True) -> T:
        """Runs `job` in its own transaction; its result or its error.

        With `ordered` all that was submitted before is in the tables by then.
        """
        if threading.current_thread() is self._thread:
            # A subscriber writes: its turn is between two transactions already.
            return in_transaction(self._cursor, job)
        future: Future[T] = Future()
        with self._lock:
            if self._closing:
                raise StoreClosed("the store is closed: nothing more is accepted")
            in_callback = threading.current_thread() is self._journal_thread
            after = self._journalled if in_callback else self._submitted
            self._jobs.append(_Job(job, future, after if ordered else 0))
            self._work.notify()
        return future.result()

    def settle(self) -> None:
        """Waits until all that was told to be stored can be read and subscribers heard it.

        Not while the tables refuse it.
        """
        if threading.current_thread() is self._thread:
            return
        with self._lock:
            target = self._journalled
            if self._inserted < target:
                self._wanted = target
                self._work.notify()
            while self._inserted < target and self._table_error is None and not self._gave_up:
                self._progress.wait()

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def watch_commits(self, watcher: CommitWatcher) -> None:
        """`watcher(seconds, rows)` is called for each durable group, on the writing thread."""
        self._commit_watchers.append(watcher)

    def stats(self) -> WriterStats:
        return WriterStats(
            queued_rows=self._incoming_rows + self._waiting_rows,
            queued_jobs=len(self._jobs),
            committed_rows=self._committed_rows,
            commits=self._commits,
            failed_commits=self._failed_commits,
            failed_callbacks=self._failed_callbacks,
            skipped_imports=self._skipped_imports,
            unfit_rows=self._unfit_rows,
            commit_s=self._commit_s,
            last_error=self._journal_error or self._table_error,
        )

    def close(self) -> None:
        """Brings what is queued to the tables, then ends both threads. Safe to call twice.

        What the tables still refuse stays in the journal, for the next start.
        """
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._arrived.notify()
            self._work.notify()
        if threading.current_thread() in {self._thread, self._journal_thread}:
            return
        self._journal_thread.join()
        self._thread.join()
        self._journal.close(all_stored=not self._groups)
        self._cursor.close()

    # --- the journal's thread ---

    def _run_journal(self) -> None:
        while True:
            with self._lock:
                while not self._incoming and not self._closing:
                    self._arrived.wait()
                if not self._incoming:
                    self._journal_ended = True
                    self._work.notify()
                    return
                while self._waiting_rows > MAX_WAITING_ROWS and self._table_error is None:
                    self._progress.wait()
                linger = not self._closing and self._incoming_rows < MAX_GROUP_ROWS
            if linger:
                time.sleep(LINGER_S)
            writes: list[_Write] = []
            rows = 0
            with self._lock:
                while self._incoming and rows < MAX_GROUP_ROWS:
                    writes.append(self._incoming.popleft())
                    rows += writes[-1].rows
                self._incoming_rows -= rows
                self._waiting_rows += rows
            self._keep(writes)

    def _keep(self, writes: list[_Write]) -> None:
        started = time.perf_counter()
        batch = joined([write.batch for write in writes])
        group = _Group(len(writes), sum(write.rows for write in writes), batch)
        try:
            if self._waiting_rows > MAX_STRANDED_ROWS:
                raise StoreUnwritable(f"the database takes nothing any more: {self._table_error}")
            if batch.has_imports():
                group.imports = tables_of(batch)
                group.waiting = writes
            else:
                group.sequence = self._journal.append(batch)
        except Exception as error:
            self._failed_commits += 1
            if len(writes) > 1 and not isinstance(error, StoreError):
                # One unfit row must fail alone, not take its neighbours with it.
                for write in writes:
                    self._keep([write])
                return
            group.batch = Batch()
            self._pass_on(group)
            if isinstance(error, StoreError):
                self._journal_error = str(error)
            log.error("%d rows could not be made durable: %s", group.rows, error)
            for write in writes:
                self._tell(write, error)
            return
        self._journal_error = None
        self._pass_on(group)
        if not group.waiting:
            self._durable(writes, started, group.rows)

    def _pass_on(self, group: _Group) -> None:
        with self._lock:
            self._groups.append(group)
            self._journalled += group.count
            self._work.notify()

    def _durable(self, writes: list[_Write], started: float, rows: int) -> None:
        self._commit_s = time.perf_counter() - started
        self._commits += 1
        self._committed_rows += rows
        for write in writes:
            self._tell(write, None)
        for watcher in self._commit_watchers:
            self._call(watcher, self._commit_s, rows)

    # --- the tables' thread ---

    def _run_tables(self) -> None:
        while True:
            with self._lock:
                job, groups = self._next_step()
            if job is not None:
                self._run_job(job)
            elif groups:
                self._bring(groups)
            else:
                return

    def _next_step(self) -> tuple[_Job | None, list[_Group]]:
        """Waits for a job whose turn it is, or for groups to insert; neither at the end. Locked."""
        while True:
            ended, sick = self._closing and self._journal_ended, self._table_error is not None
            job = self._jobs[0] if self._jobs else None
            if job and (self._inserted if not sick else self._journalled) >= job.after:
                return self._jobs.popleft(), []
            if ended and (self._gave_up or not self._groups):
                return None, []
            wait = None
            if self._groups:
                wait = self._insert_after - time.monotonic()
                awaited = self._inserted < max(self._wanted, job.after if job else 0)
                if wait <= 0 or ended or (not sick and (awaited or self._waiting_rows >= MAX_INSERT_ROWS)):
                    return None, self._take_groups()
            self._work.wait(wait)

    def _take_groups(self) -> list[_Group]:
        """The next groups in order: those that imports wait for alone, others together."""
        groups = [self._groups.popleft()]
        rows = groups[0].rows
        while self._groups and rows < MAX_INSERT_ROWS and not (groups[0].waiting or self._groups[0].waiting):
            groups.append(self._groups.popleft())
            rows += groups[-1].rows
        return groups

    def _bring(self, groups: list[_Group]) -> None:
        started = time.monotonic()
        waiting, imports = groups[0].waiting, groups[0].imports
        last = max((group.sequence for group in groups if group.sequence), default=None)
        batch = joined([group.batch for group in groups])
        observations = batch.observations

        def insert(cursor: duckdb.DuckDBPyConnection) -> set[int]:
            if imports is not None:
                return insert_imports(cursor, imports)
            insert_tables(cursor, tables)
            if last is not None:
                set_mark(cursor, last)
            return set()

        try:
            tables, unfit = (imports, []) if imports is not None else fitting_tables(batch)
            known = in_transaction(self._cursor, insert)
        except Exception as error:
            self._strand(groups, error)
            return
        self._insert_after = started + INSERT_EVERY_S
        self._table_error = None
        if last is not None:
            self._journal.remove_until(last)
        for row in unfit:
            self._unfit_rows += 1
            log.error("a row fits no table and is left out: %r", row)
        if waiting:
            self._skipped_imports += len(known)
            observations = [seen for seen in observations if seen.record_id not in known]
            self._durable(waiting, started, groups[0].rows)
        if observations:
            for subscriber in self._subscribers:
                self._call(subscriber, observations)
        self._passed(groups)

    def _passed(self, groups: list[_Group]) -> None:
        with self._lock:
            self._inserted += sum(group.count for group in groups)
            self._waiting_rows -= sum(group.rows for group in groups)
            self._progress.notify_all()

    def _strand(self, groups: list[_Group], error: Exception) -> None:
        """What is in the journal is not lost: tried again soon, and at the next start. Imports hear of it."""
        self._failed_commits += 1
        log.error("%d groups could not be brought to the tables: %s", len(groups), error)
        if groups[0].waiting:
            self._passed(groups)
            for write in groups[0].waiting:
                self._tell(write, error)
            return
        with self._lock:
            self._table_error = str(error)
            self._insert_after = time.monotonic() + RETRY_S
            self._groups.extendleft(reversed(groups))
            self._gave_up = self._closing and self._journal_ended
            self._progress.notify_all()

    def _run_job(self, job: _Job) -> None:
        try:
            result = in_transaction(self._cursor, job.run)
        except BaseException as error:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)

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
