"""`laadwacht import`: log files of any known format to the importer of this process, or to the owner process.

Decides only which of the two, and what a person is told. A file that cannot be opened or that no format fits
stops all before anything is stored; a bad line stops nothing. Ctrl-C ends the log where it is: what was read
is judged and closed like any log, and the same command goes on from there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from collectors import garbage
from collectors.cli.complaint import Complaint
from collectors.cli.interrupt import INTERRUPTED, Interrupt
from collectors.cli.log_reading import opened as opened_file
from collectors.cli.owner_client import OwnerClient, open_store
from collectors.cli.progress import LongWork
from collectors.logs.formats.compressed import LogBytes
from collectors.logs.formats.recognise import Format, format_named, recognise
from collectors.logs.formats.text import LogFormatError, Reading
from collectors.logs.importer import BAD_LINES_TOLD
from collectors.logs.logfile import BadLine, LogRecord
from collectors.owner.error import OwnerError
from collectors.owner.past import import_past
from collectors.settings.options import Settings
from data.errors import StoreError
from rules.core.catalog.entries import CatalogError

IMPORT_WAIT_S = 3600.0
#: Bytes of records sent to an owner process at a time.
SENT_AT_ONCE = 262_144


class Log(NamedTuple):
    """One opened log whose format is known; `pieces` is all of it, from the beginning."""

    source: LogBytes
    format: Format
    pieces: Iterable[bytes]


def import_files(
    settings: Settings,
    names: Sequence[str],
    *,
    format_name: str | None = None,
    reading: Reading | None = None,
) -> int:
    """0 when all was read, 2 when there was no record to read, 130 when interrupted.

    Raises Complaint for what the user can correct.
    """
    with ExitStack() as opened:
        interrupt = opened.enter_context(Interrupt())
        logs = [_open(name, format_name, opened, interrupt) for name in names]
        store = open_store(settings)
        garbage.calm()
        if store is not None:
            opened.enter_context(store)
        total = sum(_size(name) for name in names)
        work = opened.enter_context(LongWork("import", "records", total or None))
        records = _Records(logs, reading or Reading(), interrupt, work)
        try:
            if store is not None:
                report = msgspec.to_builtins(import_past(settings, store, iter(records)))
            else:
                report = OwnerClient(settings).post(
                    "/api/import", content=_sent(records), timeout_s=IMPORT_WAIT_S
                )
        except LogFormatError as error:
            raise Complaint(f"{records.place}: {error}") from error
        except (OwnerError, CatalogError, StoreError) as error:
            raise Complaint(*str(error).splitlines()) from error
    for line in records.bad:
        print(f"laadwacht: {line.reason}", file=sys.stderr)
    for name in records.empty:
        print(f"laadwacht: {name}: nothing in it, no record was read", file=sys.stderr)
    _tell(report, records)
    if interrupt.asked:
        return INTERRUPTED
    return 0 if report["read"] else Complaint.exit_code


def _open(name: str, format_name: str | None, opened: ExitStack, interrupt: Interrupt) -> Log:
    file = sys.stdin.buffer if name == "-" else opened_file(name, opened)
    source = LogBytes("standard input" if name == "-" else name, file)
    try:
        if format_name is not None:
            return Log(source, format_named(format_name), source.chunks())
        with interrupt.waiting():
            found, pieces = recognise(source.chunks())
        return Log(source, found, pieces)
    except LogFormatError as error:
        raise Complaint(f"{source.name}: {source.trouble or error}") from error
    except OSError as error:
        raise Complaint(f"{source.name}: cannot be read: {error.strerror}") from error


def _size(name: str) -> int:
    return 0 if name == "-" else Path(name).stat().st_size


class _Records:
    """All logs as one: records, and bad lines with their file's name in the reason. Ends early on Ctrl-C."""

    def __init__(self, logs: Sequence[Log], reading: Reading, interrupt: Interrupt, work: LongWork) -> None:
        self.bad: list[BadLine] = []
        self.bad_count = 0
        self.empty: list[str] = []  # logs without a record or a bad line
        self.logs = logs
        self.place = logs[0].source.name
        self._reading = reading
        self._interrupt = interrupt
        self._work = work

    @property
    def interrupted(self) -> bool:
        return self._interrupt.asked

    def __iter__(self) -> Iterator[LogRecord | BadLine]:
        before = count = 0
        for log in self.logs:
            self.place = log.source.name
            read_before = count + self.bad_count
            for item in log.format.read(self._pieces(log), self._reading):
                if isinstance(item, BadLine):
                    yield self._refused(item.line, f"line {item.line}: {item.reason}")
                    continue
                count += 1
                if count % 256 == 0:
                    self._work.update(before + log.source.position(), count)
                yield item
                if self._interrupt.asked:
                    return
            if log.source.trouble is not None:
                yield self._refused(0, log.source.trouble)
            if count + self.bad_count == read_before and not self._interrupt.asked:
                self.empty.append(self.place)
            before += log.source.position()

    def _pieces(self, log: Log) -> Iterator[bytes]:
        pieces = iter(log.pieces)
        while not self._interrupt.asked:
            try:
                with self._interrupt.waiting():
                    piece = next(pieces, None)
            except KeyboardInterrupt:
                return
            except OSError as error:
                log.source.trouble = f"cannot be read any further: {error.strerror or error}"
                return
            if piece is None:
                return
            yield piece

    def _refused(self, line: int, reason: str) -> BadLine:
        named = BadLine(line, f"{self.place}: {reason}")
        self.bad_count += 1
        if len(self.bad) < BAD_LINES_TOLD:
            self.bad.append(named)
        return named


class _Line(Struct, omit_defaults=True):
    """A record as our own format has it."""

    t: str
    station: str
    dir: str | None = None
    raw: str | None = None
    event: str | None = None
    version: str | None = None


def _sent(records: _Records) -> Iterator[bytes]:
    """Records in our own format, whatever they were read from; bad lines are told here and not sent."""
    encode = msgspec.json.Encoder().encode
    waiting = bytearray()
    for item in records:
        if isinstance(item, BadLine):
            continue
        at = item.at.astimezone(UTC).isoformat()
        waiting += encode(_Line(at, item.station, item.direction, item.raw, item.event, item.version))
        waiting += b"\n"
        if len(waiting) >= SENT_AT_ONCE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _tell(report: dict[str, Any], records: _Records) -> None:
    line = (
        f"{report['read']} records read, {report['stored']} stored, {report['already_there']} there already"
    )
    if records.bad_count:
        line += f", {records.bad_count} bad line(s) skipped"
    if report["late"]:
        line += f", {report['late']} out of order"
    print(line)
    if report["first"]:
        print(f"{report['stations']} station(s), from {report['first']} to {report['last']}")
    for log in records.logs:
        if log.format.name != "jsonl":
            print(f"{log.source.name} was read as {log.format.name}: {log.format.title}")
    if records.interrupted:
        reached = f"the log's {report['last']}" if report["last"] else "its beginning"
        print(
            f"laadwacht: interrupted in {records.place} at {reached}; the same command goes on from there",
            file=sys.stderr,
        )
