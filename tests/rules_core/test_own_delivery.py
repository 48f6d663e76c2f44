"""Messages that do not arrive are an incident of our own, told by another way, never to where they fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.catalog_files import load_catalog
from rules.core.judge import Judge
from rules.core.model import DestinationFared, Effect, IncidentRow, IncidentState, NoticeRow
from rules.core.policy import Policy
from rules.core.routing.route import Destination

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
DESK = Destination(name="mail", party="operator")
SPARE = Destination(name="sms", party="operator")
VOLT = Destination(name="volt", party="installer:Volt")


def fared(destination: str, failing: bool, minutes: float) -> DestinationFared:
    at = START + timedelta(minutes=minutes)
    return DestinationFared(
        station="", at=at, record_id=1, destination=destination, failing=failing, detail="HTTP 401"
    )


def judged(destinations: list[Destination], *observations: DestinationFared) -> list[Effect]:
    judge = Judge(load_catalog(), {}, Policy(), destinations)
    found: list[Effect] = []
    for one in observations:
        found += judge.feed(one)
    return found + judge.advance(observations[-1].at + timedelta(minutes=30))


def told(effects: list[Effect]) -> list[tuple[str, str]]:
    return [(one.destination, one.reason.value) for one in effects if isinstance(one, NoticeRow)]


# Which destinations there are, which one fails, and who hears of it.
WHO = [
    ([DESK, SPARE, VOLT], "volt", ["mail", "sms"]),
    ([DESK, SPARE], "mail", ["sms"]),
    ([DESK], "mail", []),
    ([DESK, VOLT], "volt", ["mail"]),
]


@pytest.mark.parametrize(("destinations", "failing", "hears"), WHO)
def test_the_helpdesk_hears_of_it_at_its_other_destinations(
    destinations: list[Destination], failing: str, hears: list[str]
) -> None:
    effects = judged(destinations, fared(failing, True, 0))
    assert told(effects) == [(name, "first") for name in hears]
    row = [one for one in effects if isinstance(one, IncidentRow)][-1]
    assert (row.fault, row.owner.value, row.scope.value) == (
        "delivery.destination_failing",
        "operator",
        "platform",
    )
    assert row.evidence[-1].values == {"destination": failing, "detail": "HTTP 401"}


def test_it_ends_when_the_destination_accepts_again_and_who_heard_of_it_hears_that() -> None:
    effects = judged([DESK, SPARE], fared("mail", True, 0), fared("mail", True, 5), fared("mail", False, 10))
    assert told(effects) == [("sms", "first"), ("sms", "resolved")]
    row = [one for one in effects if isinstance(one, IncidentRow)][-1]
    assert (row.state, row.count) == (IncidentState.RESOLVED, 2)


def test_two_failing_destinations_are_two_incidents() -> None:
    effects = judged([DESK, SPARE, VOLT], fared("volt", True, 0), fared("mail", True, 0))
    keys = {one.key for one in effects if isinstance(one, IncidentRow)}
    assert len(keys) == 2
    assert sorted(told(effects)) == [("mail", "first"), ("sms", "first"), ("sms", "first")]


def test_one_that_never_failed_and_accepts_is_no_news() -> None:
    assert judged([DESK, SPARE], fared("mail", False, 0)) == []
