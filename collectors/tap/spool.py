"""Records on disk that the store could not take: appended, flushed to the disk, read back oldest first.

Decides nothing about records but their order. Files are `NNNNNNNNNNNN.jsonl`, one batch a line, tokens
pseudonymised already. It must never block the event loop (a thread of its own writes) nor grow without bound:
what no longer fits is refused, counted and told loudly.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from data.rows import Batch, FrameRow, LinkEventRow
from rules.core.model import AnyObservation

log = logging.getLogger(__name__)

# Small enough to be given new record ids within a millisecond or two of the event loop's time.
SEGMENT_BYTES = 128 * 1024
# A disk that does not write either: so many batches wait in memory, at most.
MAX_QUEUED = 20_000
COMPLAIN_EVERY_S = 60.0

Done = Callable[[BaseException | None], None]
Pieces = list[bytes]


class SpoolFull(Exception):
    """The spool has no room left, or its disk does not take it."""


class _Line(msgspec.Struct):
    frames: list[FrameRow]
    links: list[LinkEventRow]
    observations: list[AnyObservation]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


class Spool:
    """One directory. `append` from any thread; `oldest` and `remove` from one reader at a time."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        """Takes up what an earlier run left behind. Raises OSError when the directory cannot be used."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        found = sorted(directory.glob("*.jsonl"))
        self._closed_segments = [path for path in found if path.stem.isdigit()]  # oldest first
        self._next = int(self._closed_segments[-1].stem) + 1 if self._closed_segments else 1
        self._bytes = sum(path.stat().st_size for path in self._closed_segments)
        self._current: Path | None = None
        self._file: int | None = None
        self._current_bytes = 0
        self._queue: queue.SimpleQueue[tuple[Batch, Done] | None] = queue.SimpleQueue()
        self._queued = 0
        self._complained_at = -COMPLAIN_EVERY_S
        self.lost = 0
        self.set_aside = 0
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    @property
    def empty(self) -> bool:
        """Whether nothing waits, neither on disk nor on its way there."""
        with self._lock:
            return not (self._queued or self._closed_segments or self._current)

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        return self._bytes

    def append(self, batch: Batch, done: Done) -> None:
        """`done(None)` once the batch is on the disk, `done(SpoolFull)` when it is not; on some thread."""
        with self._lock:
            room = self._queued < MAX_QUEUED and self._bytes < self._max_bytes
            if room:
                self._queued += 1
        if room:
            self._queue.put((batch, done))
        else:
            done(self._refuse(batch, f"{self._directory} holds {self._bytes // 2**20} MB already"))

    def oldest(self) -> Path | None:
        """The segment to read next; what is being written is closed for it when there is nothing older."""
        with self._lock:
            if not self._closed_segments and self._current is not None and not self._queued:
                self._close_segment()
            return self._closed_segments[0] if self._closed_segments else None

    def is_last(self, segment: Path) -> bool:
        """Whether nothing waits but this segment."""
        with self._lock:
            return not self._queued and self._current is None and self._closed_segments == [segment]

    def remove(self, segment: Path) -> None:
        """The segment's records are in the store."""
        with self._lock:
            self._closed_segments.remove(segment)
            self._bytes -= segment.stat().st_size
        segment.unlink()

    def put_aside(self, segment: Path, pieces: Pieces) -> None:
        """What of `segment` no store takes is kept beside it, for a person, and holds up nothing any more."""
        if not pieces:
            return
        aside = segment.with_suffix(".unfit")
        with aside.open("ab") as out:
            out.writelines(piece + b"\n" for piece in pieces)
            out.flush()
            os.fsync(out.fileno())
        self.set_aside += len(pieces)
        log.error("%d records of the spool fit no table and were set aside in %s", len(pieces), aside)

    def close(self) -> None:
        """Writes what is queued and ends the thread. What is on disk stays for the next run."""
        self._queue.put(None)
        self._thread.join()
        with self._lock:
            self._close_segment()

    # --- the spool's thread ---

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            group = [item]
            ending = False
            while len(group) < 256 and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    ending = True
                    break
                group.append(following)
            self._write(group)
            if ending:
                return

    def _write(self, group: list[tuple[Batch, Done]]) -> None:
        error: BaseException | None = None
        try:
            text = b"".join(as_line(batch) + b"\n" for batch, _done in group)
            with self._lock:
                file = self._open_segment()
            _write_all(file, text)
            os.fsync(file)
            with self._lock:
                self._bytes += len(text)
                self._current_bytes += len(text)
                self._queued -= len(group)
                if self._current_bytes >= SEGMENT_BYTES:
                    self._close_segment()
        except OSError as failure:
            with self._lock:
                self._queued -= len(group)
                self._close_segment()
            for batch, _done in group:
                error = self._refuse(batch, f"{self._directory}: {failure.strerror or failure}")
        for _batch, done in group:
            done(error)

    def _open_segment(self) -> int:
        if self._file is None:
            self._current = self._directory / f"{self._next:012d}.jsonl"
            self._next += 1
            self._current_bytes = 0
            self._file = os.open(self._current, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._file

    def _close_segment(self) -> None:
        if self._file is not None and self._current is not None:
            os.close(self._file)
            self._closed_segments.append(self._current)
        self._file = self._current = None

    def _refuse(self, batch: Batch, why: str) -> SpoolFull:
        self.lost += len(batch.frames) + len(batch.links)
        now = time.monotonic()
        if now - self._complained_at >= COMPLAIN_EVERY_S:
            self._complained_at = now
            log.error("the spool is full: %d records of tapped stations are lost so far (%s)", self.lost, why)
        return SpoolFull(f"the spool is full: {why}")


def read_segment(path: Path) -> tuple[Batch, list[bytes]]:
    """Everything in a segment as one batch, and the lines that cannot be read.

    A last line cut off by a crash is left out: it was never reported as kept.
    """
    whole, unfit = Batch(frames=[], links=[], observations=[]), []
    content = path.read_bytes()
    for number, text in enumerate(content.splitlines(keepends=True), 1):
        try:
            line = _decode(text)
        except msgspec.MsgspecError as error:
            log.error("%s, line %d is unreadable and left out: %s", path, number, error)
            if text.endswith(b"\n"):
                unfit.append(text.rstrip(b"\n"))
            continue
        whole.frames += line.frames
        whole.links += line.links
        whole.observations += line.observations
    return whole, unfit


def one_by_one(batch: Batch) -> list[Batch]:
    """A batch for each record, with its observations, in order."""
    found: dict[int, Batch] = {}
    for name in ("frames", "links", "observations"):
        for row in getattr(batch, name):
            record = found.setdefault(row.record_id, Batch(frames=[], links=[], observations=[]))
            getattr(record, name).append(row)
    return [found[record_id] for record_id in sorted(found)]


def as_line(batch: Batch) -> bytes:
    """A batch as it stands in a segment, without the line's end."""
    return _encode(batch)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
