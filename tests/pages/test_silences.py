"""Silences and planned work on the pages: made with a preview, shown where they hold, ended; by role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.commands import AddSilence, CommandClient
from rules.core.calendar.window import Matcher, WindowKind
from tests.pages.conftest import EMAIL, Place
from tests.pages.opening import Opener, html_of
from tests.waiting import until

# Of the factory: Volta's and De Linde's, and of another installer and customer.
MINE, NOT_MINE = "BE-GNT-0001", "BE-ANR-0001"


def plan(
    place: Place, role: str = "helpdesk", kind: WindowKind = WindowKind.MAINTENANCE, **matcher: str
) -> str:
    """The id of a window that holds for an hour from now."""
    client = CommandClient(place.http_url, Path(place.env["LAADWACHT_READ_TOKEN_FILE"]))
    ends = datetime.now(UTC) + timedelta(hours=1)
    command = AddSilence(kind=kind, matcher=Matcher(**matcher), why="new cable", ends_at=ends)
    outcome = client.send(command, EMAIL[role])
    assert outcome.outcome == "accepted", outcome
    return (outcome.detail or "").split(":")[0]


@pytest.fixture(scope="module")
def planned(full: Place) -> dict[str, str]:
    return {
        "mine": plan(full, "installer", station=MINE),
        "other": plan(full, station=NOT_MINE),
        "fault": plan(full, kind=WindowKind.SILENCE, site="Gent*", fault="station.offline"),
    }


def opened(
    open_page: Opener, full: Place, role: str, wanted: str, name: str = "silences", **query: str
) -> AppTest:
    """The page, once it shows `wanted`: judgement takes a new window up within a second."""
    page = open_page(full, role, name, "en", **query)
    until(lambda: wanted in html_of(page.run()), wanted)
    assert not page.exception
    return page


def test_each_role_sees_the_windows_of_its_own_chargers(
    full: Place, open_page: Opener, planned: dict[str, str]
) -> None:
    shown = html_of(opened(open_page, full, "helpdesk", planned["fault"]))
    assert all(window_id in shown for window_id in planned.values())
    page = opened(open_page, full, "installer", planned["mine"])
    assert planned["other"] not in html_of(page)
    assert planned["fault"] in html_of(page), "it holds back their messages too"
    assert [button.key for button in page.button if (button.key or "").startswith("end-")] == [
        f"end-{planned['mine']}"
    ]


def test_a_charger_says_that_work_is_planned_and_a_customer_not_why(
    full: Place, open_page: Opener, planned: dict[str, str]
) -> None:
    shown = html_of(opened(open_page, full, "installer", "Planned work until", "station", station=MINE))
    assert "new cable" in shown
    page = opened(open_page, full, "customer", "Planned work until", "station", station=MINE)
    assert "new cable" not in html_of(page)
    assert "Silenced until" in html_of(page)


def test_the_form_previews_makes_and_the_list_ends(full: Place, open_page: Opener) -> None:
    page = open_page(full, "helpdesk", "silences", "en", station=MINE, fault="station.offline")
    assert "1 charger matches now" in html_of(page)
    assert "Give a reason" in html_of(page)
    assert page.button(key="make").disabled
    page.text_input(key="why").set_value("the street is open").run()
    page.button(key="make").click().run()
    assert not page.exception
    assert "Silence: the street is open" in html_of(page)
    ends = [b for b in page.button if (b.key or "").startswith("end-s")]
    listed = len(ends)
    ends[-1].click().run()
    assert not page.exception
    assert len([b for b in page.button if (b.key or "").startswith("end-s")]) == listed - 1


def test_the_form_says_what_is_wrong_in_the_readers_language(full: Place, open_page: Opener) -> None:
    page = open_page(full, "helpdesk", "silences", "fr")
    assert "Choisissez d&#x27;abord quoi" in html_of(page)
    page = open_page(full, "helpdesk", "silences", "nl", station="*")
    page.segmented_control(key="repeats").set_value("cron").run()
    page.text_input(key="cron").set_value("0 25 * * *").run()
    assert "De cronregel klopt niet (hour)" in html_of(page)
    assert page.button(key="make").disabled


def test_a_customer_has_no_page_of_silences(full: Place, open_page: Opener) -> None:
    page = open_page(full, "customer", "silences", "nl", alone=True)
    assert "Niet gevonden" in html_of(page)


@pytest.mark.parametrize("role", ["helpdesk", "installer", "customer"])
def test_every_role_opens_its_fault_with_the_proof_of_notice(
    full: Place, open_page: Opener, role: str
) -> None:
    page = open_page(full, role, "fault", "en", id="i" + "0" * 15)
    assert not page.exception
    assert ("volta-monteur" in html_of(page)) == (role != "customer")
