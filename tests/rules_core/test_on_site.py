"""Taking an incident, being on the way, saying that it is fixed: what its row and history then tell."""

from __future__ import annotations

from datetime import datetime

import pytest

from rules.core.judge import Judge
from rules.core.model import (
    Effect,
    FeedbackRow,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    Status,
    StatusReported,
    UserActed,
)
from rules.core.policy import Policy
from tests.rules_core import helpers

WHO = "installer:Volt (link)"
MINUTE = 60.0
# The station says nothing for hours here, and its silence is no part of it.
PATIENT = Policy(offline_min_s=1_000_000)


def report(seconds: float, error: str) -> StatusReported:
    status = Status.AVAILABLE if error == "NoError" else Status.FAULTED
    return StatusReported(
        station="S-1", at=helpers.at(seconds), evse=1, connector=1, status=status, error_code=error
    )


def act(
    number: str,
    action: str,
    seconds: float,
    *,
    eta: datetime | None = None,
    verdict: str | None = None,
    cause: str | None = None,
) -> UserActed:
    return UserActed(
        station="S-1",
        at=helpers.at(seconds),
        action=action,
        incident_id=number,
        by=WHO,
        eta=eta,
        verdict=verdict,
        cause=cause,
    )


@pytest.fixture
def judge() -> Judge:
    return helpers.judge(policy=PATIENT)


@pytest.fixture
def number(judge: Judge) -> str:
    return next(iter(helpers.incidents(judge.feed(report(0, "GroundFailure")))))


def row_of(effects: list[Effect]) -> IncidentRow:
    return next(reversed(list(helpers.incidents(effects).values())))


def events(effects: list[Effect]) -> list[str]:
    return [effect.event for effect in effects if isinstance(effect, IncidentEventRow)]


@pytest.mark.parametrize(
    ("action", "event"), [("take", "taken"), ("on_my_way", "on_my_way"), ("fixed", "fixed")]
)
def test_who_tells_something_from_the_place_has_taken_the_incident(
    judge: Judge, number: str, action: str, event: str
) -> None:
    effects = judge.feed(act(number, action, MINUTE))
    row = row_of(effects)
    assert (row.assignee, row.acknowledged_by, row.acknowledged_at) == (WHO, WHO, helpers.at(MINUTE))
    assert row.state is IncidentState.OPEN
    assert event in events(effects)


def test_on_my_way_tells_when_to_expect_somebody(judge: Judge, number: str) -> None:
    row = row_of(judge.feed(act(number, "on_my_way", MINUTE, eta=helpers.at(31 * MINUTE))))
    assert (row.on_my_way_at, row.eta_at) == (helpers.at(MINUTE), helpers.at(31 * MINUTE))


def test_what_was_fixed_waits_for_the_station_to_show_it(judge: Judge, number: str) -> None:
    fixed = judge.feed(act(number, "fixed", MINUTE, verdict="confirmed", cause="charger_hardware"))
    (found,) = [effect for effect in fixed if isinstance(effect, FeedbackRow)]
    assert (found.verdict, found.by) == ("confirmed", WHO)
    assert row_of(fixed).fixed_at == helpers.at(MINUTE)
    judge.feed(report(5 * MINUTE, "NoError"))
    later = judge.advance(helpers.at(120 * MINUTE))
    assert row_of(later).state is IncidentState.RESOLVED
    assert "not_fixed" not in events(later)


def test_a_fault_that_lasts_after_it_was_said_to_be_fixed_is_written_in_its_history(
    judge: Judge, number: str
) -> None:
    judge.feed(act(number, "fixed", MINUTE))
    assert "not_fixed" not in events(judge.advance(helpers.at(30 * MINUTE)))
    later = judge.advance(helpers.at(31 * MINUTE))
    assert events(later) == ["not_fixed"]
    assert row_of(later).fixed_at is None


def test_only_the_last_word_that_it_is_fixed_is_checked(judge: Judge, number: str) -> None:
    judge.feed(act(number, "fixed", MINUTE))
    judge.feed(act(number, "fixed", 20 * MINUTE))
    assert events(judge.advance(helpers.at(49 * MINUTE))) == []
    assert events(judge.advance(helpers.at(51 * MINUTE))) == ["not_fixed"]


def test_a_judge_restored_meanwhile_checks_too(judge: Judge, number: str) -> None:
    judge.feed(act(number, "fixed", MINUTE))
    again = helpers.judge(policy=PATIENT, state=judge.state())
    assert events(again.advance(helpers.at(40 * MINUTE))) == ["not_fixed"]


def test_the_cause_may_be_told_after_the_end_and_nothing_is_taken_any_more(judge: Judge, number: str) -> None:
    judge.feed(report(MINUTE, "NoError"))
    judge.advance(helpers.at(60 * MINUTE))
    late = judge.feed(act(number, "fixed", 61 * MINUTE, verdict="no_fault_found"))
    assert [effect for effect in late if isinstance(effect, FeedbackRow)]
    assert events(late) == ["fixed"]
    assert events(judge.feed(act(number, "take", 62 * MINUTE))) == ["refused"]
