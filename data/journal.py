"""The journal: files beside the database that hold what was promised and is not in its tables yet.

Decides the files' form and what of them can be read. A group is durable when `append` returned: written and
synced, before any station is told. Must never remove a file that holds a group the tables do not have, nor
drop a damaged one in silence.

A file is a line that names its form, then groups: length, CRC-32, sequence number, and the rows in
MessagePack with the names of their members, so that a later version can read it. A group cut short at the end
of a file was never acknowledged: a process or machine ended while it was written.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from data.errors import StoreCorrupt, StoreUnwritable
from data.rows import Batch, FrameRow, LinkEventRow, UnfitRow, implied
from rules.core.model import AnyObservation

log = logging.getLogger(__name__)

MAGIC = b"laadwacht journal 2\n"
# A new file after so many bytes: bounds what is read again after a crash, and the disk space held.
MAX_FILE_BYTES = 32 * 1024 * 1024

_HEAD = struct.Struct("<IIQ")  # bytes that follow, their CRC-32 (with the number's), sequence number
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[FrameRow], list[LinkEventRow], list[AnyObservation]]).decode


class Group(NamedTuple):
    sequence: int
    batch: Batch


class Journal:
    """Appends; one thread at a time. `remove_until` may be called from another one."""

    def __init__(self, database: Path, next_sequence: int) -> None:
        self._database = database
        self._next = next_sequence
        self._number = max((number_of(file) for file in journal_files(database)), default=0)
        self._file: int | None = None
        self._path: Path | None = None
        self._size = 0
        # Full files and the last sequence in each, oldest first.
        self._full: list[tuple[Path, int]] = []

    def append(self, batch: Batch) -> int:
        """Makes the group durable and returns its sequence number.

        Raises StoreUnwritable when it is not: then nothing of it will be read back as a whole group, or the
        file is never written to again. Raises UnfitRow, TypeError or ValueError, before anything is written,
        for rows that could not be read back as they are.
        """
        body = _encoded(batch)
        sequence = self._next
        self._next += 1
        data = _HEAD.pack(len(body), _checksum(sequence, body), sequence) + body
        try:
            if self._file is None:
                self._begin()
            self._write(data)
        except OSError as error:
            self._retreat()
            raise StoreUnwritable(
                f"{self._path or self._database.parent} cannot be written: "
                f"check permissions and free space ({error.strerror or error})"
            ) from error
        if self._size >= MAX_FILE_BYTES:
            self._finish(sequence)
        return sequence

    def remove_until(self, sequence: int) -> None:
        """Removes full files that hold nothing newer than `sequence`, which is in the tables."""
        while self._full and self._full[0][1] <= sequence:
            path, _last = self._full.pop(0)
            path.unlink(missing_ok=True)

    def close(self, *, all_stored: bool) -> None:
        """Ends writing. With `all_stored` no file is left: the tables hold everything."""
        if self._file is not None:
            self._finish(self._next - 1)
        if all_stored:
            self.remove_until(self._next)

    def _begin(self) -> None:
        self._number += 1
        path = self._database.with_name(f"{self._database.stem}-journal-{self._number:06d}.bin")
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._size = 0
        self._write(MAGIC)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # else the file's name could be lost with the power
        finally:
            os.close(directory)

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]
        os.fdatasync(self._file)
        self._size += len(data)

    def _retreat(self) -> None:
        """After a failure: the half-written group is cut off, and the next one goes into a new file."""
        if self._file is None:
            return
        try:
            os.ftruncate(self._file, self._size)
        except OSError as error:
            log.error("the end of %s could not be cut off: %s", self._path, error)
        self._finish(self._next - 1)

    def _finish(self, last: int) -> None:
        if self._file is None or self._path is None:
            return
        os.close(self._file)
        self._file = None
        self._full.append((self._path, last))


def journal_files(database: Path) -> list[Path]:
    """Of this database, oldest first."""
    mine = re.compile(re.escape(database.stem) + r"-journal-(\d+)\.bin")
    found = [file for file in database.parent.iterdir() if mine.fullmatch(file.name)]
    return sorted(found, key=number_of)


def number_of(file: Path) -> int:
    return int(file.stem.rpartition("-")[2])


def groups_after(database: Path, sequence: int, *, keep_damaged: bool = True) -> Iterator[Group]:
    """What the journal holds beyond `sequence`, in order. Memory is bounded by one file.

    A damaged file is told in the log, kept as `*.damaged` (with `keep_damaged`) and read as far as it goes.
    """
    for file in journal_files(database):
        for group in _read(file, keep_damaged):
            if group.sequence > sequence:
                yield group


def _read(file: Path, keep_damaged: bool) -> Iterator[Group]:
    data = file.read_bytes()
    at = len(MAGIC)
    if len(data) < at:
        return  # ended before its first group
    if not data.startswith(MAGIC):
        if data.startswith(b"laadwacht journal "):
            raise StoreCorrupt(f"{file} was written by another version: run that one once")
        _damaged(file, 0, len(data), keep_damaged)
        return
    while len(data) - at >= _HEAD.size:
        length, crc, sequence = _HEAD.unpack_from(data, at)
        start, end = at + _HEAD.size, at + _HEAD.size + length
        if end > len(data):
            break
        body = data[start:end]
        if _checksum(sequence, body) != crc:
            if end < len(data):
                _damaged(file, at, len(data), keep_damaged)
                return
            break
        try:
            frames, links, observations = _decode(body)
        except msgspec.MsgspecError as error:
            raise StoreCorrupt(
                f"{file} was written by another version: run that one once ({error})"
            ) from error
        yield Group(sequence, Batch(frames=frames, links=links, observations=list(observations)))
        at = end
    if at < len(data):
        log.warning("%s ends in the middle of a group that nobody was told is stored: left out", file)


def _damaged(file: Path, at: int, size: int, keep: bool) -> None:
    log.error("%s is damaged at byte %d of %d: what follows cannot be read", file, at, size)
    if keep:
        copy = file.with_suffix(".damaged")
        shutil.copy2(file, copy)
        log.error("kept as %s", copy)


def _checksum(sequence: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(sequence.to_bytes(8, "little")))


def _encoded(batch: Batch) -> bytes:
    told = [observation for observation in batch.observations if not implied(observation)]
    body = _encode((batch.frames, batch.links, told))
    try:
        # Promised is only what can be read back, with a value of the right kind in every place.
        _decode(body)
    except msgspec.ValidationError as error:
        raise UnfitRow(str(error)) from error
    return body
