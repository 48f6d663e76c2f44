"""Imported records into the store: rows, what judgement made of them, its state, in one transaction a batch.

Decides only which records are stored already, by their import key. Must never wake the subscribers of live
traffic: an old log is not news.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import duckdb
import pyarrow as pa

from data.arrivals import insert_table
from data.effects import write_effects
from data.rows import Batch, frame_table, link_table, naive_utc, observation_table
from data.store import Store
from rules.core.model import Effect


class KnownStation(NamedTuple):
    first_seen_at: datetime
    last_seen_at: datetime


def stored_records(store: Store, keys: Sequence[int]) -> dict[int, int]:
    """Import key -> record id, for the keys that are stored."""
    if not keys:
        return {}

    def job(cursor: duckdb.DuckDBPyConnection) -> dict[int, int]:
        cursor.register("asked", pa.table({"import_key": pa.array(keys, pa.uint64())}))
        try:
            found = cursor.execute(
                "SELECT import_key, record_id FROM frame SEMI JOIN asked USING (import_key)"
                " UNION ALL SELECT import_key, record_id FROM link SEMI JOIN asked USING (import_key)"
            ).fetchall()
        finally:
            cursor.unregister("asked")
        return dict(found)

    return store.transact(job)


def keep_imported(
    store: Store,
    batch: Batch,
    effects: Sequence[Effect],
    *,
    snapshot: tuple[int, datetime, bytes] | None = None,
) -> None:
    """Commits the rows, the effects and, where given, judgement's state (last record, instant, bytes)."""

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        if batch.frames:
            insert_table(cursor, "frame", frame_table(batch.frames))
        if batch.links:
            insert_table(cursor, "link", link_table(batch.links))
        observations = observation_table(batch.observations)
        if observations is not None:
            insert_table(cursor, "observation", observations)
        write_effects(cursor, effects)
        if snapshot is not None:
            record_id, at, body = snapshot
            cursor.execute("DELETE FROM judge_snapshot")
            cursor.execute("INSERT INTO judge_snapshot VALUES (?, ?, ?)", [record_id, naive_utc(at), body])

    store.transact(job)


def known_stations(store: Store) -> dict[str, KnownStation]:
    """When each station was first and last heard, by what judgement wrote so far (aware UTC)."""
    rows = store.transact(
        lambda cursor: cursor.execute("SELECT station, first_seen_at, last_seen_at FROM station").fetchall()
    )
    return {
        station: KnownStation(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        for station, first, last in rows
    }


def move_first_seen(store: Store, earlier: dict[str, datetime]) -> None:
    """A station was heard earlier than was known. Later instants than the stored one change nothing."""
    if not earlier:
        return

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        for station, at in earlier.items():
            cursor.execute(
                "UPDATE station SET first_seen_at = least(first_seen_at, ?) WHERE station = ?",
                [naive_utc(at), station],
            )

    store.transact(job)
