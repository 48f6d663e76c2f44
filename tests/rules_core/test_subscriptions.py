"""Customers hear of their own stations: what lasts, its beginning once, its end after that, and no noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import (
    Asset,
    Booted,
    Effect,
    NoticeRow,
    Observation,
    Status,
    StatusReported,
    Subscribed,
    SubscriptionRow,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.core.subscription import subscription_id

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
REGISTER = {
    name: Asset(station=name, site=f"site {name}", customer=customer, installer="Volt")
    for name, customer in (("A1", "Stad Gent"), ("A2", "Stad Gent"), ("B1", "Bakker"))
}
DESTINATIONS = [Destination(name="desk", party="operator"), Destination(name="volt", party="installer:Volt")]
POLICY = Policy(group_wait_s=0.0, clear_delay_s=0.0, hold_scale=0.0, customer_wait_s=300.0, offline_min_s=1e6)
JAN = f"customers/{subscription_id('jan@gent.be')}"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def wish(minutes: float, *kinds: str, stations: tuple[str, ...] = (), party: str = "Stad Gent") -> Subscribed:
    return Subscribed(
        station="",
        at=at(minutes),
        record_id=1,
        email="jan@gent.be",
        party=party,
        stations=stations,
        kinds=kinds,
    )


def down(minutes: float, station: str = "A1", code: str = "GroundFailure") -> StatusReported:
    return StatusReported(
        station=station, at=at(minutes), evse=1, connector=1, status=Status.FAULTED, error_code=code
    )


def well(minutes: float, station: str = "A1") -> StatusReported:
    return StatusReported(
        station=station,
        at=at(minutes),
        evse=1,
        connector=1,
        status=Status.AVAILABLE,
        error_code="NoError",
    )


def told(catalog: Catalog, *observations: Observation, until: float = 120) -> list[tuple[str, str, float]]:
    judge = Judge(catalog, REGISTER, POLICY, DESTINATIONS)
    effects: list[Effect] = []
    for station in REGISTER:
        effects += judge.feed(Booted(station=station, at=at(-60), make="Alfen"))
        effects += judge.feed(well(-59, station))
    for one in observations:
        effects += judge.feed(one)
        judge = Judge(catalog, REGISTER, POLICY, DESTINATIONS, judge.state())
    effects += judge.advance(at(until))
    return _notices(effects)


def _notices(effects: Sequence[Effect]) -> list[tuple[str, str, float]]:
    return [
        (one.destination, one.reason.value, (one.created_at - START).total_seconds() / 60)
        for one in effects
        if isinstance(one, NoticeRow) and one.destination.startswith("customers/") and one.suppressed is None
    ]


# What happens (minutes), and what Jan of the city of Ghent, who subscribed, is told.
STORIES: list[tuple[str, list[Observation], list[tuple[str, str, float]]]] = [
    ("a lasting fault is told after five minutes", [wish(-1, "down", "up"), down(0)], [(JAN, "first", 5)]),
    (
        "and its end",
        [wish(-1, "down", "up"), down(0), well(30)],
        [(JAN, "first", 5), (JAN, "resolved", 30)],
    ),
    ("its end only where wished", [wish(-1, "down"), down(0), well(30)], [(JAN, "first", 5)]),
    ("what is over at once is no news", [wish(-1, "down", "up"), down(0), well(4)], []),
    ("another's station is no news", [wish(-1, "down", "up"), down(0, "B1"), well(30, "B1")], []),
    (
        "only the stations that were asked about",
        [wish(-1, "down", stations=("A2",)), down(0, "A1"), down(0, "A2")],
        [(JAN, "first", 5)],
    ),
    ("a vague code is no news", [wish(-1, "down", "up"), down(0, code="OtherError")], []),
    ("nothing after it was ended", [wish(-2, "down", "up"), wish(-1), down(0), well(30)], []),
    (
        "ended in between: no end is told",
        [wish(-1, "down", "up"), down(0), wish(10), well(30)],
        [(JAN, "first", 5)],
    ),
    (
        "who subscribes during a fault hears of it",
        [down(0), wish(20, "down", "up"), well(60)],
        [(JAN, "first", 20), (JAN, "resolved", 60)],
    ),
]


@pytest.mark.parametrize(("story", "happens", "hears"), STORIES, ids=[story for story, _, _ in STORIES])
def test_a_customer_hears(
    story: str,
    happens: list[Observation],
    hears: list[tuple[str, str, float]],
    catalog: Catalog,
) -> None:
    assert told(catalog, *happens) == hears, story


def test_what_comes_and_goes_gives_at_most_one_message_and_its_end(catalog: Catalog) -> None:
    storm = [event for n in range(50) for event in (down(n * 2), well(n * 2 + 1))]
    assert told(catalog, wish(-1, "down", "up"), *storm, until=900) == []


def test_a_notice_to_a_customer_names_the_customer_as_its_party(catalog: Catalog) -> None:
    judge = Judge(catalog, REGISTER, POLICY, DESTINATIONS)
    effects = [effect for one in (wish(-1, "down"), down(0)) for effect in judge.feed(one)]
    effects += judge.advance(at(60))
    assert {one.party for one in effects if isinstance(one, NoticeRow) and one.destination == JAN} == {
        "customer:Stad Gent"
    }
    (row,) = [one for one in effects if isinstance(one, SubscriptionRow)]
    assert (row.email, row.party, row.kinds, row.active) == ("jan@gent.be", "Stad Gent", ["down"], True)
    assert "jan" not in JAN
