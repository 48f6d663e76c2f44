"""Which format a log has: by its first lines, or by the name somebody gave.

Decides the format once for each log, before anything of it is stored. A log that fits none is refused with
the names of all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from collectors.logs.formats import (
    citrine,
    commaseparated,
    homeassistant,
    objects,
    plain,
    steve,
    testtool,
)
from collectors.logs.formats.encoded import text_of
from collectors.logs.formats.mended import Mender
from collectors.logs.formats.text import LogFormatError, Reading, without_console
from collectors.logs.logfile import BYTE_ORDER_MARK, BadLine, LogRecord, read_log

#: Bytes looked at, enough to get past another program's start-up messages.
HEAD = 262_144
#: Lines in which JSON records of other systems are looked for.
LINES_OF_JSON = 200


class Format(NamedTuple):
    """`title` is for people; `fits` looks at the first lines that are not blank."""

    name: str
    title: str
    fits: Callable[[Sequence[str]], bool]
    read: Callable[[Iterable[bytes], Reading], Iterator[LogRecord | BadLine]]


_TIMED = re.compile(r'\s*\{.*"t"\s*:')
_OURS = re.compile(r'\s*\{.*"(?:t|station)"\s*:')


def _fits_ours(lines: Sequence[str]) -> bool:
    return any(_OURS.match(line) for line in lines[:20]) or objects.fits(lines[:LINES_OF_JSON])


def _read_ours(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    others, chunks = _is_of_others(chunks)
    if others:
        yield from objects.read(chunks, reading)
        return
    mend = Mender(reading) if reading.mend else None
    yield from read_log(chunks, station=reading.station, mend=mend)


#: In the order they are tried: what is told apart most surely first, bare frames last.
FORMATS: Final = (
    Format("jsonl", "JSON Lines", _fits_ours, _read_ours),
    Format("csv", "CSV with a frame in a column", commaseparated.fits, commaseparated.read),
    Format("steve", "SteVe log", steve.fits, steve.read),
    Format("citrineos", "CitrineOS log", citrine.fits, citrine.read),
    Format("homeassistant", "Home Assistant log", homeassistant.fits, homeassistant.read),
    Format("octt", "Open Charge Alliance test tool log", testtool.fits, testtool.read),
    Format("ocppj", "OCPP-J, one frame a line", plain.fits, plain.read),
)
NAMES: Final = tuple(one.name for one in FORMATS)


def format_named(name: str) -> Format:
    """LogFormatError for a name that is none."""
    for one in FORMATS:
        if one.name == name:
            return one
    raise LogFormatError(f"there is no log format {name!r}; known are {', '.join(NAMES)}")


def recognise(chunks: Iterable[bytes]) -> tuple[Format, Iterable[bytes]]:
    """The format and all of the log, from its beginning. An empty log is in our own format.

    LogFormatError when no format fits the first 256 KiB.
    """
    lines, whole = _beginning(chunks)
    if not lines:
        return FORMATS[0], whole
    for one in FORMATS:
        if one.fits(lines):
            return one, whole
    raise LogFormatError(
        "none of the known log formats fits its beginning: "
        + "; ".join(f"{one.name} ({one.title})" for one in FORMATS)
        + "; name the right one with --format"
    )


def _is_of_others(chunks: Iterable[bytes]) -> tuple[bool, Iterable[bytes]]:
    """Whether JSON Lines are in another system's shape, and all of the log again.

    Reads no further than the first line that tells: the records of a pipe are not held up.
    """
    pieces = iter(chunks)
    head: list[bytes] = []
    begun = b""
    looked = size = 0
    for piece in chain(pieces, [None]):
        if piece is not None:
            head.append(piece)
            size += len(piece)
        # The last line may have no end.
        *lines, begun = (begun + (b"\n" if piece is None else piece)).split(b"\n")
        for line in lines:
            text = text_of(line.removeprefix(BYTE_ORDER_MARK))
            looked += 1
            if objects.fits([text]):
                return True, chain(head, pieces)
            if _TIMED.match(text):
                return False, chain(head, pieces)
        if looked >= LINES_OF_JSON or size >= HEAD:
            break
    return False, chain(head, pieces)


def _beginning(chunks: Iterable[bytes]) -> tuple[list[str], Iterable[bytes]]:
    """The first lines that are not blank, and all of the log again."""
    pieces = iter(chunks)
    head: list[bytes] = []
    size = 0
    for piece in pieces:
        head.append(piece)
        size += len(piece)
        if size >= HEAD:
            break
    text = text_of(b"".join(head).removeprefix(BYTE_ORDER_MARK)[:HEAD])
    lines = [without_console(line) for line in text.splitlines() if line.strip()]
    return lines, chain(head, pieces)
