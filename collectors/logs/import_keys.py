"""The key of an imported record: the same record of the same log has the same key, however often it comes.

Decides only what makes two records the same. Keys are stored, so how they are made must never change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from msgspec.structs import force_setattr

from collectors.logs.logfile import LogRecord
from data.rows import Batch


class ImportKeys:
    """One for each import: it counts identical records of one instant, over the batches."""

    def __init__(self) -> None:
        self._instant: datetime | None = None
        self._counts: dict[bytes, int] = {}

    def of(self, batch: Batch, records: Sequence[LogRecord]) -> dict[int, int]:
        """Record id -> import key: 64 bits over time, station, direction and text as stored, and which of
        several identical records of one instant it is. `batch` holds the rows of `records`, in order."""
        keys: dict[int, int] = {}
        counts, instant = self._counts, self._instant
        frames, links = iter(batch.frames), iter(batch.links)
        for record in records:
            at = record.at
            if at != instant:
                instant = at
                counts.clear()
            if record.raw is not None:
                frame = next(frames)
                record_id, what = frame.record_id, f"{frame.direction}\0{frame.raw}"
            else:
                link = next(links)
                record_id, what = link.record_id, f"event\0{link.event}"
            # One spelling for every way to write an instant.
            head = f"{at.timestamp():.6f}\0{record.station}\0{what}".encode(errors="backslashreplace")
            digest = blake2b(head, digest_size=8).digest()
            n = counts.get(digest, 0)
            counts[digest] = n + 1
            if n:
                digest = blake2b(digest + n.to_bytes(8, "big"), digest_size=8).digest()
            keys[record_id] = int.from_bytes(digest, "big")
        self._instant = instant
        return keys


def give_keys(batch: Batch, keys: Mapping[int, int]) -> None:
    """Only for rows that were made a moment ago and that nobody else has seen yet."""
    for frame in batch.frames:
        force_setattr(frame, "import_key", keys[frame.record_id])
    for link in batch.links:
        force_setattr(link, "import_key", keys[link.record_id])
