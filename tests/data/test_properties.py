"""What a station is and how it is set, over time: periods that may be told again without harm."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from data.migrate import packaged_migrations
from data.properties import MOST
from data.store import Store
from rules.core.model import PropertyRow
from tests.data.rows import NOON, after


def told(value: str | None, at_s: int, name: str = "firmware", station: str = "BE-1") -> PropertyRow:
    return PropertyRow(station=station, property=name, value=value, at=after(at_s), source="boot")


def periods(store: Store) -> list[tuple[object, ...]]:
    return store.sql(
        "SELECT property, value, since, until FROM station_property ORDER BY property, since"
    ).rows()


def test_a_new_value_ends_the_period_of_the_one_before(store: Store) -> None:
    store.apply([told("1.0", 0), told("1.0", 5), told("1.1", 10)])
    store.apply([told("1.1", 20), told("1.0", 30)])
    assert periods(store) == [
        ("firmware", "1.0", NOON, after(10)),
        ("firmware", "1.1", after(10), after(30)),
        ("firmware", "1.0", after(30), None),
    ]


def test_the_same_effects_applied_again_change_nothing(store: Store) -> None:
    effects = [told("1.0", 0), told("1.1", 10), told(None, 20), told("8", 5, "connectors")]
    store.apply(effects)
    before = periods(store)
    assert len(before) == 4
    store.apply(effects)
    store.apply(effects[:2])
    assert periods(store) == before


def test_a_station_cannot_fill_the_table_with_invented_keys(store: Store) -> None:
    store.apply([told("x", 0, f"Key{n}") for n in range(MOST + 50)])
    store.apply([told("x", 1, "One more"), told("x", 1, station="BE-2"), told("y", 2, "Key7")])
    counted = store.sql(
        "SELECT station, count(DISTINCT property) FROM station_property GROUP BY 1 ORDER BY 1"
    )
    assert counted.rows() == [("BE-1", MOST), ("BE-2", 1)]


def test_what_was_known_before_the_history_began_is_its_first_entry(store: Store) -> None:
    migration = next(one for one in packaged_migrations() if "station_property" in one.name)

    def again(cursor: DuckDBPyConnection) -> None:
        cursor.execute("DROP TABLE station_property")
        cursor.execute(
            "INSERT INTO station (station, first_seen_at, last_seen_at, make, heartbeat_s, imsi)"
            " VALUES ('A', '2026-01-01', '2026-01-02', 'ABB', 300, '206011234567890')"
        )
        cursor.execute(migration.sql)

    store.transact(again)
    rows = store.sql("SELECT station, property, value, source FROM station_property ORDER BY property").rows()
    assert rows == [("A", "heartbeat_s", "300", "answer"), ("A", "make", "ABB", "boot")]
