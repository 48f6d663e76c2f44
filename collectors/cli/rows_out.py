"""The work of `laadwacht export notices` and `links`: a query of whoever has the store, into an open file.

Decides only how a file is written: instants as ISO 8601 in UTC. Never writes to the store.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from collectors.cli.complaint import Complaint
from collectors.cli.frames_out import store_reader
from collectors.settings.options import Settings
from data.errors import OwnerDown, QueryRefused, StoreError

#: To the second, and as exact as frames and connections are received.
SECONDS = "%Y-%m-%dT%H:%M:%SZ"
MICROSECONDS = "%Y-%m-%dT%H:%M:%S%.6fZ"


def write_rows(
    settings: Settings, kind: str, file: BinaryIO, query_name: str, time_format: str = SECONDS, **inputs: Any
) -> int:
    """How many rows were written. Raises Complaint when the store cannot be read.

    JSON Lines of connection events have the log format's names, so that they can be imported again.
    """
    try:
        with store_reader(settings) as query:
            rows = query(query_name, **inputs)
    except (StoreError, OwnerDown, QueryRefused, ValueError) as error:
        raise Complaint(*str(error).splitlines()) from error
    if kind == "parquet":
        rows.write_parquet(file)
    elif kind == "csv":
        rows.write_csv(file, datetime_format=time_format)
    else:
        from polars import selectors

        if query_name == "export_links":
            rows = rows.rename({"happened_at": "t"})
        rows.with_columns(selectors.datetime().dt.strftime(time_format)).write_ndjson(file)
    return rows.height
