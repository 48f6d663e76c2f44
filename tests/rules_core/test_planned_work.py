"""Customers who asked for it hear of planned work at their own stations once, and once if called off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from data.catalog_files import load_catalog
from rules.core.calendar.hours import parse_quiet
from rules.core.calendar.recurrence import Cron, Once, Recurrence, Weekly
from rules.core.calendar.window import Matcher, Window, WindowKind
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import (
    Asset,
    Booted,
    Effect,
    NoticeReason,
    NoticeRow,
    Observation,
    Status,
    StatusReported,
    Subscribed,
    SubscriptionRow,
    WindowEnded,
    WindowSet,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination

START = datetime(2026, 11, 23, 9, tzinfo=UTC)  # Monday 10:00 in Brussels
REGISTER = {
    name: Asset(station=name, site=site, customer=customer, installer="Volt")
    for name, site, customer in (
        ("A1", "Markt", "Stad Gent"),
        ("A2", "Dok", "Stad Gent"),
        ("B1", "Markt", "Bakker"),
    )
}
POLICY = Policy(group_wait_s=0.0, clear_delay_s=0.0, hold_scale=0.0, customer_wait_s=0.0, offline_min_s=1e6)
SILENCE, MAINTENANCE = WindowKind
ONCE = Once()


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def wish(
    hours: float, *kinds: str, who: str = "jan", stations: tuple[str, ...] = (), party: str = "Stad Gent"
) -> Subscribed:
    return Subscribed(
        station="",
        at=at(hours),
        record_id=1,
        email=f"{who}@example.org",
        party=party,
        stations=stations,
        kinds=kinds,
    )


def plan(
    hours: float,
    begins: float = 24,
    ends: float | None = 26,
    kind: WindowKind = MAINTENANCE,
    repeats: Recurrence = ONCE,
    **matcher: str,
) -> WindowSet:
    window = Window(
        window_id="m1",
        kind=kind,
        matcher=Matcher(**(matcher or {"site": "*"})),
        made_by="els@house.example",
        why="replaces the reader",
        made_at=at(hours),
        starts_at=at(begins),
        ends_at=None if ends is None else at(ends),
        recurrence=repeats,
    )
    return WindowSet(station="", at=at(hours), record_id=2, window=window)


def end(hours: float) -> WindowEnded:
    return WindowEnded(station="", at=at(hours), record_id=3, window_id="m1", by="els@house.example", why="")


def down(hours: float, station: str = "A1") -> StatusReported:
    return StatusReported(
        station=station, at=at(hours), evse=1, connector=1, status=Status.FAULTED, error_code="GroundFailure"
    )


def effects_of(catalog: Catalog, *observations: Observation, policy: Policy = POLICY) -> list[Effect]:
    """What judgement gives, saved and taken up again after every step."""
    desk = [Destination(name="desk", party="operator")]
    judge = Judge(catalog, REGISTER, policy, desk)
    effects = [
        effect
        for station in REGISTER
        for effect in judge.feed(Booted(station=station, at=at(-2), make="Alfen"))
    ]
    for one in observations:
        effects += judge.feed(one)
        judge = Judge(catalog, REGISTER, policy, desk, judge.state())
    return effects + judge.advance(at(24 * 10))


Heard = tuple[str, str, float]  # reason, stations, hours after the start


def heard(catalog: Catalog, *observations: Observation, policy: Policy = POLICY) -> list[Heard]:
    return [
        (
            one.reason.value,
            " ".join(one.work.stations if one.work else ["?"]),
            (one.not_before - START) / HOUR,
        )
        for one in effects_of(catalog, *observations, policy=policy)
        if isinstance(one, NoticeRow) and one.destination.startswith("customers/") and one.suppressed is None
    ]


HOUR = timedelta(hours=1)
DAILY = Weekly(days=(0, 1, 2, 3, 4, 5, 6), start="12:00", end="13:00")
# What happens (hours), and what Jan of the city of Ghent hears: why, of which stations, when.
STORIES: list[tuple[str, list[Observation], list[Heard]]] = [
    ("told once, when it is planned", [wish(0, "planned"), plan(1)], [("planned", "A1 A2", 1)]),
    ("within minutes: at once", [wish(0, "planned"), plan(1, 1.05, 2)], [("planned", "A1 A2", 1)]),
    ("from now on", [wish(0, "planned"), plan(1, 1, 2)], [("planned", "A1 A2", 1)]),
    ("who did not ask is not told", [wish(0, "down", "up"), plan(1)], []),
    ("a silence is not planned work", [wish(0, "planned"), plan(1, kind=SILENCE)], []),
    ("nor is work on one fault", [wish(0, "planned"), plan(1, site="*", fault="station.*")], []),
    (
        "own stations only",
        [wish(0, "planned"), plan(1, site="Markt")],
        [("planned", "A1", 1)],
    ),
    ("another's station is no news", [wish(0, "planned"), plan(1, station="B1")], []),
    ("a station nobody asked about", [wish(0, "planned", stations=("A2",)), plan(1, station="A1")], []),
    (
        "called off before it began",
        [wish(0, "planned"), plan(1), end(5)],
        [("planned", "A1 A2", 1), ("called_off", "A1 A2", 5)],
    ),
    (
        "ended early",
        [wish(0, "planned"), plan(1), end(25)],
        [("planned", "A1 A2", 1), ("called_off", "A1 A2", 25)],
    ),
    (
        "ended twice: told once",
        [wish(0, "planned"), plan(1), end(5), end(6)],
        [("planned", "A1 A2", 1), ("called_off", "A1 A2", 5)],
    ),
    ("ended after it was over", [wish(0, "planned"), plan(1), end(30)], [("planned", "A1 A2", 1)]),
    (
        "who stopped meanwhile hears no more",
        [wish(0, "planned"), plan(1), wish(2), end(5)],
        [("planned", "A1 A2", 1)],
    ),
    (
        "who asks later hears of what is planned already, once",
        [plan(1), wish(2, "planned"), wish(3, "down", "planned")],
        [("planned", "A1 A2", 2)],
    ),
    ("nothing of what is over", [plan(1, 2, 3), wish(4, "planned")], []),
    (
        "what repeats is told once, not each time",
        [wish(0, "planned"), plan(1, 1, None, repeats=DAILY)],
        [("planned", "A1 A2", 1)],
    ),
    (
        "down in planned work is no news",
        [wish(0, "down", "up", "planned"), plan(1, 2, 24 * 20), down(3)],
        [("planned", "A1 A2", 1)],
    ),
]


@pytest.mark.parametrize(("story", "happens", "hears"), STORIES, ids=[story for story, _, _ in STORIES])
def test_a_customer_hears_of_planned_work(
    story: str, happens: list[Observation], hears: list[Heard], catalog: Catalog
) -> None:
    assert heard(catalog, *happens) == hears, story


def test_a_message_in_quiet_hours_waits_for_their_end_unless_the_work_begins_before(catalog: Catalog) -> None:
    quiet = Policy(customer_wait_s=0.0, customer_quiet=(parse_quiet("09:00-18:00"),))
    assert heard(catalog, wish(0, "planned"), plan(1), policy=quiet) == [("planned", "A1 A2", 8)]
    assert heard(catalog, wish(0, "planned"), plan(1, 3, 4), policy=quiet) == [("planned", "A1 A2", 1)]
    off = heard(catalog, wish(0, "planned"), plan(1), end(2), policy=quiet)
    assert off == [("planned", "A1 A2", 8), ("called_off", "A1 A2", 8)]


def test_faults_wait_for_the_end_of_customers_quiet_hours_too(catalog: Catalog) -> None:
    quiet = Policy(
        group_wait_s=0.0,
        clear_delay_s=0.0,
        hold_scale=0.0,
        customer_wait_s=0.0,
        offline_min_s=1e6,
        customer_quiet=(parse_quiet("09:00-18:00"),),
    )
    broken = StatusReported(
        station="A1",
        at=at(1),
        evse=1,
        connector=1,
        status=Status.FAULTED,
        error_code="PowerMeterFailure",
    )
    assert heard(catalog, wish(0, "down"), broken) == [("first", "?", 1)]
    assert heard(catalog, wish(0, "down"), broken, policy=quiet) == [("first", "?", 8)]


def test_nobody_hears_without_a_way_out(catalog: Catalog) -> None:
    assert heard(catalog, wish(0, "planned"), plan(1), policy=Policy(customer_wait_s=None)) == []


def test_each_person_has_a_message_of_their_own_and_its_key_is_stable(catalog: Catalog) -> None:
    happens = [
        wish(0, "planned"),
        wish(0, "planned", who="an"),
        wish(0, "planned", who="bo", party="Bakker"),
        plan(1),
    ]
    rows = [one for one in effects_of(catalog, *happens) if isinstance(one, NoticeRow)]
    again = [one for one in effects_of(catalog, *happens) if isinstance(one, NoticeRow)]
    assert rows == again
    assert sorted((one.party, len(one.work.stations)) for one in rows if one.work) == [
        ("customer:Bakker", 1),
        ("customer:Stad Gent", 2),
        ("customer:Stad Gent", 2),
    ]
    assert {one.dedup_key for one in rows} == {f"m1:{one.destination}:0" for one in rows}
    assert len({one.dedup_key for one in rows}) == 3


def test_a_wish_for_planned_work_alone_is_a_subscription(catalog: Catalog) -> None:
    rows = [one for one in effects_of(catalog, wish(0, "planned")) if isinstance(one, SubscriptionRow)]
    assert [(one.kinds, one.active) for one in rows] == [(["planned"], True)]


def test_what_repeats_is_told_with_its_next_occurrence(catalog: Catalog) -> None:
    cron = Cron(line="0 22 1 * *", minutes=60)
    (row,) = [
        one
        for one in effects_of(catalog, wish(0, "planned"), plan(1, 1, None, repeats=cron))
        if isinstance(one, NoticeRow)
    ]
    assert row.work is not None
    assert (row.work.since, row.work.begun) == (datetime(2026, 12, 1, 21, tzinfo=UTC), False)


@pytest.mark.parametrize("every_s", [0.0, 60.0, 700.0], ids=["at once", "every minute", "every 12 minutes"])
def test_a_flood_of_planned_work_reaches_nobody_faster_than_the_budget_and_all_of_it_does(
    catalog: Catalog, every_s: float
) -> None:
    limit, windows = 3, 25
    tight = structs.replace(POLICY, budget_per_hour=limit)
    flood = []
    for n in range(windows):
        made = plan(1 + n * every_s / 3600, 48, 50)
        flood.append(structs.replace(made, window=structs.replace(made.window, window_id=f"m{n}")))
    hours = sorted(hour for _, _, hour in heard(catalog, wish(0, "planned"), *flood, policy=tight))
    assert len(hours) == windows
    since = hours[0]
    while hours:
        within = [hour for hour in hours if hour < since + 1]
        assert len(within) <= limit
        hours = hours[len(within) :]
        since = hours[0] if hours and hours[0] >= since + 2 else since + 1


def test_planned_work_leaves_less_of_the_hour_for_faults_and_none_is_lost(catalog: Catalog) -> None:
    tight = structs.replace(POLICY, budget_per_hour=1)
    lock = structs.replace(down(1.2), error_code="ConnectorLockFailure")
    told = effects_of(catalog, wish(0, "planned", "down"), plan(1), lock, policy=tight)
    first = [
        (one.created_at - START) / HOUR
        for one in told
        if isinstance(one, NoticeRow) and one.reason is NoticeReason.FIRST and "customers" in one.destination
    ]
    assert first == [2.0]
