"""The work of `laadwacht export frames`: finds who has the store, and pours its frames into an open file.

Decides only whom to ask: the file itself when nobody owns it, the owner's read door otherwise. Never writes
to the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from collectors.cli.complaint import Complaint
from collectors.cli.progress import LongWork
from collectors.logs.frame_export import Query, Selection, pages, span_of
from collectors.logs.frame_files import frame_file
from collectors.settings.options import Settings
from data.at_rest import RestingStore
from data.errors import OwnerDown, QueryRefused, StoreError, StoreLocked
from data.read import ReadDoor
from data.scope import HELPDESK

#: Seconds for one page from an owner process under load.
PAGE_WAIT_S = 120.0


def write_frames(settings: Settings, kind: str, file: BinaryIO, selection: Selection) -> int:
    """How many frames were written. Raises Complaint when the store cannot be read."""
    count = 0
    try:
        with store_reader(settings) as query:
            span = span_of(query, selection)
            out = frame_file(kind, file)
            if span is not None:
                with LongWork("export", "frames", span.last - span.first + 1) as work:
                    for reached, page in pages(query, selection, span):
                        out.write(page)
                        count += page.height
                        work.update(reached - span.first + 1, count)
            out.close()
    except (StoreError, OwnerDown, QueryRefused, ValueError) as error:
        raise Complaint(*str(error).splitlines()) from error
    return count


def one_frame(settings: Settings, record_id: int) -> dict[str, Any]:
    """A stored frame's row. Raises Complaint when there is none, or the store cannot be read."""
    try:
        with store_reader(settings) as query:
            rows = query("frame_by_record", record_id=record_id)
    except (StoreError, OwnerDown, QueryRefused) as error:
        raise Complaint(*str(error).splitlines()) from error
    if rows.is_empty():
        raise Complaint(f"--record {record_id}: no frame of that number is stored")
    return rows.row(0, named=True)


@contextmanager
def store_reader(settings: Settings) -> Iterator[Query]:
    """A way to run named queries: on the file, or through the owner process that has it open."""
    try:
        store = RestingStore.open(settings.database)
    except StoreLocked:
        try:
            with ReadDoor(settings.read_url, settings.token_file, timeout_s=PAGE_WAIT_S) as door:
                yield lambda name, **inputs: door.query(name, HELPDESK, **inputs)
        except OwnerDown as error:
            raise Complaint(
                f"{settings.database} is in use by another process, and its read door is silent: {error};"
                " give the owner's --config, or its --set read_door.port"
            ) from error
        return
    with store:
        yield partial(store.query)
