"""Every case of tests/cases/first_aid comes out as it says: what is tried, what never, who is told when.

Faults open at once (`hold_scale: 0`) unless a case sets it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
import yaml

from rules.core.aid_policy import ASKING, AidPlan, AidPolicy, Remedy
from rules.core.first_aid.policy_reader import AidPlanError, parse_plan
from rules.core.first_aid.refusal import REFUSALS, Bedside, refusal
from rules.core.judge import Judge
from rules.core.model import (
    AidReported,
    Cause,
    Effect,
    FirstAidRow,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    NoticeRow,
    Observation,
    Owner,
    Scope,
    Severity,
    Side,
    Status,
    UserActed,
)
from rules.core.policy import Policy
from rules.core.state import AidLedger, ConnectorState, StationState
from tests.rules_core import helpers, scenario
from tests.rules_core.test_scenarios import _agrees

FOLDER = helpers.ROOT / "tests" / "cases" / "first_aid"
HEARD = re.compile(r"^(?P<when>\S+) first aid is (?P<outcome>\w+)$")
TAKEN = re.compile(r"^(?P<when>\S+) somebody takes it$")
WORDS = {
    "case",
    "remedies",
    "limits",
    "policy",
    "given",
    "until",
    "asked",
    "not_tried",
    "told",
    "told_at",
} | {
    "proof",
    "expect",
    "imported",
}


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['case']}")
        for path in sorted(FOLDER.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text())
    ]


def plan_of(remedies: list[dict[str, Any]], **limits: int) -> Any:
    given = {"station_per_day": 3, "fleet_per_hour": 20, **limits}
    return parse_plan("f.yaml", yaml.safe_dump({"policies": remedies}), helpers.real_catalog(), **given)


def judge_of(case: dict[str, Any], state: bytes | None = None) -> Judge:
    named = [one for one in case["given"] if not HEARD.match(one) and not TAKEN.match(one)]
    return Judge(
        helpers.real_catalog(),
        scenario.register_of(scenario.observations(named)),
        Policy(
            **{"hold_scale": 0, **case.get("policy", {})},
            first_aid=plan_of(case["remedies"], **case.get("limits", {})),
        ),
        helpers.DESTINATIONS,
        state,
        imported=case.get("imported", False),
    )


def play(judge: Judge, case: dict[str, Any]) -> list[Effect]:
    effects: list[Effect] = []
    for sentence in case["given"]:
        for obs in _observations(sentence, effects, judge):
            effects += judge.feed(obs)
    return effects + (judge.advance(scenario.moment(case["until"])) if "until" in case else [])


def _observations(sentence: str, effects: list[Effect], judge: Judge) -> list[Observation]:
    aid, taken = HEARD.match(sentence), TAKEN.match(sentence)
    if aid is None and taken is None:
        return scenario.observations([sentence])
    when = scenario.moment((aid or taken)["when"])  # type: ignore[index]
    effects += judge.advance(when)
    if taken is not None:
        (row,) = helpers.incidents(effects).values()
        return [UserActed(station="", at=when, action="acknowledge", incident_id=row.incident_id, by="els")]
    last = [row for row in effects if isinstance(row, FirstAidRow)][-1]
    return [
        AidReported(
            station=last.station,
            at=when,
            try_id=last.try_id,
            incident_id=last.incident_id,
            outcome=aid["outcome"],  # type: ignore[index]
        )
    ]


def asked(effects: list[Effect]) -> list[tuple[datetime, str]]:
    """Each order once, when it was given."""
    rows = [row for row in effects if isinstance(row, FirstAidRow)]
    return list(dict.fromkeys((row.asked_at, row.do) for row in rows))


def events(effects: list[Effect], name: str) -> list[IncidentEventRow]:
    return [row for row in effects if isinstance(row, IncidentEventRow) and row.event == name]


@pytest.mark.parametrize("case", cases())
def test_the_case_comes_out_as_it_says(case: dict[str, Any]) -> None:
    assert set(case) <= WORDS
    effects = play(judge_of(case), case)
    wanted = [(scenario.moment(one.split()[0]), one.split()[1]) for one in case["asked"]]
    assert asked(effects) == wanted
    assert [row.detail["why"] for row in events(effects, "aid_not_tried")] == case.get("not_tried", [])
    sent = [row for row in effects if isinstance(row, NoticeRow)]
    if "told" in case:
        assert [f"{row.destination} {row.reason.value}" for row in sent] == case["told"]
    if "told_at" in case:
        assert [row.created_at for row in sent] == [scenario.moment(one) for one in case["told_at"]]
    rows = [row for row in helpers.incidents(effects).values() if row.opened_at is not None]
    if "proof" in case:
        assert [proof.says for proof in rows[0].evidence] == case["proof"]
    for expected in case.get("expect", []):
        assert any(_agrees(row, expected) for row in rows), rows
    assert len(rows) == len(case.get("expect", rows))


CALM = ConnectorState(evse=1, connector=1, status=Status.AVAILABLE, since=helpers.at(0))
AID = AidPolicy(id="p", fault="station.internal", do=Remedy.SOFT_RESET)
# What judgement itself never comes to: it asks at open incidents of one station only.
DIRECT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("safety", {"safety": True}, {}),
    ("not_open", {"state": IncidentState.RECOVERING}, {}),
    ("not_open", {"state": IncidentState.PENDING}, {}),
    ("not_open", {"state": IncidentState.RESOLVED}, {}),
    ("wide", {"scope": Scope.SITE, "station": None}, {}),
    ("wide", {"scope": Scope.PLATFORM, "station": None}, {}),
    ("wide", {"scope": Scope.FIRMWARE, "station": None}, {}),
    ("wide", {"scope": Scope.CONNECTIVITY, "station": None}, {}),
    ("taken", {"overruled_by": "els"}, {}),
    ("taken", {"assignee": "installer:Volt"}, {}),
    ("taken", {}, {"taken": True}),
    ("attempts", {}, {"tried": 1}),
    ("not_connected", {}, {"station": None}),
    ("blind", {}, {"blind_until": helpers.at(0)}),
]


def bedside(row: dict[str, Any], case: dict[str, Any]) -> Bedside:
    incident = IncidentRow(
        **{
            "incident_id": "i",
            "key": "S-1///x",
            "state": IncidentState.OPEN,
            "scope": Scope.STATION,
            "fault": "station.internal",
            "side": Side.HARDWARE,
            "cause": Cause.UNKNOWN,
            "owner": Owner.INSTALLER,
            "task": "t",
            "severity": Severity.HIGH,
            "confidence": 0.9,
            "rule_id": "r",
            "rule_version": "1",
            "pending_at": helpers.at(0),
            "station": "S-1",
            **row,
        }
    )
    station = StationState(
        first_seen=helpers.at(0),
        last_in=helpers.at(0),
        emitted_at=helpers.at(0),
        connected=True,
        connectors={"1/1": CALM},
    )
    given = {"station": station, "at": helpers.at(60), "ledger": AidLedger(), "min_confidence": 0.5, **case}
    return Bedside(row=incident, **given)


def test_where_nothing_forbids_it_the_remedy_is_tried() -> None:
    assert refusal(AID, AidPlan(policies=(AID,)), bedside({}, {})) is None


@pytest.mark.parametrize(("why", "row", "case"), DIRECT)
def test_what_is_never_done_is_refused_by_the_decision_itself(
    why: str, row: dict[str, Any], case: dict[str, Any]
) -> None:
    assert refusal(AID, AidPlan(policies=(AID,)), bedside(row, case)) == why


def test_a_question_changes_nothing_and_may_be_asked_in_a_session_and_after_a_gap() -> None:
    case = bedside({}, {"blind_until": helpers.at(0)})
    assert case.station is not None
    case.station.connectors["1/1"] = ConnectorState(
        evse=1, connector=1, status=Status.CHARGING, since=helpers.at(0)
    )
    probe = AidPolicy(id="q", fault="station.offline", do=Remedy.TRIGGER_HEARTBEAT)
    assert refusal(probe, AidPlan(), case) is None


@pytest.mark.parametrize("do", Remedy)
def test_on_an_unsure_verdict_only_what_changes_nothing_is_tried(do: Remedy) -> None:
    policy = AidPolicy(id="p", fault="station.faulted_no_code", do=do)
    unsure = refusal(policy, AidPlan(), bedside({"confidence": 0.45, "evse": 1, "connector": 1}, {}))
    assert unsure == (None if do in ASKING else "unsure")


def test_every_reason_not_to_try_has_a_case() -> None:
    told = {why for param in cases() for why in param.values[0].get("not_tried", [])}
    told |= {why for why, _row, _case in DIRECT}
    assert {word for word, _ in REFUSALS} == told


def test_every_word_of_first_aid_has_a_text_in_three_languages() -> None:
    outcomes = ("accepted", "rejected", "error", "no_answer", "not_connected", "not_sent")
    keys = [f"aid_asked_{do.value}" for do in Remedy]
    keys += [f"aid_{word}" for word in (*outcomes, "cleared", "no_effect", "unknown")]
    texts = helpers.real_catalog().texts
    assert [key for key in keys if f"says.{key}" not in texts] == []


@pytest.mark.parametrize("case", [param for param in cases() if param.values[0]["asked"]][:6])
def test_a_restored_judge_goes_on_with_what_is_under_way_and_asks_nothing_twice(case: dict[str, Any]) -> None:
    whole = play(judge_of(case), case)
    judge, effects = judge_of(case), list[Effect]()
    for sentence in case["given"]:
        for obs in _observations(sentence, effects, judge):
            effects += judge.feed(obs)
        judge = judge_of(case, judge.state())
    if "until" in case:
        effects += judge.advance(scenario.moment(case["until"]))
    assert asked(effects) == asked(whole)
    assert helpers.notices(effects) == helpers.notices(whole)


MISTAKES = [
    ("policies: 3", "f.yaml:1: needs a list under `policies:`"),
    ("policies: [", "f.yaml:2: "),
    ("policies:\n- fault: no.such\n  do: unlock", "f.yaml:2: there is no fault 'no.such' in the catalogue"),
    ("policies:\n- fault: station.internl\n  do: unlock", "did you mean station.internal?"),
    (
        "policies:\n- fault: electrical.ground\n  do: soft_reset",
        "f.yaml:2: electrical.ground is a safety fault",
    ),
    (
        "policies:\n- fault: site.offline\n  do: soft_reset",
        "f.yaml:2: site.offline is wider than one station",
    ),
    ("policies:\n- fault: meter.failure\n  do: hard_reset", "f.yaml:3: `do` is one of soft_reset, unlock"),
    (
        "policies:\n- fault: meter.failure\n  do: unlock\n  hold_s: 6000",
        "f.yaml:4: `hold_s` is a number from 10",
    ),
    ("policies:\n- fault: meter.failure\n  do: unlock\n  attempts: 1.5", "f.yaml:4: `attempts` is a number"),
    ("policies:\n- fault: meter.failure\n  do: unlock\n  tries: 2", "f.yaml:4: unknown key 'tries'"),
    (
        "policies:\n- fault: meter.failure\n  do: unlock\n  before_sending: 1",
        "f.yaml:4: `before_sending` is true",
    ),
    ("policies:\n- fault: meter.failure\n  do: unlock\n  make: 3", "f.yaml:4: `make` is text"),
    (
        "policies:\n- {fault: meter.failure, do: unlock}\n- {fault: meter.failure, do: unlock}",
        "f.yaml:3: unlock for",
    ),
    ("policy: []", "f.yaml:1: needs a list"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_in_the_file_names_file_line_and_reason(text: str, told: str) -> None:
    with pytest.raises(AidPlanError) as error:
        parse_plan("f.yaml", text, helpers.real_catalog(), station_per_day=3, fleet_per_hour=20)
    assert told in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    text = "policies:\n- {fault: x, do: y}\n- {fault: electrical.ground, do: unlock}"
    with pytest.raises(AidPlanError) as error:
        parse_plan("f.yaml", text, helpers.real_catalog(), station_per_day=3, fleet_per_hour=20)
    assert [one.line for one in error.value.mistakes] == [2, 2, 3]
