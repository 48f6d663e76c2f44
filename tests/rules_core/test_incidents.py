"""The life of an incident, who hears of it and what people may do to it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from rules.core import incident
from rules.core.incident import Step
from rules.core.judge import Judge
from rules.core.model import (
    Blind,
    Connected,
    Effect,
    Heartbeat,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    NoticeReason,
    Owner,
    Severity,
    Side,
    StationRow,
    Status,
    StatusReported,
    UserActed,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination, RouteDecision, known_of, route
from rules.core.speaking.decide import decide
from rules.core.state import Told
from rules.core.verdict import explain
from tests.rules_core import helpers

PENDING, OPEN, RECOVERING, RESOLVED = IncidentState


def _report(
    seconds: float, error: str = "GroundFailure", station: str = "S-1", **more: object
) -> StatusReported:
    status = Status.AVAILABLE if error == "NoError" else Status.FAULTED
    return StatusReported(
        station=station,
        at=helpers.at(seconds),
        evse=1,
        connector=1,
        status=status,
        error_code=error,
        **more,  # type: ignore[arg-type]
    )


def _opened(judge: Judge) -> IncidentRow:
    return next(iter(helpers.incidents(judge.feed(_report(0))).values()))


def _act(row: IncidentRow, action: str, seconds: float, **more: str) -> UserActed:
    return UserActed(
        station="", at=helpers.at(seconds), action=action, incident_id=row.incident_id, by="eva", **more
    )


def _events(effects: list[Effect]) -> list[str]:
    return [e.event for e in effects if isinstance(e, IncidentEventRow)]


@pytest.mark.parametrize("state", list(IncidentState))
@pytest.mark.parametrize("step", list(Step))
def test_only_the_steps_of_the_table_are_taken(state: IncidentState, step: Step) -> None:
    allowed = {
        (PENDING, Step.SEEN): PENDING,
        (PENDING, Step.HELD): OPEN,
        (PENDING, Step.GONE): RESOLVED,
        (OPEN, Step.SEEN): OPEN,
        (OPEN, Step.GONE): RECOVERING,
        (RECOVERING, Step.SEEN): OPEN,
        (RECOVERING, Step.SETTLED): RESOLVED,
    }
    assert incident.after(state, step) is allowed.get((state, step))


def test_the_same_fault_at_the_same_time_has_the_same_id() -> None:
    assert _opened(helpers.judge()).incident_id == _opened(helpers.judge()).incident_id


def test_an_incident_that_returns_while_it_settles_is_the_same_one() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    judge.feed(_report(60, "NoError"))
    again = judge.feed(_report(120))
    assert helpers.incidents(again)[row.incident_id].state is OPEN
    assert helpers.incidents(again)[row.incident_id].count == 2
    assert helpers.notices(again) == []


def test_an_incident_that_returns_after_it_settled_is_a_new_one() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    judge.feed(_report(60, "NoError"))
    again = judge.feed(_report(2000))
    assert {r.incident_id for r in helpers.incidents(again).values() if r.state is OPEN} != {row.incident_id}
    assert ("volt", "resolved") in helpers.notices(again)


def test_hold_zero_opens_and_tells_at_once() -> None:
    judge = helpers.judge(policy=Policy(hold_scale=0, group_wait_s=0, group_interval_s=0, clear_delay_s=0))
    told = helpers.notices(judge.feed(_report(0, "ConnectorLockFailure")))
    assert told == [("volt", "first")]
    assert helpers.notices(judge.feed(_report(5, "NoError"))) == [("volt", "resolved")]


def test_an_incident_gone_before_its_first_notice_is_never_told() -> None:
    judge = helpers.judge(policy=Policy(clear_delay_s=0))
    effects = judge.feed(_report(0, "ConnectorLockFailure")) + judge.advance(helpers.at(130))
    assert next(iter(helpers.incidents(effects).values())).state is OPEN
    effects += judge.feed(_report(150, "NoError")) + judge.advance(helpers.at(400))
    assert helpers.notices(effects) == []


def test_an_acknowledged_incident_says_by_whom() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    effects = judge.feed(_act(row, "acknowledge", 30))
    after = helpers.incidents(effects)[row.incident_id]
    assert (after.acknowledged_by, after.acknowledged_at, after.state) == ("eva", helpers.at(30), OPEN)


def test_acknowledging_what_is_resolved_is_refused_and_recorded() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    judge.feed(_report(60, "NoError"))
    judge.advance(helpers.at(1000))
    effects = judge.feed(_act(row, "acknowledge", 1001))
    assert _events(effects) == ["refused"]
    assert helpers.incidents(effects) == {}


def test_history_entries_are_numbered_without_gap_or_repeat() -> None:
    judge = helpers.judge()
    effects = judge.feed(_report(0))
    row = next(iter(helpers.incidents(effects).values()))
    effects += judge.feed(_act(row, "comment", 5, text="on my way")) + judge.feed(_report(60, "NoError"))
    effects += judge.advance(helpers.at(1000)) + judge.feed(_act(row, "comment", 1001, text="done"))
    numbers = [e.n for e in effects if isinstance(e, IncidentEventRow) and e.incident_id == row.incident_id]
    assert numbers == list(range(len(numbers)))


def test_handing_over_to_the_operator_tells_the_helpdesk_and_later_both() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    moved = judge.feed(_act(row, "hand_over", 30, owner="operator", text="looks like the platform"))
    assert helpers.notices(moved) == [("helpdesk", "rerouted")]
    assert helpers.incidents(moved)[row.incident_id].owner is Owner.OPERATOR
    ended = judge.feed(_report(60, "NoError")) + judge.advance(helpers.at(1000))
    assert sorted(helpers.notices(ended)) == [("helpdesk", "resolved"), ("volt", "resolved")]


def test_handing_over_to_a_named_installer_goes_to_that_one() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    moved = judge.feed(_act(row, "hand_over", 30, owner="installer:Ampère"))
    assert helpers.notices(moved) == [("ampere", "rerouted")]
    assert helpers.incidents(moved)[row.incident_id].assignee == "installer:Ampère"


def test_what_a_person_decided_is_not_undone_by_a_rule() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    judge.feed(_act(row, "overrule", 30, side="software", owner="operator", text="known bug"))
    later = helpers.incidents(judge.feed(_report(60, record_id=9)))[row.incident_id]
    assert (later.side, later.owner, later.overruled_by) == (Side.SOFTWARE, Owner.OPERATOR, "eva")


def test_an_unknown_owner_is_refused() -> None:
    judge = helpers.judge()
    row = _opened(judge)
    effects = judge.feed(_act(row, "overrule", 30, owner="nobody-we-know"))
    assert "refused" in _events(effects)
    assert helpers.notices(effects) == []


def test_an_act_on_an_unknown_incident_changes_nothing() -> None:
    act = UserActed(station="", at=helpers.at(0), action="acknowledge", incident_id="none", by="eva")
    assert helpers.judge().feed(act) == []


def test_imported_history_is_recorded_and_never_told() -> None:
    judge = Judge(
        helpers.real_catalog(), helpers.register("S-1"), Policy(), helpers.DESTINATIONS, imported=True
    )
    effects = judge.feed(_report(0))
    assert next(iter(helpers.incidents(effects).values())).suppression == ["imported"]
    assert helpers.notices(effects) == []


@pytest.mark.parametrize(
    ("told", "state", "facts", "reason"),
    [
        (None, OPEN, "here ready", NoticeReason.FIRST),
        (None, OPEN, "here elsewhere ready", NoticeReason.REROUTED),
        (None, OPEN, "here", None),
        (None, OPEN, "ready", None),
        (None, OPEN, "here ready suppressed", None),
        (None, PENDING, "here ready", None),
        (None, RECOVERING, "here ready", None),
        (None, RESOLVED, "here ready", None),
        (Told(open=True, severity=Severity.CRITICAL), OPEN, "here ready", None),
        (Told(open=True, severity=Severity.LOW), OPEN, "here ready", NoticeReason.WORSE),
        (Told(open=True, severity=Severity.LOW), OPEN, "here ready suppressed", None),
        (Told(open=True), RESOLVED, "elsewhere suppressed", NoticeReason.RESOLVED),
        (Told(open=False), RESOLVED, "here ready", None),
    ],
)
def test_a_destination_hears_only_what_it_should(
    told: Told | None, state: IncidentState, facts: str, reason: NoticeReason | None
) -> None:
    given = facts.split()
    row = replace(
        _opened(helpers.judge()), state=state, suppression=["silence"] if "suppressed" in given else []
    )
    decided = decide(
        told, row, routed_here="here" in given, told_elsewhere="elsewhere" in given, ready="ready" in given
    )
    assert decided is reason


def test_the_route_says_why() -> None:
    row = _opened(helpers.judge())

    def routed(row: IncidentRow, destinations: Sequence[Destination] = helpers.DESTINATIONS) -> RouteDecision:
        known = known_of(row, helpers.asset("S-1"), Policy(), at=helpers.START)
        return route(row, known, destinations, helpers.real_catalog().routing)

    assert routed(row).destinations == ("volt",)
    assert routed(replace(row, confidence=0.3)).rule == "route.low_confidence"
    assert routed(replace(row, installer="Nobody")).gap == "no_destination"
    assert routed(row, ()).gap == "unrouted"
    assert routed(replace(row, owner=Owner.NONE)).destinations == ()


def test_a_new_station_s_fault_is_the_installation_s() -> None:
    assets = {"S-1": helpers.asset("S-1", installed_on="2026-10-20")}
    assert _opened(helpers.judge(assets)).task == "ins.commission.fix"


def test_an_incident_explains_itself_in_three_languages() -> None:
    row = _opened(helpers.judge())
    found = helpers.real_catalog()
    assert explain.summary(row, found, "nl") == "S-1, laadpunt 1: aardfout."
    assert explain.in_all(lambda lang: explain.why(row, found, lang))["en"].startswith(
        "This is the installer's: "
    )
    assert explain.says(row.evidence[0], found, "en") == "Reports GroundFailure with status faulted."
    assert explain.first_aid(row, found, "fr")
    assert explain.not_to_do(row, found, "en") == "Do not reset remotely more than once."


def test_after_our_own_stop_no_station_counts_as_connected() -> None:
    judge = helpers.judge()
    judge.feed(Connected(station="S-1", at=helpers.at(0)))
    effects = judge.feed(Blind(station="", at=helpers.at(500), since=helpers.at(100)))
    rows = [e for e in effects if isinstance(e, StationRow)]
    assert [(r.connected, r.disconnected_at, r.last_seen_at) for r in rows] == [
        (False, helpers.at(100), helpers.at(0))
    ]


def test_a_heartbeat_writes_a_station_row_at_most_every_half_minute() -> None:
    judge = helpers.judge()
    rows = [judge.feed(Heartbeat(station="S-1", at=helpers.at(n))) for n in range(121)]
    assert sum(1 for effects in rows if effects) == 5
