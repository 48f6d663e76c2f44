"""Routing files: every mistake at once with its line, own rules before packaged ones, hours of service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from rules.core.calendar import service_hours
from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import Catalog, CatalogError
from tests.rules_core import helpers

MISTAKES = yaml.safe_load((helpers.ROOT / "tests/cases/routing_mistakes.yaml").read_text(encoding="utf-8"))
OFFICE = "Mo-Fr 08:00-18:00; Sa 09:00-12:00; PH off"


def parse(own: str) -> Catalog:
    return catalog_reader.parse(helpers.catalog_texts() | {"own.yaml": own}, ("own.yaml",))


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case["mistakes"][0][1][:40])
def test_every_mistake_is_told_at_once_with_file_line_and_reason(case: dict[str, Any]) -> None:
    with pytest.raises(CatalogError) as caught:
        parse(case["file"])
    told = str(caught.value).splitlines()
    for line, reason in case["mistakes"]:
        assert [one for one in told if one.startswith(f"own.yaml:{line}: ") and reason in one], (line, reason)
    assert len(told) == len(case["mistakes"])


def test_own_rules_come_first_and_one_with_a_packaged_id_takes_its_place() -> None:
    own = "routes: [{id: mine, to: customer, when: {side: none}}, {id: installer, to: helpdesk}]"
    ids = [rule.id for rule in parse(own).routing.rules]
    assert ids == ["mine", "installer", "nobody", "low_confidence", "operator", "wide", "customer"]
    only = parse("standard_rules: no\nroutes: [{id: mine, to: customer, when: {side: none}}]").routing
    assert [rule.id for rule in only.rules] == ["mine"]
    assert only.find({"side": "hardware"})[0].id == "otherwise"


def test_another_route_is_another_version_of_the_routing_and_not_of_the_verdicts() -> None:
    plain, own = helpers.real_catalog(), parse("routes: [{id: mine, to: customer}]")
    assert own.version == plain.version
    assert own.routing.version != plain.routing.version


# Hours, a moment in Belgian time, whether it is within, and when service is next there.
WITHIN = [
    (OFFICE, "2026-11-20 17:59", True, "2026-11-20 17:59"),
    (OFFICE, "2026-11-20 18:00", False, "2026-11-21 09:00"),
    (OFFICE, "2026-11-22 12:00", False, "2026-11-23 08:00"),
    (OFFICE, "2026-11-11 10:00", False, "2026-11-12 08:00"),  # Armistice Day
    (OFFICE, "2026-05-14 10:00", False, "2026-05-15 08:00"),  # Ascension Day
    (OFFICE, "2027-03-29 10:00", False, "2027-03-30 08:00"),  # Easter Monday
    ("22:00-06:00", "2026-11-20 23:00", True, "2026-11-20 23:00"),
    ("Fr 22:00-06:00", "2026-11-21 05:59", True, "2026-11-21 05:59"),
    ("Fr 22:00-06:00", "2026-11-21 06:00", False, "2026-11-27 22:00"),
    ("Sa-Mo 08:00-10:00, 13:00-14:00", "2026-11-23 13:30", True, "2026-11-23 13:30"),
    ("Sa-Mo 08:00-10:00, 13:00-14:00", "2026-11-24 13:30", False, "2026-11-28 08:00"),
    ("24/7", "2026-12-25 03:00", True, "2026-12-25 03:00"),
]

# Hours, begin, hours of service that must go by, when they have. The clock goes back on 25 October 2026 and
# forward on 28 March 2027.
DUE = [
    (OFFICE, "2026-11-20 16:00", 4, "2026-11-21 11:00"),
    (OFFICE, "2026-11-21 11:00", 3, "2026-11-23 10:00"),
    (OFFICE, "2026-11-10 17:00", 2, "2026-11-12 09:00"),
    ("24/7", "2026-10-24 20:00", 10, "2026-10-25 05:00"),
    ("24/7", "2027-03-27 20:00", 10, "2027-03-28 07:00"),
    ("01:00-04:00", "2026-10-25 00:00", 4, "2026-10-25 04:00"),
    ("01:00-04:00", "2027-03-28 00:00", 2, "2027-03-28 04:00"),
]


def belgian(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=service_hours.BRUSSELS)


@pytest.mark.parametrize(("hours", "moment", "within", "then"), WITHIN)
def test_service_is_there_when_the_hours_say_so(hours: str, moment: str, within: bool, then: str) -> None:
    parsed = service_hours.parse(hours)
    assert service_hours.is_within(parsed, belgian(moment)) is within
    assert service_hours.next_opening(parsed, belgian(moment)) == belgian(then).astimezone(UTC)


@pytest.mark.parametrize(("hours", "begin", "count", "due"), DUE)
def test_time_of_service_is_counted_in_its_hours_only(hours: str, begin: str, count: int, due: str) -> None:
    start = belgian(begin).astimezone(UTC)
    assert service_hours.due(service_hours.parse(hours), start, count * 3600) == belgian(due).astimezone(UTC)
    assert service_hours.due(None, start, count * 3600) == start + timedelta(hours=count)


@pytest.mark.parametrize("text", ["", "8-18", "Mo-Fr", "Ma 08:00-18:00", "Mo 08:00-25:00", "Mo 08:00-08:00"])
def test_hours_that_cannot_be_read_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        service_hours.parse(text)
