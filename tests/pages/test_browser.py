"""The pages in a real browser before a real owner process: deep links, roles, phone, languages, acting on a
fault.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from websockets.sync.client import connect

from data.read import HELPDESK, ReadDoor
from pages._inbox import height_of_row
from pages._menu import MENU
from pages._texts import text
from tests.pages.accessible import accessible
from tests.pages.conftest import EMAIL, PASSWORD, Place, dashboard
from tests.pages.test_actions import audit, on_the_line, wait_for

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
DESK = {"viewport": {"width": 1440, "height": 900}}
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)  # the default of 5 s is short of a page on a busy machine
OWN = "BE-GNT-0001"  # a charger of the customer and the installer who sign in here
FORMS = ("silences", "customer")  # pages with a form that is folded away at first
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Visit = Callable[..., Page]
T = TypeVar("T")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def url(full: Place) -> Iterator[str]:
    with dashboard(full) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Opens a path as somebody; afterwards no request may have gone to anybody but the dashboard."""
    contexts, outside = [], []

    def open_(role: str | None, path: str, *, phone: bool = False, lang: str = "nl", at: str = url) -> Page:
        context = browser.new_context(
            locale="nl-BE",
            timezone_id="Europe/Brussels",
            reduced_motion="reduce",
            **(PHONE if phone else DESK),
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        own = (at, at.replace("http", "ws"), "data:", "blob:")
        page.on(
            "request", lambda request: None if request.url.startswith(own) else outside.append(request.url)
        )
        if lang != "nl":
            page.goto(f"{at}/login?lang={lang}")
        page.goto(at + path)
        if role is not None:
            fill_in(page, role)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert outside == []


def fill_in(page: Page, role: str) -> None:
    page.fill("#lw-email", EMAIL[role])
    page.fill("#lw-password", PASSWORD)
    page.click("button[type=submit]")


def drawn(page: Page) -> None:
    """Something of ours is on the page, and Streamlit shows no error box."""
    expect(page.locator(".lw-title, .lw-sentence, .lw-head, .lw-empty").first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_the_first_request_to_a_fresh_server_is_a_gated_deep_link_that_survives_sign_in(
    full: Place, visit: Visit
) -> None:
    with dashboard(full) as fresh:
        page = visit(None, "/fault?id=i000000000000000", at=fresh)
        expect(page).to_have_url(re.compile("/login"))
        fill_in(page, "installer")
        expect(page.locator(".lw-head h3")).to_have_text("Aardfout", timeout=WAIT_MS)
        assert page.url.endswith("/fault?id=i000000000000000")
        # The naive layout would list every page of every role here.
        page.goto(fresh + "/triage")
        expect(page.get_by_text("Page not found").first).to_be_visible(timeout=WAIT_MS)


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in MENU.items() for name in names])
def test_every_page_of_a_role_opens_on_a_desk_is_accessible_and_fits_a_phone(
    visit: Visit, role: str, name: str
) -> None:
    path = "/" if name == MENU[role][0] else f"/{name}"
    page = visit(role, path)
    drawn(page)
    if name in FORMS:
        page.locator("summary").first.click()
        expect(page.locator("details[open] button").last).to_be_visible()
    if role == "helpdesk" or name not in MENU["helpdesk"]:  # once is enough for what roles share
        accessible(page)
    page = visit(role, path, phone=True)
    drawn(page)
    fits(page)


def test_the_check_of_accessibility_finds_an_image_without_words(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'></main>")
    with pytest.raises(AssertionError, match="image-alt"):
        accessible(page)
    page.close()


@pytest.mark.parametrize("path", ["/login", "/unsubscribe?t=wrong", "/m/wrong"])
def test_a_page_without_sign_in_is_accessible(visit: Visit, path: str) -> None:
    accessible(visit(None, path, phone=True))


@pytest.mark.parametrize("path", ["/fault?id=i000000000000000", f"/station?station={OWN}"])
@pytest.mark.parametrize("role", ["helpdesk", "customer"])
def test_what_a_link_leads_to_is_accessible_and_named_in_its_tab(visit: Visit, role: str, path: str) -> None:
    page = visit(role, path, phone=True)
    drawn(page)
    accessible(page)
    expect(page).to_have_title(re.compile(rf"{OWN}.* · Laadwacht"))


@pytest.mark.parametrize("name", ["uptime", "notices", "sessions"])
def test_the_last_column_of_a_table_is_seen_on_a_phone(visit: Visit, name: str) -> None:
    page = visit("helpdesk", f"/{name}", phone=True)
    table = page.locator(".lw-scroll").first
    expect(table).to_be_visible(timeout=WAIT_MS)
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")


@pytest.mark.parametrize("lang", ["nl", "fr", "en"])
def test_the_language_of_the_sign_in_page_goes_on_inside(visit: Visit, lang: str) -> None:
    page = visit("helpdesk", "/triage", lang=lang)
    expect(page.locator(".lw-title h1")).to_have_text(text(lang, "triage.title"))


def test_the_language_is_switched_without_leaving_the_page(visit: Visit) -> None:
    page = visit("helpdesk", "/uptime")
    expect(page.locator(".lw-title h1")).to_have_text("Beschikbaarheid")
    page.click(".st-key-account button")
    page.get_by_text("Français").click()
    expect(page.locator(".lw-title h1")).to_have_text("Disponibilité")
    assert page.url.endswith("/uptime")


def test_signing_out_ends_the_session(visit: Visit, url: str) -> None:
    page = visit("customer", "/")
    drawn(page)
    page.click(".st-key-account button")
    page.click("form[action='/logout'] button")
    expect(page).to_have_url(re.compile("/login$"))
    page.goto(url + "/sessions")
    expect(page).to_have_url(re.compile("/login"))


def test_a_thumb_can_press_the_installers_button(visit: Visit) -> None:
    page = visit("installer", "/", phone=True)
    button = page.get_by_role("button", name="Ik pak dit op").first
    expect(button).to_be_visible()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["width"] > 250
    assert page.locator(".js-plotly-plot, [data-testid=stDataFrame]").count() == 0


def test_a_card_leads_to_its_fault(visit: Visit) -> None:
    page = visit("helpdesk", "/")
    page.locator("[class*=st-key-hit-open] a").first.click()
    expect(page.locator(".lw-head h3")).to_be_visible()
    assert "/fault?id=" in page.url


def test_a_number_typed_at_the_call_desk_gives_one_plain_verdict(visit: Visit) -> None:
    page = visit("helpdesk", "/")
    box = page.locator(".st-key-find input")
    box.click()
    box.press_sequentially("NAM-0001")
    box.press("Enter")
    expect(page.locator(".lw-sentence")).to_contain_text("niet bereikbaar")


def test_a_serial_number_read_to_the_call_desk_finds_its_station(visit: Visit) -> None:
    page = visit("helpdesk", "/")
    box = page.locator(".st-key-find input")
    box.click()
    box.press_sequentially("SN9003")
    box.press("Enter")
    expect(page.get_by_text("SN9003", exact=True)).to_be_visible()


def report(place: Place, station: str) -> None:
    """A station of our own says over OCPP that its reader failed."""
    with connect(f"{place.ocpp_url}/{station}", subprotocols=["ocpp1.6"]) as line:  # type: ignore[list-item]
        boot = {"chargePointVendor": "Alfen", "chargePointModel": "NG910"}
        fault = {"connectorId": 1, "errorCode": "ReaderFailure", "status": "Faulted"}
        for number, (action, payload) in enumerate(
            [("BootNotification", boot), ("StatusNotification", fault)]
        ):
            line.send(json.dumps([2, str(number), action, payload]))
            line.recv(timeout=10)


def test_a_live_fault_is_selected_and_acknowledged_and_the_store_knows_who_did(
    full: Place, visit: Visit
) -> None:
    station = "BE-LEU-0002"
    report(full, station)
    door = ReadDoor(full.env["LAADWACHT_READ_URL"], Path(full.env["LAADWACHT_READ_TOKEN_FILE"]))
    with door:
        found = wait_for(
            lambda: door.query("station_episodes", HELPDESK, station=station, since=LONG_AGO).rows(named=True)
        )
        incident = found[0]["incident_id"]
        page = visit("helpdesk", "/triage?tray=all")
        page.fill(".st-key-wanted input", station)
        page.press(".st-key-wanted input", "Enter")
        expect(page.locator(".st-key-detail .lw-head")).to_contain_text(station)
        page.get_by_role("button", name="Bevestigen").click()
        row = wait_for(lambda: acknowledged(door, incident))
        assert row["acknowledged_by"] == EMAIL["helpdesk"]
        page.get_by_text("Van mij").click()
        expect(page.locator(".st-key-detail .lw-head")).to_contain_text("Opgepakt door")


def acknowledged(door: ReadDoor, incident: str) -> dict[str, object] | None:
    row = door.query("incident", HELPDESK, incident_id=incident).row(0, named=True)
    return row if row["acknowledged_at"] else None


def test_a_tray_is_part_of_the_address_and_back(visit: Visit) -> None:
    page = visit("helpdesk", "/triage?tray=closed")
    expect(page.locator(".st-key-detail .lw-badges")).to_contain_text("opgelost")
    page.get_by_text(re.compile(r"^Mobiflow \d+$")).click()
    expect(page).to_have_url(re.compile("tray=operator"))
    expect(page.locator(".st-key-detail .lw-owner")).to_contain_text("Mobiflow")


def test_on_a_phone_a_fault_is_chosen_from_a_list(visit: Visit) -> None:
    page = visit("helpdesk", "/triage?tray=all", phone=True)
    expect(page.locator(".st-key-detail .lw-head h3")).to_have_text("Hele locatie offline")
    expect(page.locator(".st-key-sheet")).to_be_hidden()
    page.locator(".st-key-pick input").click()
    page.get_by_role("option", name=re.compile("Zwak signaal")).click()
    expect(page.locator(".st-key-detail .lw-head h3")).to_have_text("Zwak signaal")


def test_a_fault_is_chosen_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("helpdesk", "/triage?tray=all")
    expect(page.locator(".st-key-detail .lw-head h3")).to_have_text("Hele locatie offline")
    page.locator(".st-key-wanted input").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("Zwak signaal")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-detail .lw-head h3")).to_have_text("Zwak signaal")


def test_choosing_a_row_of_the_grid_shows_its_proof(visit: Visit) -> None:
    page = visit("helpdesk", "/triage?tray=all")
    row = 3
    cell = page.get_by_test_id("stDataFrame").first.get_by_test_id(f"glide-cell-2-{row}")
    expect(cell).to_be_attached()
    name = cell.inner_text()
    names = page.get_by_test_id("stDataFrame").first.locator("[data-testid^=glide-cell-2-]").all_inner_texts()
    height = height_of_row(names)
    canvas = page.get_by_test_id("data-grid-canvas").first.bounding_box()
    assert canvas is not None
    page.mouse.click(canvas["x"] + 20, canvas["y"] + 38 + row * height + height / 2)
    expect(page.locator(".st-key-detail .lw-head h3")).to_have_text(name)
    page.get_by_text("Ruwe berichten").click()
    expect(page.locator(".st-key-detail pre").first).to_contain_text("StatusNotification")


def test_a_restart_asks_for_the_number_and_reaches_the_station(full: Place, visit: Visit) -> None:
    station = "BE-HAS-0002"
    with on_the_line(full, station) as line:
        page = visit("helpdesk", f"/station?station={station}")
        page.get_by_role("button", name="Herstarten").click()
        confirm = page.locator(".st-key-reset-now button")
        expect(confirm).to_be_disabled()
        page.fill(".st-key-reset-typed input", station)
        page.press(".st-key-reset-typed input", "Enter")
        page.fill(".st-key-reset-why input", "Kaartlezer hangt")
        page.press(".st-key-reset-why input", "Enter")
        expect(confirm).to_be_enabled()
        confirm.click()
        wait_for(lambda: "Reset" in line.told or None)
        wait_for(lambda: (EMAIL["helpdesk"], "helpdesk", "Reset", "accepted") in audit(full) or None)
