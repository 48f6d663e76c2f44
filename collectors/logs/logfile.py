"""A recorded log, line by line: the fixed JSON Lines format to records, or to the reason why a line is none.

Decides only whether a line is a record. It never raises on what a file holds, never changes a frame's text,
and never reads more than one line and one chunk into memory.

One record a line, `{"t":…,"station":…,"dir":"in"|"out","raw":[…]|"…"}` or
`{"t":…,"station":…,"event":"connected"|"disconnected"}`, either with `"version"`. `t` is ISO 8601 (a time
without a zone is taken as UTC) or seconds or milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from collectors.logs.formats.encoded import as_utf8_line

#: Bytes; a frame of the largest size a listener takes, escaped once more, fits.
MAX_LINE = 8_388_608
CHUNK = 1_048_576
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_STATION = 255
#: Records held back to put a slightly disordered log in order.
WINDOW = 10_000
#: Above this a number is milliseconds: the same instant in seconds would be in the year 5138.
MILLISECONDS_FROM = 100_000_000_000
VERSIONS = frozenset({"1.6", "2.0.1", "2.1"})
EVENTS = frozenset({"connected", "disconnected"})
#: Besides, in a labelled trace: the back end waited in vain for an answer of the station.
TRACE_EVENTS = EVENTS | {"timeout"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LogRecord(Struct, frozen=True, gc=False):
    """`at` is aware UTC. Either `direction` and `raw` (the frame's text as recorded) are set, or `event`."""

    line: int
    at: datetime
    station: str
    direction: str | None = None
    raw: str | None = None
    event: str | None = None
    version: str | None = None


class BadLine(Struct, frozen=True):
    """A line that is no record. `line` counts from 1."""

    line: int
    reason: str


_NO_RAW = msgspec.Raw()
_at = attrgetter("at")


class Line(Struct, gc=False):
    """A line as it was read, before anybody looked whether it is a record."""

    t: str | int | float | None = None
    station: str | None = None
    dir: str | None = None
    raw: msgspec.Raw = _NO_RAW
    event: str | None = None
    version: str | None = None


_decode_line = msgspec.json.Decoder(Line).decode
_decode_text = msgspec.json.Decoder(str).decode


class Unfit(ValueError):
    """Why a line is no record."""


def file_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open binary file; small reads, so that a pipe's records are not held up."""
    read = getattr(file, "read1", file.read)
    while chunk := read(CHUNK):
        yield chunk


def read_log(
    chunks: Iterable[bytes],
    events: frozenset[str] = EVENTS,
    station: str | None = None,
    mend: Callable[[Line], None] | None = None,
) -> Iterator[LogRecord | BadLine]:
    """Every line's record or fault, in file order; blank lines are passed over. Never raises for the content.

    `chunks` may break anywhere: `file_chunks` of a file, or the body of a request. `events`: those known;
    `station`: of a line that names none; `mend`: fills in what else a line lacks.
    """
    number = 0
    for found in split_lines(chunks):
        number += 1
        line = found.removeprefix(BYTE_ORDER_MARK) if found and number == 1 else found
        if line is None:
            yield BadLine(number, f"the line is longer than {MAX_LINE} bytes")
            continue
        if not line or line.isspace():
            continue
        try:
            yield _record(number, line if line.isascii() else as_utf8_line(line), events, station, mend)
        except Unfit as fault:
            yield BadLine(number, str(fault))
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
            yield BadLine(number, f"no JSON of a log record: {fault}"[:200])


def records_of(
    rows: Iterable[Mapping[str, Any]], events: frozenset[str] = EVENTS
) -> Iterator[LogRecord | BadLine]:
    """The same for records that were made, not read (`history.generate`)."""
    encode = msgspec.json.Encoder().encode
    return read_log((encode(row) + b"\n" for row in rows), events)


def in_order(items: Iterable[LogRecord | BadLine], window: int = WINDOW) -> Iterator[LogRecord | BadLine]:
    """The records by time, equal times in file order, as far as `window` records of look-ahead can do it."""
    held: list[LogRecord] = []
    for item in items:
        if isinstance(item, BadLine):
            yield item
            continue
        held.append(item)
        if len(held) > 2 * window:
            # Stable, and next to nothing where they are in order already.
            held.sort(key=_at)
            yield from held[:window]
            del held[:window]
    held.sort(key=_at)
    yield from held


def parse_time(value: str | float | None) -> datetime:
    """Aware UTC. ValueError with the reason where `value` is no instant between 1970 and 9998."""
    if value is None:
        raise Unfit("t is missing")
    try:
        if isinstance(value, str):
            try:
                at = datetime.fromisoformat(value.strip())
            except ValueError:
                at = _EPOCH + _since_epoch(float(value))
        else:
            at = _EPOCH + _since_epoch(value)
        if at.tzinfo is not UTC:
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit(f"t {str(value)[:40]!r} is no time") from None
    # An hour or more of room at both ends, so that a time limit added to it stays a time.
    if not 1970 <= at.year <= 9998:
        raise Unfit(f"t {str(value)[:40]!r} is no time of a log")
    return at


def _since_epoch(number: float) -> timedelta:
    return timedelta(milliseconds=number) if abs(number) >= MILLISECONDS_FROM else timedelta(seconds=number)


def _record(
    number: int,
    text: bytes,
    events: frozenset[str],
    default: str | None,
    mend: Callable[[Line], None] | None,
) -> LogRecord:
    line = _decode_line(text)
    if mend is not None:
        mend(line)
    at = parse_time(line.t)
    station = station_name(line.station or default)
    version = line.version if line.version in VERSIONS else None
    if line.event is not None:
        if line.event not in events:
            raise Unfit(f"event {line.event[:40]!r} is neither connected nor disconnected")
        if line.raw:
            raise Unfit("a record has either raw or event, not both")
        return LogRecord(number, at, station, event=line.event, version=version)
    if line.dir not in ("in", "out"):
        raise Unfit("dir is missing" if line.dir is None else f"dir {line.dir[:40]!r} is neither in nor out")
    if not line.raw:
        raise Unfit("raw is missing")
    return LogRecord(number, at, station, direction=line.dir, raw=frame_text(line.raw), version=version)


def station_name(name: str | None) -> str:
    """The name, if it can be stored and shown; Unfit otherwise."""
    if not name:
        raise Unfit("station is missing")
    if len(name) > MAX_STATION:
        raise Unfit(f"station is longer than {MAX_STATION} characters")
    if not name.isprintable():
        # Surrogates and control characters among them: no such name could be stored and shown.
        raise Unfit(f"station {name[:40]!a} has characters that cannot be shown")
    return name


def frame_text(raw: msgspec.Raw) -> str:
    """A JSON string holds the frame's text; anything else is the frame, kept byte for byte."""
    content = bytes(raw)
    if content.startswith(b'"'):
        # A lone surrogate cannot be stored; what it stands for is lost, the rest of the frame is not.
        return _decode_text(content).encode(errors="backslashreplace").decode()
    if content == b"null":
        raise Unfit("raw is missing")
    return content.decode()


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Lines without their end; None for one that is too long, which is read over and never kept."""
    rest = b""
    too_long = False
    for chunk in chunks:
        pieces = chunk.split(b"\n")
        pieces[0] = b"" if too_long else rest + pieces[0]
        rest = pieces.pop()
        for piece in pieces:
            yield None if too_long or len(piece) > MAX_LINE else piece
            too_long = False
        if too_long or len(rest) > MAX_LINE:
            rest, too_long = b"", True
    if too_long:
        yield None
    elif rest:
        yield rest
