"""The store: one process, one file, one writer. Everything the owner process keeps goes through here.

Decides nothing about charging. Must never say "stored" before the commit returned, and never open a file that
another owner has open or that a later version wrote.
"""

from __future__ import annotations

import itertools
import logging
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb

from data.effects import Rendered, write_effects
from data.errors import (
    OwnerDown,
    QueryRefused,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreLocked,
    StoreTooNew,
    StoreUnwritable,
)
from data.journal import Journal
from data.migrate import migrate
from data.opening import connect, translate
from data.recovery import replay
from data.results import table_of
from data.rows import Batch, FrameRow, LinkEventRow, naive_utc, observation_from_json
from data.serve_reads import ReadServer
from data.writer import CommitWatcher, Done, Subscriber, Writer, WriterStats
from rules.core.model import Effect, Observation, Seen

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Batch",
    "FrameRow",
    "LinkEventRow",
    "OwnerDown",
    "QueryRefused",
    "Rendered",
    "Store",
    "StoreClosed",
    "StoreCorrupt",
    "StoreError",
    "StoreLocked",
    "StoreTooNew",
    "StoreUnwritable",
    "WriterStats",
]

log = logging.getLogger(__name__)

T = TypeVar("T")

# The tables that the journal fills.
_FROM_JOURNAL = re.compile(r"\b(frame|link|observation)\b", re.IGNORECASE)
# Records per step when observations are read back: bounds memory to some tens of MB.
REPLAY_STEP = 50_000

_open_here: set[Path] = set()
_open_here_lock = threading.Lock()


class Store:
    """Made by `Store.open`; safe from any thread. Use as a context manager, or call `close`."""

    def __init__(
        self,
        path: Path,
        connection: duckdb.DuckDBPyConnection,
        writer: Writer,
        reads: ReadServer | None,
        first_record_id: int,
    ) -> None:
        self.path = path
        self._connection = connection
        self._writer = writer
        self._reads = reads
        self._record_ids = itertools.count(first_record_id)
        self._closed = False
        # A process that forgets `close` would hang at exit on the read door's threads.
        self._finalizer = weakref.finalize(self, _shut, path, connection, writer, reads)

    @classmethod
    def open(cls, path: Path, *, read_port: int | None = None, token_file: Path | None = None) -> Self:
        """Opens or creates the database, migrates it, and serves reads on loopback when `read_port` is given.

        `token_file` (needed with `read_port`) is created with mode 0600 when absent. Raises StoreLocked,
        StoreTooNew, StoreUnwritable, StoreCorrupt or StoreError.
        """
        path = path.resolve()
        with _open_here_lock:
            if path in _open_here:
                raise StoreLocked(f"{path} is in use by this process already")
            _open_here.add(path)
        try:
            return cls._open(path, read_port, token_file)
        except BaseException:
            _forget(path)
            raise

    @classmethod
    def _open(cls, path: Path, read_port: int | None, token_file: Path | None) -> Self:
        connection = connect(path)
        try:
            migrate(connection, str(path))
            # Commits go to the write-ahead log; a larger one means rarer pauses for checkpoints. Where nobody
            # reads, nobody minds a pause: an import folds its log while it goes on decoding.
            connection.execute(f"SET checkpoint_threshold = '{16 if read_port is None else 64}MB'")
            sequence = replay(connection, path)
            row = connection.execute(
                "SELECT max(record_id) FROM (SELECT max(record_id) AS record_id FROM frame"
                " UNION ALL SELECT max(record_id) FROM link UNION ALL SELECT max(record_id) FROM observation)"
            ).fetchone()
            newest = (row[0] if row else None) or 0
            reads = None
            if read_port is not None:
                if token_file is None:
                    raise ValueError("a read port needs a token file")
                reads = ReadServer.start(connection, read_port, token_file)
        except duckdb.Error as error:
            connection.close()
            raise translate(error, path) from error
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, Writer(connection, Journal(path, sequence + 1)), reads, newest + 1)

    @property
    def read_url(self) -> str | None:
        """Where readers attach (`quack:localhost:PORT`), or None when reads are not served."""
        return self._reads.url if self._reads else None

    def next_record_id(self) -> int:
        """The next place in the order of receipt. Submit in the order in which ids were taken."""
        return next(self._record_ids)

    def submit(self, batch: Batch, done: Done | None = None) -> None:
        """Queues rows and returns at once. `done(None)` once they are durable, else `done(error)`.

        Durable is in the journal: `query`, `sql` and `transact` see them from then on, other processes a
        fraction of a second later. `done` runs on a thread of the writer and must be quick.
        """
        self._writer.submit(batch, done)

    def subscribe(self, subscriber: Subscriber) -> None:
        """`subscriber(observations)` after each commit, in commit order, on the writer's thread; be quick."""
        self._writer.subscribe(subscriber)

    def watch_commits(self, watcher: CommitWatcher) -> None:
        """`watcher(seconds, rows)` after each group commit, on the writer's thread."""
        self._writer.watch_commits(watcher)

    def transact(self, job: Callable[[duckdb.DuckDBPyConnection], T], *, ordered: bool = True) -> T:
        """Runs `job(cursor)` on the writer's thread in its own transaction; returns or raises as it does.

        With `ordered` it finds all that was submitted before in the tables, and waits for that.
        """
        return self._writer.transact(job, ordered=ordered)

    def apply(
        self,
        effects: Sequence[Effect],
        *,
        cursor: int | None = None,
        snapshot: bytes | None = None,
        at: datetime | None = None,
        rendered: Mapping[str, Rendered] | None = None,
    ) -> None:
        """Writes effects, and the judge's state where given, in one transaction; twice is as good as once.

        `cursor` is the last record judged and `at` the instant judged up to (default: now); both matter only
        with `snapshot`. `rendered`: notice dedup_key -> its text.
        """
        if snapshot is not None and cursor is None:
            raise ValueError("a snapshot needs the cursor it was taken at")
        if not effects and snapshot is None:
            return
        judged_at = naive_utc(at or datetime.now(UTC))

        def job(writing: duckdb.DuckDBPyConnection) -> None:
            write_effects(writing, effects, rendered)
            if snapshot is not None:
                writing.execute("DELETE FROM judge_snapshot")
                writing.execute("INSERT INTO judge_snapshot VALUES (?, ?, ?)", [cursor, judged_at, snapshot])

        # What these effects came from is in the tables already: no need to hurry newer rows there.
        self._writer.transact(job, ordered=False)

    def query(self, name: str, **params: Any) -> pl.DataFrame:
        """A named query over all stations, on the owner's side. Instants come back aware, in UTC."""
        # Loaded here: an import asks no named query, and need not wait for what reads their text.
        from data.named_queries import named_query
        from data.scope import EVERY_STATION

        text = named_query(name).text(params, EVERY_STATION)
        with self._reading(text) as reading:
            return table_of(reading.execute(text))

    def sql(self, text: str, values: Sequence[Any] = ()) -> pl.DataFrame:
        """SQL of this room (never of another: they have `query`). Reads only."""
        with self._reading(text) as reading:
            return table_of(reading.execute(text, list(values)))

    def plain_rows(self, text: str) -> list[dict[str, Any]]:
        """As `sql`, for few rows at a start: plain Python, instants naive UTC, without loading polars."""
        with self._reading(text) as reading:
            found = reading.execute(text)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def snapshot(self) -> tuple[int, datetime, bytes] | None:
        """(last record judged, instant judged up to, state), or None before the first."""
        with self._reading("judge_snapshot") as reading:
            row = reading.execute("SELECT record_id, judged_at, body FROM judge_snapshot").fetchone()
        return (row[0], row[1].replace(tzinfo=UTC), row[2]) if row else None

    def observations_after(self, record_id: int) -> Iterator[list[Observation]]:
        """Everything after `record_id` in order of receipt; `Seen` is made anew for frames that say no more.

        Without imported records: they were judged when they were imported, at their own log's clock. Goes on
        to what is committed meanwhile and ends when nothing newer is stored. No list is empty.
        """
        after = record_id
        while True:
            with self._reading(_NEXT_RECORD) as reading:
                row = reading.execute(_NEXT_RECORD, {"after": after, "step": REPLAY_STEP}).fetchone()
                if row is None or row[0] is None:
                    return
                until = row[0]
                found = reading.execute(_OBSERVATIONS, {"after": after, "until": until}).fetchall()
            if found:
                yield [
                    observation_from_json(body)
                    if body is not None
                    else Seen(station=station, at=at.replace(tzinfo=UTC), record_id=number)
                    for number, _n, body, station, at in found
                ]
            after = until

    def settle(self) -> None:
        """Waits until all that was told to be stored is in the tables and subscribers heard it.

        Returns at once while the tables refuse everything (`stats().last_error` tells).
        """
        self._writer.settle()

    def stats(self) -> WriterStats:
        return self._writer.stats()

    def close(self) -> None:
        """Writes what is queued, stops the read door, frees the file. Safe to call twice."""
        self._closed = True
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reading(self, text: str) -> duckdb.DuckDBPyConnection:
        """For reading by `text`: what it reads is brought there first, if the journal holds some of it."""
        if self._closed:
            raise StoreClosed(f"{self.path} is closed")
        if _FROM_JOURNAL.search(text):
            self._writer.settle()
        return self._connection.cursor()


# The last record of the next step, so that a step never splits one record's observations.
_NEXT_RECORD = """
SELECT max(record_id) FROM (
    SELECT DISTINCT record_id FROM (
        SELECT record_id FROM observation WHERE record_id > $after
        UNION ALL
        SELECT record_id FROM frame WHERE record_id > $after
    ) ORDER BY record_id LIMIT $step
)
"""
_OBSERVATIONS = """
SELECT record_id, n, body, station, happened_at
FROM observation
WHERE record_id > $after AND record_id <= $until
  AND record_id NOT IN (
      SELECT record_id FROM frame
      WHERE record_id > $after AND record_id <= $until AND import_key IS NOT NULL
      UNION ALL
      SELECT record_id FROM link
      WHERE record_id > $after AND record_id <= $until AND import_key IS NOT NULL)
UNION ALL
SELECT record_id, 0, NULL, station, received_at
FROM frame
WHERE record_id > $after AND record_id <= $until AND direction = 'in' AND import_key IS NULL
  AND record_id NOT IN (
      SELECT record_id FROM observation WHERE record_id > $after AND record_id <= $until)
ORDER BY record_id, n
"""


def _forget(path: Path) -> None:
    with _open_here_lock:
        _open_here.discard(path)


def _shut(
    path: Path, connection: duckdb.DuckDBPyConnection, writer: Writer, reads: ReadServer | None
) -> None:
    try:
        writer.close()
        if reads is not None:
            reads.stop()
        _fold_log(connection, path)
    finally:
        connection.close()
        _forget(path)


def _fold_log(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """All into the one file: DuckDB does so itself only when nobody was reading through the read door."""
    try:
        connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        # Nothing is lost: the next start reads the log. But whoever copies the file now must copy both.
        log.warning("%s.wal stays beside the database: %s", path, error)
