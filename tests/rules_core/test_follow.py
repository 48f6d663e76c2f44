"""Who is called when nobody answers, whose clock runs, what is late: by a scripted clock, with restarts."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import pytest

from rules.core.calendar.window import Matcher, Window, WindowKind
from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import (
    Asset,
    Effect,
    Heartbeat,
    IncidentEventRow,
    IncidentRow,
    Observation,
    Status,
    StatusReported,
    UserActed,
    WindowSet,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from tests.rules_core import helpers
from tests.rules_core.helpers import at

DESTINATIONS = (
    *helpers.DESTINATIONS,
    Destination(name="volt-chef", party="installer:Volt", contact=2),
)
POLICY = Policy(
    hold_scale=0,
    group_wait_s=0,
    clear_delay_s=600,
    offline_min_s=864_000,
    flap_times=100,
    remind_critical_s=0,
    remind_high_s=0,
)
MINUTE, HOUR = 60.0, 3600.0
FILE = """
chains:
  installer:
    steps:
    - {wait_minutes: 30, to: installer, contact: 2}
    - {wait_minutes: 60, to: helpdesk}
contracts:
  goud: {response_minutes: 60, repair_minutes: {critical: 240, high: 600}}
"""


@cache
def rules(own: str = FILE) -> Catalog:
    return catalog_reader.parse(helpers.catalog_texts() | {"own.yaml": own}, ("own.yaml",))


def judge(state: bytes | None = None, *, own: str = FILE, **station: str) -> Judge:
    assets: dict[str, Asset] = {"S-1": helpers.asset("S-1", **station)}
    return Judge(rules(own), assets, POLICY, DESTINATIONS, state)


def fault(seconds: float, error: str = "GroundFailure", status: Status = Status.FAULTED) -> Observation:
    return StatusReported(station="S-1", at=at(seconds), evse=1, connector=1, status=status, error_code=error)


def acts(
    seconds: float, row: IncidentRow, action: str, by: str = "els@mobiflow.be", **more: str
) -> UserActed:
    return UserActed(station="S-1", at=at(seconds), action=action, incident_id=row.incident_id, by=by, **more)


def begin(of: Judge) -> tuple[list[Effect], IncidentRow]:
    effects = of.feed(fault(0))
    return effects, next(iter(helpers.incidents(effects).values()))


def last(effects: list[Effect]) -> IncidentRow:
    return [effect for effect in effects if isinstance(effect, IncidentRow)][-1]


def events(effects: list[Effect], name: str) -> list[IncidentEventRow]:
    return [e for e in effects if isinstance(e, IncidentEventRow) and e.event == name]


def told_at(effects: list[Effect]) -> list[tuple[str, str, datetime]]:
    return [(e.detail["destination"], e.detail["reason"], e.at) for e in events(effects, "notice")]


def test_nobody_answers_and_each_step_is_taken_in_its_time_across_restarts() -> None:
    of = judge()
    said, row = begin(of)
    assert (row.escalation is not None, row.escalate_at) == (True, at(30 * MINUTE))
    for until in (10 * MINUTE, 31 * MINUTE, 80 * MINUTE, 200 * MINUTE):
        of = judge(of.state())
        said += of.advance(at(until))
    assert told_at(said) == [
        ("volt", "first", at(0)),
        ("volt-chef", "escalated", at(30 * MINUTE)),
        ("helpdesk", "escalated", at(90 * MINUTE)),
    ]
    chain = last(said).escalation
    assert chain is not None
    assert [step.done_at for step in chain.steps] == [at(30 * MINUTE), at(90 * MINUTE)]
    assert last(said).escalate_at is None


def test_a_restart_in_one_piece_or_in_many_gives_the_same_effects() -> None:
    whole = judge()
    said, _ = begin(whole)
    said += whole.advance(at(5 * HOUR))
    cut = judge()
    pieces, _ = begin(cut)
    for minute in range(7, 301, 7):
        cut = judge(cut.state())
        pieces += cut.advance(at(minute * MINUTE))
    assert pieces + judge(cut.state()).advance(at(5 * HOUR)) == said


@pytest.mark.parametrize("action", ["acknowledge", "take", "on_my_way"])
def test_an_answer_ends_the_chain_and_is_the_response(action: str) -> None:
    of = judge(contract="goud")
    said, row = begin(of)
    said += of.feed(acts(10 * MINUTE, row, action))
    said += of.advance(at(3 * HOUR))
    assert [who for who, _, _ in told_at(said)] == ["volt"]
    final = last(said)
    assert final.responded_at == at(10 * MINUTE)
    assert final.response_breached_at is None
    assert final.escalation is not None
    assert final.escalation.stopped_at == at(10 * MINUTE)


def test_a_chain_goes_on_with_its_next_step_once_when_an_acknowledgement_runs_out() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(acts(40 * MINUTE, row, "acknowledge"))
    for hour in range(1, 60):
        of = judge(of.state())
        said += of.advance(at(hour * HOUR))
    ends = 40 * MINUTE + POLICY.ack_expires_s
    assert told_at(said) == [
        ("volt", "first", at(0)),
        ("volt-chef", "escalated", at(30 * MINUTE)),
        ("helpdesk", "escalated", at(ends + 60 * MINUTE)),
    ]
    assert [event.at for event in events(said, "acknowledgement_expired")] == [at(ends)]
    again = of.feed(acts(60 * HOUR, row, "acknowledge")) + of.advance(at(100 * HOUR))
    assert told_at(again) == []


def test_a_chain_that_was_answered_before_it_began_begins_when_the_answer_runs_out() -> None:
    quiet = Policy(hold_scale=0, group_wait_s=60, offline_min_s=864_000, remind_critical_s=0, remind_high_s=0)
    of = Judge(rules(), {"S-1": helpers.asset("S-1")}, quiet, DESTINATIONS)
    said = of.feed(fault(0, "ConnectorLockFailure"))
    row = next(iter(helpers.incidents(said).values()))
    said += of.feed(acts(10, row, "acknowledge")) + of.advance(at(26 * HOUR))
    ends = 10 + quiet.ack_expires_s
    assert told_at(said) == [
        ("volt", "first", at(60)),
        ("volt-chef", "escalated", at(ends + 30 * MINUTE)),
        ("helpdesk", "escalated", at(ends + 90 * MINUTE)),
    ]


def test_a_fault_that_was_answered_before_it_opened_calls_nobody_until_the_answer_runs_out() -> None:
    held = Policy(group_wait_s=0, offline_min_s=864_000, remind_critical_s=0, remind_high_s=0)
    of = Judge(rules(), {"S-1": helpers.asset("S-1")}, held, DESTINATIONS)
    said = of.feed(fault(0, "ConnectorLockFailure"))
    row = next(iter(helpers.incidents(said).values()))
    said += of.feed(acts(10, row, "acknowledge")) + of.advance(at(20 * HOUR))
    assert [reason for _, reason, _ in told_at(said)] == ["first"]
    said = of.advance(at(26 * HOUR))
    assert [(who, reason) for who, reason, _ in told_at(said)] == [
        ("volt-chef", "escalated"),
        ("helpdesk", "escalated"),
    ]


def test_a_person_s_overruling_is_not_undone_by_an_answer_that_runs_out() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(acts(10 * MINUTE, row, "overrule", side="hardware"))
    said += of.feed(acts(20 * MINUTE, row, "acknowledge")) + of.advance(at(60 * HOUR))
    assert [who for who, reason, _ in told_at(said) if reason == "escalated"] == []


def test_a_call_that_had_not_left_when_somebody_answered_never_leaves() -> None:
    grouped = Policy(hold_scale=0, group_wait_s=60, group_interval_s=3000, offline_min_s=864_000)
    of = Judge(rules(), {"S-1": helpers.asset("S-1"), "S-2": helpers.asset("S-2")}, grouped, DESTINATIONS)
    lock = "ConnectorLockFailure"
    first = fault(0, lock)
    said = of.feed(first)
    row = next(iter(helpers.incidents(said).values()))
    # Everybody at this site was told a moment before, so the call waits for the interval.
    other = StatusReported(
        station="S-2", at=at(31 * MINUTE - 59), evse=1, connector=1, status=Status.FAULTED, error_code=lock
    )
    said += of.advance(at(30 * MINUTE)) + of.feed(other)
    said += of.feed(acts(31 * MINUTE - 30, row, "acknowledge")) + of.advance(at(3 * HOUR))
    assert [
        one for one in events(said, "notice")
        if one.incident_id == row.incident_id and one.detail["reason"] == "escalated"
    ] == []  # fmt: skip


def test_a_step_and_a_broken_promise_under_a_silence_are_recorded_and_told_at_its_end() -> None:
    of = judge(contract="goud")
    said, row = begin(of)
    window = Window(
        window_id="s1",
        kind=WindowKind.SILENCE,
        matcher=Matcher(station="*"),
        made_by="els",
        why="because",
        made_at=at(60),
        starts_at=at(60),
        ends_at=at(2 * HOUR),
        safety=True,
    )
    said += of.feed(WindowSet(station="", at=at(60), window=window)) + of.advance(at(119 * MINUTE))
    assert [who for who, _, _ in told_at(said)] == ["volt"]
    assert helpers.withheld(said) == [
        ("volt-chef", "escalated", "silence:s1"),
        ("helpdesk", "overdue", "silence:s1"),
    ]
    said += of.advance(at(126 * MINUTE))
    assert sorted(who for who, _, _ in told_at(said)) == ["helpdesk", "volt", "volt-chef"]
    assert row.incident_id == last(said).incident_id


def test_editing_the_file_does_not_change_a_chain_that_runs() -> None:
    of = judge()
    said, _ = begin(of)
    other = "chains: {installer: {steps: [{wait_minutes: 5, to: customer}]}}"
    said += judge(of.state(), own=other).advance(at(3 * HOUR))
    assert [who for who, _, _ in told_at(said)] == ["volt", "volt-chef", "helpdesk"]


def test_a_step_without_a_destination_is_left_out_with_its_wait() -> None:
    of = Judge(rules(), {"S-1": helpers.asset("S-1")}, POLICY, helpers.DESTINATIONS)
    said, _ = begin(of)
    said += of.advance(at(61 * MINUTE))
    assert told_at(said)[1:] == [("helpdesk", "escalated", at(60 * MINUTE))]


def test_the_chain_waits_while_the_fault_seems_gone_and_ends_when_it_is() -> None:
    of = judge()
    said, _ = begin(of)
    said += of.feed(fault(29 * MINUTE, "NoError", Status.AVAILABLE))
    said += of.advance(at(3 * HOUR))
    assert [(who, why) for who, why, _ in told_at(said)] == [("volt", "first"), ("volt", "resolved")]
    chain = last(said).escalation
    assert chain is not None
    assert chain.stopped == "resolved"


def test_who_was_called_hears_of_the_end_too() -> None:
    of = judge()
    said, _ = begin(of)
    said += of.advance(at(31 * MINUTE))
    said += of.feed(fault(32 * MINUTE, "NoError", Status.AVAILABLE))
    said += of.advance(at(1 * HOUR))
    assert sorted(who for who, why, _ in told_at(said) if why == "resolved") == ["volt", "volt-chef"]


def test_the_packaged_chain_leaves_low_and_imminent_faults_alone() -> None:
    chain = helpers.real_catalog().routing.chains["installer"]
    assert chain.spared({"imminent": "yes"}) == "imminent"
    assert all("low" not in step.wait_s for step in chain.steps)


def test_each_party_s_clock_runs_while_it_has_the_incident() -> None:
    of = judge()
    said, row = begin(of)
    said += of.feed(acts(20 * MINUTE, row, "hand_over", owner="operator", text="not ours"))
    said += of.feed(acts(50 * MINUTE, row, "hand_over", owner="installer:Ampère", text="it is"))
    said += of.feed(fault(60 * MINUTE, "NoError", Status.AVAILABLE))
    said += of.feed(fault(65 * MINUTE))  # back within the clear delay: those five minutes are nobody's
    said += of.feed(fault(70 * MINUTE, "NoError", Status.AVAILABLE))
    said += of.advance(at(2 * HOUR))
    final = last(said)
    assert (final.installer_s, final.operator_s) == (35 * MINUTE, 30 * MINUTE)
    assert (final.bounces, final.bounced, final.clock_since) == (2, False, None)
    moves = [e.detail for e in events(said, "routed") if "from" in e.detail]
    assert [(m["from"], m["party"]) for m in moves] == [
        ("installer:Volt", "operator"),
        ("operator", "installer:Ampère"),
    ]
    assert [e.detail["text"] for e in events(said, "handed_over")] == ["not ours", "it is"]


def test_the_third_bounce_goes_to_a_person_and_no_rule_moves_it_any_more() -> None:
    of = judge()
    said, row = begin(of)
    for n, to in enumerate(("operator", "installer:Volt", "operator"), start=1):
        said += of.feed(acts(n * MINUTE, row, "hand_over", owner=to, text="yours"))
    final = last(said)
    assert (final.bounces, final.bounced, final.route_rule) == (3, True, "route.bounced")
    assert final.route_party == "operator"
    said += of.feed(acts(5 * MINUTE, row, "overrule", owner="installer"))
    said += of.feed(fault(6 * MINUTE))
    assert last(said).route_party == "operator"
    said += of.feed(acts(7 * MINUTE, row, "hand_over", owner="installer:Volt", text="agreed by phone"))
    assert last(said).route_party == "installer:Volt"


def test_the_bounce_that_is_one_too_many_stays_where_it_is_when_that_is_the_helpdesk() -> None:
    of = judge()
    said, row = begin(of)
    for n, to in enumerate(("operator", "installer:Volt"), start=1):
        said += of.feed(acts(n * MINUTE, row, "hand_over", owner=to, text="yours"))
    said += of.feed(acts(3 * MINUTE, row, "hand_over", owner="operator", by="jan@volt.be", text="no"))
    assert last(said).bounced
    assert [who for who, why, _ in told_at(said) if why == "rerouted"] == ["helpdesk"]


def test_what_was_promised_and_not_done_is_a_breach_and_told_to_the_helpdesk_once() -> None:
    of = judge(contract="Goud")
    said, row = begin(of)
    assert (row.contract, row.respond_by, row.repair_by) == ("Goud", at(1 * HOUR), at(4 * HOUR))
    for hour in (0.5, 2, 3, 5, 9):
        of = judge(of.state(), contract="Goud")
        said += of.advance(at(hour * HOUR))
    final = last(said)
    assert (final.response_breached_at, final.repair_breached_at) == (at(1 * HOUR), at(4 * HOUR))
    assert [e.at for e in events(said, "response_overdue")] == [at(1 * HOUR)]
    assert [(who, when) for who, why, when in told_at(said) if why == "overdue"] == [
        ("helpdesk", at(1 * HOUR)),
        ("helpdesk", at(4 * HOUR)),
    ]


def test_a_fault_that_is_gone_in_time_keeps_the_repair_target_though_it_is_still_settling() -> None:
    of = judge(contract="goud")
    said, _ = begin(of)
    said += of.feed(fault(4 * HOUR - MINUTE, "NoError", Status.AVAILABLE))
    said += of.advance(at(6 * HOUR))
    assert last(said).repair_breached_at is None


def test_a_station_s_own_target_in_hours_of_service_comes_before_the_contract_s() -> None:
    # START is a Monday, 11:00 in Belgium; three hours of service after it lie on Tuesday.
    of = judge(contract="goud", contract_hours="Mo-Fr 08:00-12:00", response_hours=3.0)  # type: ignore[arg-type]
    _, row = begin(of)
    assert row.respond_by == at(21 * HOUR + 2 * HOUR)


def test_a_fault_of_a_wider_incident_is_not_late_on_its_own() -> None:
    assets = {f"GNT-{n}": helpers.asset(f"GNT-{n}", contract="goud") for n in (1, 2, 3, 4)}
    of = Judge(rules(), assets, Policy(group_wait_s=0, default_heartbeat_s=60), DESTINATIONS)
    said: list[Effect] = []
    for name in assets:
        said += of.feed(Heartbeat(station=name, at=at(0)))
    said += of.advance(at(8 * HOUR))
    late = events(said, "response_overdue")
    assert len({e.incident_id for e in late}) == 1  # that of the site


def test_a_new_register_moves_an_open_incident_at_the_next_report() -> None:
    of = judge()
    said, _ = begin(of)
    said += of.feed(fault(1)) + of.feed(fault(2))
    assert [e.detail["party"] for e in events(said, "routed")] == ["installer:Volt"]
    of.set_register({"S-1": helpers.asset("S-1", installer="Ampère")})
    moved = of.feed(fault(3))
    assert [e.detail["party"] for e in events(moved, "routed")] == ["installer:Ampère"]
    assert last(moved).bounces == 0  # from one installer to another is no bounce
