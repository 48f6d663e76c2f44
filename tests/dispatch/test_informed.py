"""What is told to those who need not act, and why the helpdesk has what is another's by its fault."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog
from rules.core.catalog.routes import Routing, Rule
from rules.core.handling import Escalation, EscalationStep
from rules.core.model import NoticeItem, NoticeReason
from rules.core.routing.informed import merely_informed
from rules.dispatch.message import Addressee, Renderer, render
from tests.dispatch.small_judge import incident, notice

SINCE = datetime(2026, 7, 22, 16, 40, 12, tzinfo=UTC)
INFORM = Rule(id="out", to=("helpdesk",), inform=("installer",))
VOLT = "installer:Volt"


def routed(rule: Rule) -> tuple[Any, Catalog]:
    """An incident that went by `rule`, and the shipped catalogue with that rule."""
    row = replace(
        incident("BE-1", SINCE, 7),
        fault="electrical.ground",
        task="ins.maintain.faults",
        installer="Volt",
        route_rule=f"route.{rule.id}",
        route_party="operator",
        route_words={"nl": "Regel out: garantie buiten.", "fr": "x", "en": "y"},
    )
    catalog = load_catalog()
    return row, replace(catalog, routing=Routing(rules=(rule, *catalog.routing.rules)))


@pytest.mark.parametrize(
    ("to", "inform", "destination", "party", "informed"),
    [
        ("helpdesk", "installer", "volt", VOLT, True),
        ("helpdesk", "installer:volt", "volt", VOLT, True),
        ("helpdesk", "volt-chef", "volt-chef", VOLT, True),
        ("helpdesk", "volt-chef", "volt", VOLT, False),
        ("installer", "helpdesk", "desk", "operator", True),
        ("helpdesk", "customer:Bakker", "bakker", "customer:Bakker", True),
        ("installer", "installer", "volt", VOLT, False),
        ("helpdesk", "installer:Other", "volt", VOLT, False),
    ],
)
def test_who_is_merely_informed(to: str, inform: str, destination: str, party: str, informed: bool) -> None:
    row, catalog = routed(Rule(id="out", to=(to,), inform=(inform,)))
    assert merely_informed(row, catalog.routing, destination, party) is informed


def test_a_step_that_called_somebody_asks_that_one_to_act() -> None:
    step = EscalationStep(to="installer", wait_s=60, destinations=("volt",), done_at=SINCE)
    row, catalog = routed(INFORM)
    row = replace(row, escalation=Escalation(chain="x", party="operator", started_at=SINCE, steps=(step,)))
    assert not merely_informed(row, catalog.routing, "volt", VOLT)


@pytest.mark.parametrize(
    ("language", "words", "asks", "whose"),
    [
        ("nl", "Ter informatie: ", "Waarom bij u", "Voor: Mobiflow support ("),
        ("fr", "Pour information : ", "Pourquoi chez vous", "Pour : le support Mobiflow ("),
        ("en", "For information: ", "Why with you", "For: Mobiflow support ("),
    ],
)
def test_an_informed_installer_reads_first_that_nothing_is_asked(
    language: str, words: str, asks: str, whose: str
) -> None:
    row, catalog = routed(INFORM)
    about = replace(notice("BE-1", "volt", 1, NoticeReason.FIRST, SINCE), party=VOLT)
    _, body = render(about, row, None, catalog, language=language, dashboard_url="http://x")
    assert body.startswith(words)
    assert asks not in body
    assert whose in body


def test_the_helpdesk_reads_why_it_has_what_is_the_installers_by_its_fault() -> None:
    row, catalog = routed(INFORM)
    about = replace(notice("BE-1", "desk", 1, NoticeReason.FIRST, SINCE), party="operator")
    _, body = render(about, row, None, catalog, language="nl", dashboard_url="http://x")
    assert "Waarom bij de helpdesk: Regel out: garantie buiten." in body
    with_installer = replace(row, route_party=VOLT)
    _, body = render(about, with_installer, None, catalog, language="nl", dashboard_url="http://x")
    assert "Waarom bij de helpdesk" not in body


def test_an_installer_that_the_register_does_not_name_is_called_unknown() -> None:
    row, catalog = routed(INFORM)
    about = replace(notice("BE-1", "desk", 1, NoticeReason.FIRST, SINCE), party="operator")
    nobody = replace(row, installer=None)
    _, body = render(about, nobody, None, catalog, language="nl", dashboard_url="http://x")
    assert "Voor: installateur nog onbekend (hardwarekant" in body


@pytest.mark.parametrize(
    ("destination", "party", "words"),
    [
        ("volt", VOLT, "   Ter informatie: iemand anders volgt dit op."),
        ("desk", "operator", "   Waarom bij de helpdesk: Regel out: garantie buiten."),
    ],
)
def test_a_message_about_several_says_it_of_each(destination: str, party: str, words: str) -> None:
    row, catalog = routed(INFORM)
    rows = [replace(row, incident_id=name) for name in ("a", "b")]
    about = replace(
        notice("a", destination, 1, NoticeReason.FIRST, SINCE),
        party=party,
        items=[NoticeItem(incident_id=name, seq=0, reason=NoticeReason.FIRST) for name in ("a", "b")],
    )
    renderer = Renderer(catalog, dict, {destination: Addressee()}, "http://x")
    assert renderer(about, rows[0], rows[1:])[2].count(words) == 2
