"""Days added up beforehand give what their intervals give, whatever changed since, for any window."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from data.store import Store
from data.uptime_upkeep import last_whole_day, roll
from rules.core.facts.uptime import Span
from rules.core.model import Effect, IncidentRow, IntervalRow, LinkRow, Owner, StationRow, Status
from tests.pages.test_uptime_query import END, START, STATION, History, history, query_agrees

MIDNIGHT = START - timedelta(hours=2)  # in Brussels, in summer time


def roll_all(store: Store, now: datetime = END, step: int = 6) -> int:
    """Small steps, so that every test crosses several."""
    done = 0
    while found := roll(store, now, step):
        done += found
    return done


def windows(dice: random.Random) -> list[Span]:
    """The whole, one from midnight to midnight, and some that no day knows of."""
    spans = [Span(START, END), Span(MIDNIGHT + timedelta(days=2), MIDNIGHT + timedelta(days=4))]
    for _ in range(1 + dice.randrange(2)):
        began = START + timedelta(seconds=dice.randint(0, 700_000))
        spans.append(Span(began, began + timedelta(seconds=dice.randint(60, 160_000))))
    return spans


def unfinished(row: Effect, at: datetime) -> Effect | None:
    """`row` as it stood at an instant: not there yet, still open, or as it is."""
    if isinstance(row, IntervalRow | LinkRow):
        if row.started_at > at:
            return None
        return msgspec.structs.replace(row, ended_at=None) if row.ended_at and row.ended_at > at else row
    if isinstance(row, IncidentRow):
        if row.pending_at > at:
            return None
        return msgspec.structs.replace(row, closed_at=None) if row.closed_at and row.closed_at > at else row
    return row


@pytest.mark.parametrize("seed", range(4))
def test_days_added_up_while_they_passed_give_what_the_intervals_give(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    past = history(dice)
    for day in (3, 5, 6):
        now = START + timedelta(days=day, seconds=dice.randint(0, 80_000))
        store.apply([row for row in (unfinished(one, now) for one in past.effects()) if row is not None])
        roll_all(store, now)
    store.apply(past.effects())
    for window in windows(dice):
        query_agrees(store, past, window)
    assert roll_all(store) > 0
    assert store.sql("SELECT * FROM uptime_stale").is_empty()
    for window in windows(dice):
        query_agrees(store, past, window)


@pytest.mark.parametrize("seed", range(10, 14))
def test_late_records_and_changed_verdicts_count_before_and_after_adding_up_again(
    store: Store, seed: int
) -> None:
    """In any order, everything is written late, and some of it was something else before."""
    dice = random.Random(seed)
    wrong, past = history(dice), history(dice)
    # What has the same key is replaced; the rest of the wrong past must not be there.
    incidents = [msgspec.structs.replace(row, owner=dice.choice(list(Owner))) for row in past.incidents]
    states = [
        msgspec.structs.replace(
            row, status=dice.choice(list(Status)), ended_at=row.started_at + timedelta(hours=1)
        )
        for rows in past.statuses.values()
        for row in dice.sample(rows, 3)
    ]
    station = StationRow(station=STATION, first_seen_at=START, last_seen_at=END)
    store.apply([station, *incidents, *wrong.incidents[:2], *states, *past.planned[:1]])
    roll_all(store)
    rows: list[Effect] = past.effects()
    dice.shuffle(rows)
    third = len(rows) // 3
    for part in (rows[:third], rows[third : 2 * third], rows[2 * third :]):
        store.apply(part)
        if dice.random() < 0.5:
            roll_all(store)
    for window in windows(dice):
        query_agrees(store, past, window)
    roll_all(store)
    for window in windows(dice):
        query_agrees(store, past, window)


def test_closing_what_was_open_since_long_ago_points_at_no_day_before_today(store: Store) -> None:
    past = History(
        statuses={
            number: [
                IntervalRow(
                    station=STATION, evse=number, connector=number, started_at=START, status=Status.AVAILABLE
                )
            ]
            for number in (1, 2)
        },
        whole=[],
        links=[LinkRow(station=STATION, started_at=START, state="online")],
        blind=[],
        incidents=[],
        planned=[],
    )
    store.apply(past.effects())
    roll_all(store)
    store.apply(
        [
            msgspec.structs.replace(past.statuses[1][0], ended_at=END),
            msgspec.structs.replace(past.links[0], ended_at=END),
        ]
    )
    assert store.sql("SELECT * FROM uptime_stale").is_empty()
    store.apply([msgspec.structs.replace(past.links[0], ended_at=END - timedelta(days=3))])
    assert store.sql("SELECT station, started_at FROM uptime_stale").rows() == [
        (STATION, END - timedelta(days=3))
    ]


def test_a_connector_heard_for_the_first_time_was_unknown_on_the_days_before(store: Store) -> None:
    past = history(random.Random(5))
    first = past._replace(statuses={1: past.statuses[1], 2: []})
    store.apply(first.effects())
    roll_all(store)
    store.apply(past.effects())
    query_agrees(store, past, Span(START, END))
    roll_all(store)
    query_agrees(store, past, Span(START, END))


def test_only_days_that_are_over_are_added_up(store: Store) -> None:
    store.apply(history(random.Random(1)).effects())
    roll_all(store, END)
    newest = store.sql("SELECT max(day) FROM uptime_rolled").item()
    assert newest == last_whole_day(END)
    assert (
        last_whole_day(datetime(2026, 11, 22, 23, 10, tzinfo=UTC)).day == 21
    )  # ten past midnight: not yet settled
    assert last_whole_day(datetime(2026, 11, 22, 23, 20, tzinfo=UTC)).day == 22
    assert roll_all(store, END) == 0


def test_a_window_before_all_that_is_known_is_unknown_and_never_up(store: Store) -> None:
    store.apply(history(random.Random(2)).effects())
    roll_all(store)
    rows = store.query(
        "uptime",
        since=START - timedelta(days=90),
        until=START - timedelta(days=30),
        station=None,
        levels=["total"],
    )
    total = rows.row(rows["level"].to_list().index("total"), named=True)
    assert total["up_s"] == 0
    assert total["unknown_s"] == pytest.approx(2 * 60 * 86_400)
