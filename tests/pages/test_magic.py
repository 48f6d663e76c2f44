"""From a fault on the wire to a mail, and from its link to the incident: taken, on the way and fixed from a
phone without a password; and what a link must refuse.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from data.extensions import load_extensions
from data.literals import literal
from data.read import HELPDESK, ReadDoor
from data.register import write_register
from data.store import Store
from pages._magic import COOKIE, prepare
from pages._magic_page import list_page
from pages._texts import Words
from rules.core.model import Asset
from tests.pages.accessible import accessible
from tests.pages.conftest import EMAIL, Place, dashboard, owner
from tests.pages.opening import Opener, html_of
from tests.pages.test_actions import Line, audit, events, incident, on_the_line, wait_for
from tests.pages.test_browser import FLAGS, PHONE
from tests.sinks import SmtpSink, smtp_sink

VOLTA, SPARKS = "Volta Installaties", "Sparks"
LINK = re.compile(r"https://wacht\.example/m/([\w-]+)")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# Told at any hour, and alone.
SAFETY = "GroundFailure"
WHO = f"installer:{VOLTA} (link)"
CONFIG = """
[dashboard]
url = "https://wacht.example"
[delivery]
group_wait_s = 0
[destinations.volta]
party = "installer:Volta Installaties"
url = "{volta}"
language = "nl"
[destinations.sparks]
party = "installer:Sparks"
url = "{sparks}"
language = "fr"
"""


class House(NamedTuple):
    place: Place
    url: str
    volta: SmtpSink
    sparks: SmtpSink
    door: ReadDoor

    def link(self, box: SmtpSink, station: str) -> str:
        """The newest link that was sent about a station."""

        def look() -> str | None:
            texts = [str(mail.message.get_content()) for mail in box.mails]
            found = [LINK.search(text) for text in texts if station in text]
            return found[-1].group(1) if found and found[-1] else None

        return wait_for(look)


class Visitor:
    """A phone with cookies, that follows where it is sent."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, follow_redirects=True, trust_env=False, timeout=20)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query)

    def press(self, path: str, **form: str) -> httpx.Response:
        """A button of the page that was looked at last."""
        csrf = self.client.cookies.get("laadwacht_csrf") or ""
        return self.client.post(path, data={"csrf": csrf, **form})


Arrive = Callable[[], Visitor]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("magic")
    assets = [
        Asset(station=name, site=site, address=where, installer=who, latitude=51.05, longitude=3.72)
        for name, site, where, who in (
            ("GNT-1", "Korenmarkt", "Korenmarkt 1, 9000 Gent", VOLTA),
            ("GNT-2", "Dampoort", "Dampoort 2, 9000 Gent", VOLTA),
            ("GNT-3", "Muide", "Muide 3, 9000 Gent", VOLTA),
            ("LIE-1", "Guillemins", "Place des Guillemins 2, 4000 Liège", SPARKS),
        )
    ]
    with Store.open(directory / "laadwacht.duckdb") as store:
        write_register(store, assets)
    with smtp_sink() as volta, smtp_sink() as sparks:
        config = CONFIG.format(volta=volta.url, sparks=sparks.url)
        (directory / "laadwacht.toml").write_text(config, encoding="utf-8")
        with owner(directory, full=False) as place, dashboard(place) as url:
            token_file = Path(place.env["LAADWACHT_READ_TOKEN_FILE"])
            with ReadDoor(place.env["LAADWACHT_READ_URL"], token_file) as door:
                yield House(place, url, volta, sparks, door)


@pytest.fixture(scope="module")
def lines(house: House) -> Iterator[dict[str, Line]]:
    with (
        on_the_line(house.place, "GNT-1", SAFETY) as one,
        on_the_line(house.place, "GNT-2", SAFETY) as two,
        on_the_line(house.place, "GNT-3", SAFETY) as three,
        on_the_line(house.place, "LIE-1", SAFETY) as other,
    ):
        yield {line.station: line for line in (one, two, three, other)}


@pytest.fixture
def arrive(house: House) -> Iterator[Arrive]:
    """Somebody else each time."""
    with ExitStack() as leaving:

        def one() -> Visitor:
            visitor = Visitor(house.url)
            leaving.enter_context(visitor.client)
            return visitor

        yield one


def incident_of(house: House, station: str) -> str:
    rows = house.door.query("station_episodes", HELPDESK, station=station, since=LONG_AGO)
    return str(rows.filter(rows["state"] == "open")["incident_id"][0])


def stored(house: House, text: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        load_extensions(connection)
        url = literal(house.place.env["LAADWACHT_READ_URL"])
        connection.execute(f"ATTACH {url} AS owner (TYPE quack, TOKEN {literal(house.place.token)})")
        return connection.execute("FROM owner.query(?)", [text]).fetchall()


def test_looking_uses_nothing_up_and_tells_all_that_is_needed(
    house: House, lines: dict[str, Line], arrive: Arrive
) -> None:
    token = house.link(house.volta, "GNT-1")
    scanner = arrive()
    for _ in range(3):
        assert scanner.client.head(f"/m/{token}").status_code in (200, 405)
        looked = scanner.get(f"/m/{token}")
        assert looked.status_code == 200
        assert COOKIE not in scanner.client.cookies
    for words in (
        "Aardfout",
        "GNT-1",
        "Korenmarkt 1, 9000 Gent",
        "Nog door niemand",
        "GroundFailure",
    ):
        assert words in looked.text
    for words in ("Eerst proberen", "Niet doen:", "Isolatiemeter", "tel:092964545"):
        assert words in looked.text
    assert looked.headers["cache-control"] == "no-store"
    assert looked.headers["referrer-policy"] == "no-referrer"
    assert "script" not in looked.headers["content-security-policy"]
    assert "<script" not in looked.text
    rows = stored(house, "SELECT used_at FROM magic_link")
    assert {used for (used,) in rows} == {None}


def test_taken_on_the_way_and_fixed_from_a_phone_without_a_password(
    house: House, lines: dict[str, Line], open_page: Opener
) -> None:
    token, number = house.link(house.volta, "GNT-1"), incident_of(house, "GNT-1")
    outside: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_context(**{**PHONE, "viewport": {"width": 320, "height": 640}}).new_page()
        page.on("request", lambda sent: sent.url.startswith(house.url) or outside.append(sent.url))
        for language, word in (("fr", "Je m'en occupe"), ("en", "I'll take it"), ("nl", "Ik pak dit op")):
            page.goto(f"{house.url}/m/{token}?lang={language}")
            expect(page.locator("button[value=take]")).to_have_text(word)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language
            low = "[...document.querySelectorAll('button,summary,a.lw-button,select')]"
            assert page.evaluate(f"{low}.every(e => !e.offsetHeight || e.offsetHeight >= 44)")
        accessible(page)
        page.locator("button[value=take]").click()
        expect(page.locator("[role=status]")).to_contain_text("u neemt dit op")
        assert token not in page.url
        page.locator("#lw-eta").select_option("30")
        page.locator("button[value=on_my_way]").click()
        expect(page.locator(".state")).to_contain_text(f"{VOLTA} (via link) is onderweg, verwacht op")
        page.locator("summary").click()
        accessible(page)
        page.get_by_text("Onderdeel van de laadpaal").click()
        page.locator("#lw-text").fill("Lezer vervangen <b>")
        page.locator("button[value=fixed]").click()
        expect(page.locator("[role=status]")).to_contain_text("Genoteerd, bedankt")
        expect(page.locator(".state")).to_contain_text("meldde dit hersteld")
        kept = {cookie["name"]: cookie for cookie in page.context.cookies()}[COOKIE]
        assert (kept["httpOnly"], kept["sameSite"], kept["path"]) == (True, "Lax", "/m")
        browser.close()
    assert outside == []
    row = wait_for(lambda: (found := incident(house.door, number))["fixed_at"] and found)
    assert (row["acknowledged_by"], row["assignee"], row["state"]) == (WHO, WHO, "open")
    assert row["eta_at"] is not None
    told = [event for event in events(house.door, number) if event[1] == WHO]
    assert told == [("taken", WHO), ("on_my_way", WHO), ("fixed", WHO)]
    assert [entry[2:] for entry in audit(house.place)] == [
        ("take", "accepted"),
        ("on_my_way", "accepted"),
        ("fixed", "accepted"),
    ]
    assert stored(house, "SELECT actor, verdict, text FROM feedback") == [
        (WHO, "confirmed", "Lezer vervangen <b>")
    ]
    shown = html_of(open_page(house.place, "helpdesk", "fault", id=number))
    assert f"{VOLTA} (via link)" in shown
    assert "Lezer vervangen &lt;b&gt;" in shown


def test_a_used_link_lets_nobody_else_in_and_a_fresh_one_comes_where_it_came(
    house: House, lines: dict[str, Line], arrive: Arrive
) -> None:
    token = house.link(house.volta, "GNT-2")
    first, second = arrive(), arrive()
    first.get(f"/m/{token}")
    assert "u neemt dit op" in first.press(f"/m/{token}", act="take").text
    gone = second.get(f"/m/{token}")
    assert gone.status_code == 410
    assert "GNT-2" not in gone.text
    assert second.press(f"/m/{token}", act="take").status_code == 410
    assert second.get("/m").status_code == 410
    assert "is onderweg" in second.press(f"/m/{token}/fresh").text
    assert "Even wachten" in second.press(f"/m/{token}/fresh").text
    fresh = wait_for(lambda: (new := house.link(house.volta, "GNT-2")) != token and new)
    assert len(house.sparks.mails) == 1
    assert (
        "u bent onderweg" in (second.get(f"/m/{fresh}"), second.press(f"/m/{fresh}", act="on_my_way"))[1].text
    )
    assert "Volta Installaties (via link) is onderweg" in first.get(f"/m/{token}").text, "its own session"


def test_a_link_is_for_its_own_incident_only(house: House, lines: dict[str, Line], arrive: Arrive) -> None:
    other, mine = incident_of(house, "LIE-1"), incident_of(house, "GNT-3")
    token = house.link(house.volta, "GNT-3")
    visitor = arrive()
    visitor.get(f"/m/{token}", id=other)
    answer = visitor.press(f"/m/{token}", act="take", id=other)
    assert "GNT-3" in answer.text
    assert "LIE-1" not in visitor.get("/m", id=other).text
    visitor.press("/m", act="take", id=other)
    assert incident(house.door, other)["acknowledged_at"] is None
    assert wait_for(lambda: incident(house.door, mine)["acknowledged_by"]) == WHO
    session = visitor.client.cookies.get(COOKIE)
    asked = {"session": session, "command": {"command": "take", "incident_id": other}}
    told = httpx.post(
        f"{house.place.http_url}/api/magic/act",
        json=asked,
        headers={"Authorization": f"Bearer {house.place.token}"},
    )
    assert told.status_code == 403
    assert visitor.get("/fault", id=mine).status_code == 401, "the pages need a password"


WITHOUT = [
    ("no form of ours", {"csrf": "forged", "act": "take"}, 403),
    ("no choice", {"act": "fixed"}, 400),
    ("a choice that is none", {"act": "fixed", "cause": "magic"}, 400),
    ("no such button", {"act": "reboot"}, 400),
]


@pytest.mark.parametrize(("_what", "form", "status"), WITHOUT, ids=[case[0] for case in WITHOUT])
def test_what_is_no_sound_form_uses_nothing_up(
    house: House, lines: dict[str, Line], arrive: Arrive, _what: str, form: dict[str, str], status: int
) -> None:
    token = house.link(house.sparks, "LIE-1")
    visitor = arrive()
    visitor.get(f"/m/{token}")
    assert visitor.press(f"/m/{token}", **form).status_code == status
    assert COOKIE not in visitor.client.cookies
    assert 'value="take"' in visitor.get(f"/m/{token}").text


def test_guessing_links_is_stopped_and_says_so(house: House, lines: dict[str, Line], arrive: Arrive) -> None:
    visitor = arrive()
    seen = [visitor.get(f"/m/wrong-{number}").status_code for number in range(40)]
    assert seen[0] == 404
    assert seen[-1] == 429
    assert set(seen) == {404, 429}


def test_no_log_names_a_link_or_a_session(house: House, lines: dict[str, Line]) -> None:
    links = [
        LINK.search(str(mail.message.get_content())) for mail in [*house.volta.mails, *house.sparks.mails]
    ]
    tokens = [found.group(1) for found in links if found]
    assert len(tokens) >= 4
    written = [path.read_text(errors="replace") for path in house.place.directory.glob("*.log")]
    metrics = httpx.get(f"{house.place.http_url}/metrics").text
    kept = str(stored(house, "SELECT * FROM notice")) + str(stored(house, "SELECT * FROM magic_link"))
    for token in tokens:
        assert not [text for text in [*written, metrics, kept] if token in text]
    assert len(written) >= 2


def test_the_installers_own_page_has_the_same_three_buttons(
    house: House, lines: dict[str, Line], open_page: Opener
) -> None:
    number = incident_of(house, "GNT-2")
    page = open_page(house.place, "installer", "installer")
    assert "is onderweg" in html_of(page)
    keys = {button.key for button in page.button}
    assert f"take-{number}" not in keys
    page.selectbox(key=f"eta-{number}").select(60).run()
    page.button(key=f"way-{number}").click().run()
    wait_for(lambda: incident(house.door, number)["eta_at"])
    page.button(key=f"fixed-{number}").click().run()
    assert "Kies wat het was" in page.warning[0].value
    page.radio(key=f"cause-{number}").set_value("nothing").run()
    page.button(key=f"fixed-{number}").click().run()
    wait_for(lambda: incident(house.door, number)["fixed_at"])
    found = stored(house, f"SELECT actor, verdict FROM feedback WHERE incident_id = {literal(number)}")
    assert found == [(EMAIL["installer"], "no_fault_found")]


def test_an_access_log_of_another_server_shows_no_link() -> None:
    prepare()
    log = logging.getLogger("uvicorn.access")
    heard: list[str] = []
    ear = logging.Handler()
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(ear)
    log.setLevel(logging.INFO)
    for path in ("/m/abc-DEF_1", "/m/abc-DEF_1?lang=fr", "/m/abc-DEF_1/fresh", "/metrics"):
        log.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", path, "1.1", 200)
    log.removeHandler(ear)
    assert [line.split()[3] for line in heard] == ["/m/…", "/m/…?lang=fr", "/m/…/fresh", "/metrics"]


def test_several_faults_of_one_message_are_a_choice(house: House, lines: dict[str, Line]) -> None:
    numbers = [incident_of(house, station) for station in ("GNT-1", "GNT-3")]
    rows = [incident(house.door, number) for number in numbers]
    text = bytes(list_page(Words("nl"), rows, "/m/abc").body).decode()
    assert "2 storingen" in text
    assert [f'href="/m/abc?id={number}"' in text for number in numbers] == [True, True]
    assert text.index("GNT-1") < text.index("GNT-3")
