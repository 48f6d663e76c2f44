"""Rows go into a table under a lasting name, also after a transaction that was undone."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from data.store import Store
from rules.core.model import Effect, StationRow

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_a_name_that_a_rollback_took_away_is_given_again(store: Store) -> None:
    row = StationRow(station="A", first_seen_at=NOON, last_seen_at=NOON)
    with pytest.raises(TypeError, match="no table takes"):
        store.apply([row, Effect()])
    store.apply([row])
    store.settle()
    assert store.sql("SELECT station FROM station").rows() == [("A",)]


def test_one_that_the_database_refused_is_given_again_too(store: Store) -> None:
    row = StationRow(station="A", first_seen_at=NOON, last_seen_at=NOON)
    store.transact(lambda cursor: cursor.execute("ALTER TABLE station RENAME TO away"))
    with pytest.raises(duckdb.Error):
        store.apply([row])
    store.transact(lambda cursor: cursor.execute("ALTER TABLE away RENAME TO station"))
    store.apply([row])
    store.settle()
    assert store.sql("SELECT station FROM station").rows() == [("A",)]
