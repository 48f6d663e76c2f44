"""Every page runs for every role that has it, in every language, on an empty and on a full store."""

from __future__ import annotations

import pytest

from pages._menu import MENU
from tests.pages.conftest import Place
from tests.pages.opening import Opener, html_of

ROLES = ("helpdesk", "installer", "customer")
VISITS = [(role, name) for role in ROLES for name in MENU[role]]


@pytest.mark.parametrize("language", ["nl", "fr", "en"])
@pytest.mark.parametrize(("role", "name"), VISITS)
def test_a_page_of_the_menu_shows_a_full_store(
    full: Place, open_page: Opener, role: str, name: str, language: str
) -> None:
    page = open_page(full, role, name, language)
    assert not page.exception
    assert "Niet gevonden" not in html_of(page)


@pytest.mark.parametrize(("role", "name"), VISITS)
def test_a_page_of_the_menu_shows_an_empty_store_calmly(
    bare: Place, open_page: Opener, role: str, name: str
) -> None:
    page = open_page(bare, role, name)
    assert not page.exception
    assert "lw-empty" in html_of(page)


def test_an_outage_of_a_whole_site_says_where_to_go(full: Place, open_page: Opener) -> None:
    page = open_page(full, "installer", "installer")
    assert not page.exception
    shown = html_of(page)
    assert "Hele locatie offline" in shown
    assert "Gent Dampoort · Dampoortstraat 12, 9000 Gent" in shown
    fault = open_page(full, "installer", "fault", id="i" + "f" * 15)
    assert not fault.exception
    assert "destination=51.05" in html_of(fault)


def test_an_installer_without_stations_is_not_told_that_all_is_well(bare: Place, open_page: Opener) -> None:
    shown = html_of(open_page(bare, "installer", "installer"))
    assert "Nog geen laadpalen" in shown
    assert "aandacht" not in shown


def test_what_went_back_and_forth_is_listed_with_the_helpdesk_that_has_it(
    full: Place, open_page: Opener
) -> None:
    """By its verdict it is the installer's; after three moves a person of the helpdesk keeps it."""
    page = open_page(full, "helpdesk", "triage", "en", tray="all")
    table = page.dataframe[0].value
    thrown = table[table["Fault"] == "Energy meter cannot be read"]
    assert list(thrown["With whom"]) == ["Mobiflow"]
