"""Who may see what: a page, a station or a fault that is not yours is "not found", as what does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.read import QueryRefused, ReadDoor
from data.scope import Scope
from pages._menu import LINKED, MENU
from tests.pages.conftest import HOUSE, Place, free_ports
from tests.pages.opening import Opener, html_of

# In the factory: station 0 is Volta's and De Linde's; the fault of station 5 (and the station) is neither's.
MINE, NOT_MINE = "BE-GNT-0001", "BE-NAM-0001"
MY_FAULT, NOT_MY_FAULT = "i000000000000000", "i000000000000001"
NOT_FOUND = "Niet gevonden"
ROLES = ("helpdesk", "installer", "customer")
EVERY_PAGE = sorted({name for names in MENU.values() for name in names} | set(LINKED))


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_holds_only_the_pages_of_the_role(full: Place, open_page: Opener, role: str) -> None:
    for name in EVERY_PAGE:
        if name in MENU[role] or name in LINKED:
            continue
        with pytest.raises(ValueError, match="page"):
            open_page(full, role, name)


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_run_without_the_shell_shows_an_anonymous_visitor_nothing(
    full: Place, open_page: Opener, name: str
) -> None:
    page = open_page(full, None, name, alone=True, id=MY_FAULT, station=MINE)
    assert not page.exception
    assert "Uw sessie is beëindigd" in html_of(page)
    assert MINE not in html_of(page)


@pytest.mark.parametrize(
    ("role", "name"),
    [(role, name) for role in ROLES for name in EVERY_PAGE if name not in (*MENU[role], *LINKED)],
)
def test_a_page_run_without_the_shell_refuses_a_role_that_lacks_it(
    full: Place, open_page: Opener, role: str, name: str
) -> None:
    page = open_page(full, role, name, alone=True)
    assert NOT_FOUND in html_of(page)


@pytest.mark.parametrize("role", ROLES)
def test_a_station_of_ones_own_is_shown_with_its_state(full: Place, open_page: Opener, role: str) -> None:
    shown = html_of(open_page(full, role, "station", station=MINE))
    assert MINE in shown
    assert NOT_FOUND not in shown


@pytest.mark.parametrize("role", ["installer", "customer"])
@pytest.mark.parametrize("station", [NOT_MINE, "BE-DOES-NOT-EXIST", "' OR 1=1 --", ""])
def test_a_station_of_somebody_else_reads_as_one_that_does_not_exist(
    full: Place, open_page: Opener, role: str, station: str
) -> None:
    shown = html_of(open_page(full, role, "station", station=station))
    assert NOT_FOUND in shown


@pytest.mark.parametrize("role", ROLES)
def test_a_fault_of_ones_own_station_is_shown(full: Place, open_page: Opener, role: str) -> None:
    shown = html_of(open_page(full, role, "fault", id=MY_FAULT))
    assert MINE in shown
    assert NOT_FOUND not in shown


@pytest.mark.parametrize("role", ["installer", "customer"])
@pytest.mark.parametrize("incident", [NOT_MY_FAULT, "nothing", ""])
def test_a_fault_of_somebody_else_reads_as_one_that_does_not_exist(
    full: Place, open_page: Opener, role: str, incident: str
) -> None:
    assert NOT_FOUND in html_of(open_page(full, role, "fault", id=incident))


def test_a_customer_reads_plain_words_and_no_codes(full: Place, open_page: Opener) -> None:
    shown = html_of(open_page(full, "customer", "customer"))
    shown += html_of(open_page(full, "customer", "fault", id=MY_FAULT))
    shown += html_of(open_page(full, "customer", "station", station=MINE))
    for code in ("GroundFailure", "electrical.ground", "status.", "StatusNotification", "tok_"):
        assert code not in shown


@pytest.mark.parametrize("role", ["installer", "customer"])
def test_lists_hold_own_stations_only(full: Place, open_page: Opener, role: str) -> None:
    for name in MENU[role]:
        page = open_page(full, role, name)
        shown = html_of(page) + "".join(str(grid.value) for grid in page.dataframe)
        assert NOT_MINE not in shown


def test_the_read_door_itself_refuses_what_is_for_the_helpdesk_only(full: Place) -> None:
    door = ReadDoor(full.env["LAADWACHT_READ_URL"], Path(full.env["LAADWACHT_READ_TOKEN_FILE"]))
    with door, pytest.raises(QueryRefused):
        door.query("destinations", Scope("installer", "Volta Installaties"), since=None)


def test_no_page_holds_sql() -> None:
    for file in (HOUSE / "pages").glob("*.py"):
        source = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(SELECT\b.*\bFROM|INSERT INTO|DELETE FROM|UPDATE\s+\w+\s+SET)\b", source), (
            file.name
        )


def test_every_page_is_short_and_begins_with_require() -> None:
    for name in EVERY_PAGE:
        source = (HOUSE / "pages" / f"{name}.py").read_text(encoding="utf-8")
        assert source.count("\n") < 150
        assert "user, words = require(" in source


def test_without_its_owner_process_an_open_page_says_so_calmly(full: Place, open_page: Opener) -> None:
    nobody = {**full.env, "LAADWACHT_HTTP_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}
    page = open_page(full._replace(env=nobody), "helpdesk", "overview")
    assert not page.exception
    assert "De bewakingsdienst antwoordt niet" in html_of(page)
    deaf = {**full.env, "LAADWACHT_READ_URL": f"quack:localhost:{free_ports(1)[0]}"}
    page = open_page(full._replace(env=deaf), "helpdesk", "overview")
    assert not page.exception
    assert "De bewakingsdienst antwoordt niet" in html_of(page)
