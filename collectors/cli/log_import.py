"""`laadwacht import`: log files to the importer of this process, or to the owner process when one runs.

Decides only which of the two, and what a person is told. A file that cannot be opened stops all before
anything is stored; a bad line stops nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

import msgspec

from collectors.cli.complaint import Complaint
from collectors.cli.owner_client import OwnerClient, open_store
from collectors.importer import BAD_LINES_TOLD
from collectors.logfile import BadLine, LogRecord, file_chunks, read_log
from collectors.owner import OwnerError
from collectors.past import import_past
from collectors.settings import Settings
from data.errors import StoreError
from rules.core.catalog import CatalogError

IMPORT_WAIT_S = 3600.0


def import_files(settings: Settings, names: Sequence[str]) -> int:
    """Always 0 once the files are open; raises Complaint for what the user can correct."""
    with ExitStack() as opened:
        files = [(name, _open(name, opened)) for name in names]
        store = open_store(settings)
        if store is None:
            _through_owner(settings, files)
            return 0
        opened.enter_context(store)
        bad: list[BadLine] = []
        try:
            report = import_past(settings, store, _items(files, bad))
        except (OwnerError, CatalogError, StoreError) as error:
            raise Complaint(*str(error).splitlines()) from error
        for line in bad[:BAD_LINES_TOLD]:
            print(f"laadwacht: {line.reason}", file=sys.stderr)
        _told(msgspec.to_builtins(report))
    return 0


def _open(name: str, opened: ExitStack) -> BinaryIO:
    if name == "-":
        return sys.stdin.buffer
    try:
        return opened.enter_context(open(name, "rb"))
    except OSError as error:
        raise Complaint(f"{name}: cannot be read: {error.strerror}") from error


def _items(files: Sequence[tuple[str, BinaryIO]], bad: list[BadLine]) -> Iterator[LogRecord | BadLine]:
    """All files as one log. Bad lines pass on, with their file's name in the reason."""
    for name, file in files:
        for item in read_log(file_chunks(file)):
            if isinstance(item, BadLine):
                place = "standard input" if name == "-" else name
                named = BadLine(item.line, f"{place}: line {item.line}: {item.reason}")
                bad.append(named)
                yield named
            else:
                yield item


def _through_owner(settings: Settings, files: Sequence[tuple[str, BinaryIO]]) -> None:
    client = OwnerClient(settings)
    for name, file in files:
        place = "standard input" if name == "-" else name
        report = client.post("/api/import", content=file_chunks(file), timeout_s=IMPORT_WAIT_S)
        for line in report.get("bad_lines", []):
            print(f"laadwacht: {place}: line {line['line']}: {line['reason']}", file=sys.stderr)
        _told(report)


def _told(report: dict[str, Any]) -> None:
    line = (
        f"{report['read']} records read, {report['stored']} stored, {report['already_there']} there already"
    )
    if report["bad"]:
        line += f", {report['bad']} bad line(s) skipped"
    if report["late"]:
        line += f", {report['late']} out of order"
    print(line)
    if report["first"]:
        print(f"{report['stations']} station(s), from {report['first']} to {report['last']}")
