"""What a silence or maintenance window matches, and what judgement writes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from msgspec import structs

from rules.core.calendar.recurrence import WindowError
from rules.core.calendar.window import Matcher, Subject, Window, WindowKind, belongs_to, check, only, subject
from rules.core.model import (
    Effect,
    IncidentEventRow,
    PlannedRow,
    Status,
    StatusReported,
    WindowEnded,
    WindowRow,
    WindowSet,
)
from rules.core.region import region_names
from tests.rules_core import helpers

CASES = yaml.safe_load((helpers.ROOT / "tests" / "cases" / "windows.yaml").read_text(encoding="utf-8"))
NOTHING = dict.fromkeys(("site", "address", "region", "make", "model", "firmware", "installer"))
GENT = {
    "site": "Gent Dampoort",
    "address": "Dampoortstraat 12, 9000 Gent",
    "make": "Alfen",
    "installer": "Volt",
}
STATIONS = [
    subject("GNT-1", **NOTHING | GENT | {"firmware": "6.4.0"}),
    subject("GNT-2", **NOTHING | GENT | {"firmware": "6.5.1"}),
    subject(
        "ANR-1",
        **NOTHING
        | {"site": "Zuid", "address": "Vlaamsekaai 88, 2000 Antwerpen", "make": "ABB", "installer": "Ampère"},
    ),
    subject("NEW-1", **NOTHING),
]


def window(kind: WindowKind = WindowKind.MAINTENANCE, *, hours: float = 2, **matcher: str) -> Window:
    return Window(
        window_id="m1",
        kind=kind,
        matcher=Matcher(**matcher),
        made_by="els",
        why="because",
        made_at=helpers.at(0),
        starts_at=helpers.at(0),
        ends_at=helpers.at(hours * 3600),
    )


def made(one: Window) -> WindowSet:
    return WindowSet(station="", at=helpers.at(0), window=one)


def planned(effects: list[Effect]) -> list[tuple[str, float, float]]:
    """Station, and seconds from the start to the beginning and the end."""
    return [
        (
            e.station,
            (e.started_at - helpers.START).total_seconds(),
            (e.ended_at - helpers.START).total_seconds(),
        )
        for e in effects
        if isinstance(e, PlannedRow)
    ]


@pytest.mark.parametrize("case", CASES["matches"], ids=lambda case: str(case["when"]))
def test_a_window_matches_what_the_table_says(case: dict[str, Any]) -> None:
    matcher = Matcher(**case["when"])
    assert [one.station for one in STATIONS if matcher.takes(one)] == case["takes"]


def test_an_incident_at_several_stations_is_meant_only_with_all_of_them() -> None:
    one = window(station="GNT-*")
    assert one.covers("site.offline", STATIONS[:2])
    assert not one.covers("site.offline", STATIONS[:3])
    assert not one.covers("site.offline", [])


def test_the_pattern_of_an_installer_matches_that_name_alone() -> None:
    odd = "Volt [BE] *"
    assert Matcher(installer=only(odd)).takes(Subject(station="S", installer=odd))
    assert not Matcher(installer=only(odd)).takes(Subject(station="S", installer="Volt B anything"))
    assert belongs_to(window(installer=only(odd)), odd)
    assert not belongs_to(window(installer="*"), odd)
    assert not belongs_to(window(WindowKind.SILENCE, installer=only(odd)), odd)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("Dampoortstraat 12, 9000 Gent", "BE-VOV"),
        ("Avenue Fonsny 47, B-1060 Bruxelles", "BE-BRU"),
        ("Kempische Steenweg 3110", None),
        ("Damrak 1, 1012 LG Amsterdam", None),
        ("1000 m verder, 3500 Hasselt", "BE-VLI"),
        (None, None),
    ],
)
def test_a_province_follows_from_the_post_code(address: str | None, code: str | None) -> None:
    assert next(iter(region_names(address)), None) == code


def test_maintenance_writes_down_which_stations_are_planned_to_be_down_until_it_ends() -> None:
    judge = helpers.judge(helpers.register("GNT-1", "GNT-2", "ANR-1"))
    effects = judge.feed(made(window(station="GNT-*")))
    assert planned(effects) == [("GNT-1", 0, 7200), ("GNT-2", 0, 7200)]
    ended = judge.feed(WindowEnded(station="", at=helpers.at(600), window_id="m1", by="els", why="done"))
    assert planned(ended) == [("GNT-1", 0, 600), ("GNT-2", 0, 600)]
    (row,) = [effect for effect in ended if isinstance(effect, WindowRow)]
    assert (row.ended_at, row.ended_by, row.ended_why) == (helpers.at(600), "els", "done")
    assert judge.advance(helpers.at(90_000)) == []


@pytest.mark.parametrize("one", [window(WindowKind.SILENCE, station="*"), window(fault="station.offline")])
def test_a_silence_or_work_on_one_fault_plans_no_downtime(one: Window) -> None:
    judge = helpers.judge(helpers.register("GNT-1"))
    assert planned(judge.feed(made(one)) + judge.advance(helpers.at(8000))) == []


def test_that_danger_passed_a_window_stands_once_in_its_history() -> None:
    judge = helpers.judge(helpers.register("GNT-1"))
    effects = judge.feed(made(window(station="*")))
    fault = StatusReported(
        station="GNT-1",
        at=helpers.at(60),
        evse=1,
        connector=1,
        status=Status.FAULTED,
        error_code="GroundFailure",
    )
    effects += judge.feed(fault) + judge.feed(structs.replace(fault, at=helpers.at(90)))
    effects += judge.advance(helpers.at(300))
    passed = [e for e in effects if isinstance(e, IncidentEventRow) and e.event == "safety_passes"]
    assert [one.detail for one in passed] == [{"kind": "maintenance", "window": "m1"}]
    assert helpers.notices(effects) == [("volt", "first")]


def test_a_window_that_ran_out_is_over_by_itself() -> None:
    judge = helpers.judge()
    effects = judge.feed(made(window(station="*"))) + judge.advance(helpers.at(8000))
    last = [effect for effect in effects if isinstance(effect, WindowRow)][-1]
    assert (last.ended_at, last.ended_by) == (helpers.at(7200), None)


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (window(), "nothing"),
        (window(station=" "), "field"),
        (window(station="x" * 201), "field"),
        (window(hours=-1, station="x"), "order"),
    ],
)
def test_a_window_that_cannot_be_is_refused(one: Window, code: str) -> None:
    with pytest.raises(WindowError) as raised:
        check(one)
    assert raised.value.code == code


def test_the_past_cannot_be_silenced() -> None:
    late = Window(**{name: getattr(window(station="x"), name) for name in Window.__struct_fields__} | {
        "made_at": helpers.at(0) + timedelta(days=1)
    })  # fmt: skip
    with pytest.raises(WindowError, match="past"):
        check(late)
