"""A log file as bytes, taken out of gzip or zstd when it is in one, a piece at a time.

Decides by the file's first bytes, never by its name. A file that is cut off or damaged gives what comes
before the damage; `trouble` then says so.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from collectors.logs.formats.encoded import as_utf8
from collectors.logs.logfile import CHUNK, file_chunks

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
#: A pipe's first bytes may come one by one.
_MAGIC = 4


class LogBytes:
    """The content of one open file. `name` is for messages; `trouble` is set once reading has met some."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self.trouble: str | None = None
        self._file = file
        self._position = 0

    def position(self) -> int:
        """Bytes of the file read so far, as stored; 0 for a pipe."""
        return self._position

    def chunks(self) -> Iterator[bytes]:
        """In UTF-8. Raises OSError only when the file itself cannot be read."""
        for chunk in as_utf8(self._unpacked()):
            try:
                self._position = self._file.tell()
            except OSError:
                self._position = 0
            yield chunk

    def _unpacked(self) -> Iterator[bytes]:
        start = b""
        while len(start) < _MAGIC and (more := self._file.read(_MAGIC - len(start))):
            start += more
        joined = cast("BinaryIO", _Rejoined(start, self._file))
        unpacked: gzip.GzipFile | zstd.ZstdFile
        if start.startswith(GZIP):
            unpacked = gzip.GzipFile(fileobj=joined)
        elif start == ZSTD:
            unpacked = zstd.ZstdFile(joined)
        else:
            yield start
            yield from file_chunks(self._file)
            return
        while True:
            try:
                chunk = unpacked.read1(CHUNK)
            except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
                self.trouble = (
                    f"the compressed data is cut off or damaged, what came before was read ({error})"
                )
                return
            if not chunk:
                return
            yield chunk


class _Rejoined:
    """A file whose first bytes were read already, as far as the two readers of compressed data need one."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start = start
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not self._start:
            return self._file.read(size)
        if size < 0:
            start, self._start = self._start, b""
            return start + self._file.read()
        start, self._start = self._start[:size], self._start[size:]
        return start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing is written."""

    @property
    def closed(self) -> bool:
        return False
