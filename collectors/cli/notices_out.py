"""The work of `laadwacht export notices`: the proof of notice, from whoever has the store, into an open file.

Decides only how a file is written: instants as ISO 8601 in UTC. Never writes to the store.
"""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

from collectors.cli.complaint import Complaint
from collectors.cli.frames_out import store_reader
from collectors.settings import Settings
from data.errors import OwnerDown, QueryRefused, StoreError

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def write_notices(
    settings: Settings,
    kind: str,
    file: BinaryIO,
    *,
    incident_id: str | None,
    station: str | None,
    since: datetime | None,
    until: datetime | None,
) -> int:
    """How many notices were written. Raises Complaint when the store cannot be read."""
    try:
        with store_reader(settings) as query:
            rows = query("export_notices", incident_id=incident_id, station=station, since=since, until=until)
    except (StoreError, OwnerDown, QueryRefused, ValueError) as error:
        raise Complaint(*str(error).splitlines()) from error
    if kind == "parquet":
        rows.write_parquet(file)
    elif kind == "csv":
        rows.write_csv(file, datetime_format=TIME_FORMAT)
    else:
        from polars import selectors

        rows.with_columns(selectors.datetime().dt.strftime(TIME_FORMAT)).write_ndjson(file)
    return rows.height
