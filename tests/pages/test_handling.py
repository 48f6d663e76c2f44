"""Route and reason, promises, both clocks and the chain on the fault page; what is late in the inbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pages import _handling
from pages._data import now
from pages._texts import Words
from tests.pages.conftest import Place
from tests.pages.factory_handling import BOUNCED, ESCALATED
from tests.pages.opening import Opener, html_of


def shown(open_page: Opener, place: Place, number: int, language: str, role: str = "helpdesk") -> str:
    page = open_page(place, role, "fault", language, id=f"i{number:015x}")
    assert not page.exception
    return html_of(page)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "nl",
            [
                "Antwoord te laat",
                "Dit valt onder de taken van de installateur: gepast reageren",
                "Tijd per partij",
                "verwittigd",
            ],
        ),
        (
            "fr",
            [
                "Réponse en retard",
                "Cela relève des tâches de l&#x27;installateur : réagir",
                "Temps par intervenant",
                "averti",
            ],
        ),
        (
            "en",
            [
                "Response late",
                "This is among the installer&#x27;s tasks: react",
                "Time with each party",
                "called",
            ],
        ),
    ],
)
def test_an_escalated_fault_shows_why_what_is_late_and_who_is_next(
    full: Place, open_page: Opener, language: str, expected: list[str]
) -> None:
    html = shown(open_page, full, ESCALATED, language)
    for text in expected:
        assert text in html
    assert "volta-chef" in html
    assert "Goud &lt;b&gt;24/7&lt;/b&gt;" in html


def test_a_fault_that_went_back_and_forth_says_so_with_both_clocks(full: Place, open_page: Opener) -> None:
    html = shown(open_page, full, BOUNCED, "nl")
    for text in (
        "Heen en weer",
        "3 keer naar de andere partij",
        "Herstelling te laat",
        "niet nodig",
        "overgedragen",
    ):
        assert text in html
    assert "Installateur 8 u 30 min" in html


def test_what_is_not_with_whom_it_belongs_is_listed_with_the_messages(full: Place, open_page: Opener) -> None:
    page = open_page(full, "helpdesk", "notices", "en")
    assert not page.exception
    assert "No installer in the register" in html_of(page)


def row(**given: Any) -> dict[str, Any]:
    names = ("recovering_at", "closed_at", "respond_by", "repair_by", "responded_at")
    empty = dict.fromkeys((*names, "response_breached_at", "repair_breached_at"))
    return {**empty, **given}


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ({}, ""),
        ({"respond_by": 30.5, "repair_by": 300}, "30 min"),
        ({"respond_by": 30, "repair_by": 60.5, "responded_at": -5}, "1 h"),
        ({"respond_by": -10, "response_breached_at": -10, "repair_by": 60}, "▲ +10 min"),
        ({"respond_by": -10, "response_breached_at": -10, "responded_at": -1, "repair_by": 60.5}, "1 h"),
        ({"repair_by": -90, "repair_breached_at": -90}, "▲ +1 h 30 min"),
        ({"repair_by": -90, "repair_breached_at": -90, "closed_at": -60}, "▲ +30 min"),
        ({"repair_by": 90, "closed_at": -60}, ""),
    ],
)
def test_the_inbox_says_how_late_or_how_much_time_is_left(minutes: dict[str, float], said: str) -> None:
    moments = {name: now() + timedelta(minutes=number) for name, number in minutes.items()}
    assert _handling.term(Words("en"), row(**moments)) == said
