"""An incident that goes from one party to another, and back: whose answer counts, and who hears what."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rules.core.judge import Judge
from rules.core.model import Effect, IncidentRow, Status, UserActed
from rules.core.policy import Policy
from tests.rules_core import helpers
from tests.rules_core.test_follow import DESTINATIONS, HOUR, MINUTE, at, events, fault, last, rules, told_at

POLICY = Policy(
    hold_scale=0,
    group_wait_s=0,
    offline_min_s=864_000,
    flap_times=100,
    ack_expires_s=24 * HOUR,
    remind_critical_s=4 * HOUR,
)
VOLT, OPERATOR = "installer:Volt", "operator"


def judge(state: bytes | None = None) -> Judge:
    return Judge(rules("routes: []\n"), {"S-1": helpers.asset("S-1")}, POLICY, DESTINATIONS, state)


def begin(of: Judge) -> tuple[list[Effect], IncidentRow]:
    effects = of.feed(fault(0))
    return effects, next(iter(helpers.incidents(effects).values()))


def act(seconds: float, row: IncidentRow, action: str, party: str | None, to: str | None = None) -> UserActed:
    return UserActed(
        station="S-1",
        at=at(seconds),
        action=action,
        incident_id=row.incident_id,
        by=f"somebody of {party}",
        party=party,
        owner=to,
        text="because" if to else None,
    )


@pytest.mark.parametrize("action", ["acknowledge", "take", "on_my_way"])
@pytest.mark.parametrize(
    ("answered", "to", "holds"),
    [
        (VOLT, OPERATOR, False),
        (VOLT, "installer:Ampère", False),
        (OPERATOR, "installer:Ampère", False),
        (None, OPERATOR, False),
        (OPERATOR, OPERATOR, True),
        (VOLT, VOLT, True),
        (VOLT, "none", True),
    ],
)
def test_an_answer_ends_with_the_hand_over_to_another_than_who_gave_it(
    action: str, answered: str | None, to: str, holds: bool
) -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(act(10 * MINUTE, row, action, answered))
    of = judge(of.state())
    said += of.feed(act(20 * MINUTE, row, "hand_over", answered, to))
    ended = [(event.at, event.detail["party"]) for event in events(said, "acknowledgement_ended")]
    assert ended == ([] if holds else [(at(20 * MINUTE), last(said).route_party)])
    assert (last(said).acknowledged_at is not None, last(said).acknowledged_by is not None) == (holds, holds)


def test_the_new_party_is_reminded_until_it_answers_itself() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(act(10 * MINUTE, row, "acknowledge", VOLT))
    said += of.feed(act(20 * MINUTE, row, "hand_over", VOLT, OPERATOR))
    said += of.advance(at(5 * HOUR))
    said += of.feed(act(5 * HOUR, row, "acknowledge", OPERATOR)) + of.advance(at(20 * HOUR))
    assert [one for one in told_at(said) if one[1] != "first"] == [
        ("helpdesk", "rerouted", at(20 * MINUTE)),
        ("helpdesk", "reminder", at(4 * HOUR + 20 * MINUTE)),
    ]


def test_a_party_that_gets_it_back_hears_so_once_and_then_reminders_only() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(act(10 * MINUTE, row, "hand_over", VOLT, OPERATOR))
    of = judge(of.state())
    said += of.feed(act(20 * MINUTE, row, "hand_over", OPERATOR, VOLT))
    of = judge(of.state())
    said += of.feed(fault(30 * MINUTE)) + of.feed(act(40 * MINUTE, row, "hand_over", OPERATOR, VOLT))
    said += of.advance(at(5 * HOUR))
    assert told_at(said) == [
        ("volt", "first", at(0)),
        ("helpdesk", "rerouted", at(10 * MINUTE)),
        ("volt", "returned", at(20 * MINUTE)),
        ("volt", "reminder", at(4 * HOUR + 20 * MINUTE)),
    ]
    ended = of.feed(fault(6 * HOUR, "NoError", Status.AVAILABLE)) + of.advance(at(7 * HOUR))
    assert sorted((who, why) for who, why, _ in told_at(ended)) == [
        ("helpdesk", "resolved"),
        ("volt", "resolved"),
    ]


def test_who_never_heard_that_it_was_gone_hears_of_no_return() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(act(10 * MINUTE, row, "hand_over", VOLT, "none"))
    said += of.feed(act(20 * MINUTE, row, "hand_over", OPERATOR, VOLT))
    assert [why for _, why, _ in told_at(said)] == ["first"]


def test_a_return_under_a_snooze_is_told_when_that_is_over() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(act(10 * MINUTE, row, "hand_over", VOLT, OPERATOR))
    until = replace(act(11 * MINUTE, row, "snooze", OPERATOR), until=at(60 * MINUTE))
    said += of.feed(until) + of.feed(act(20 * MINUTE, row, "hand_over", OPERATOR, VOLT))
    assert [why for who, why, _ in told_at(said) if who == "volt"] == ["first"]
    said += of.advance(at(61 * MINUTE))
    assert [why for who, why, _ in told_at(said) if who == "volt"] == ["first", "returned"]
