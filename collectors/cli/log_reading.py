"""One log file, in any known format and perhaps compressed, as records for judgement without a server.

Decides only what to complain about: a file that cannot be opened, one that no format fits. A bad line, or the
place where compressed data is damaged, is an item of its own and stops nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from collectors.cli.complaint import Complaint
from collectors.logs.formats.compressed import LogBytes
from collectors.logs.formats.recognise import format_named, recognise
from collectors.logs.formats.text import LogFormatError, Reading
from collectors.logs.logfile import BadLine, LogRecord


def opened_log(
    name: str, format_name: str | None, reading: Reading, stack: ExitStack
) -> Iterator[LogRecord | BadLine]:
    """Records and bad lines; `-` is standard input. Raises Complaint, and OSError while it is read."""
    file = sys.stdin.buffer if name == "-" else opened(name, stack)
    source = LogBytes("standard input" if name == "-" else name, file)
    try:
        pieces: Iterable[bytes] = source.chunks()
        if format_name is not None:
            found = format_named(format_name)
        else:
            found, pieces = recognise(pieces)
    except LogFormatError as error:
        raise Complaint(f"{source.name}: {source.trouble or error}") from error
    except OSError as error:
        raise Complaint(f"{source.name}: cannot be read: {error.strerror}") from error
    yield from found.read(pieces, reading)
    if source.trouble is not None:
        yield BadLine(0, source.trouble)


def opened(name: str, stack: ExitStack) -> BinaryIO:
    """The file, closed with the stack. Raises Complaint."""
    try:
        return stack.enter_context(open(name, "rb"))
    except OSError as error:
        raise Complaint(f"{name}: cannot be read: {error.strerror}") from error
