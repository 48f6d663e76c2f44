"""Pages and named queries before a large fleet with a year of history: first paint, interactions, queries.

    python -m tests.bench.pages [--stations 2000] [--connectors 5] [--visits 100]
        [--frames 1000000] [--data DIR]

Makes the fleet (kept in DIR when given, and used again), runs a real owner process and dashboard on it,
and a headless Chromium on the same machine. Cold is a browser without cache before a dashboard that has
finished starting, kept the second visit to the page, ended by the first element of ours. Prints
milliseconds, with the machine's load beside them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from data.people import add_user
from data.read import ReadDoor
from data.scope import Scope
from data.store import Store
from pages._menu import MENU
from tests.bench.fleet_year import fill_year
from tests.pages.conftest import EMAIL, HOUSE, PASSWORD, dashboard, free_ports, process
from tests.pages.conftest import Place as Owner
from tests.pages.test_browser import DESK, FLAGS, PHONE

SCOPES = {
    "helpdesk": Scope("helpdesk"),
    "installer": Scope("installer", "Installateur 3"),
    "customer": Scope("customer", "Klant 3"),
}
STARTED_S = 6  # what a dashboard prepares beside its start
OURS = ".lw-title, .lw-sentence, .lw-head, .lw-empty"


def say(what: str, *ms: float) -> None:
    print(f"{what:<58} {'  '.join(f'{m:6.0f}' for m in ms)}   load {os.getloadavg()[0]:.1f}", flush=True)


def timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


@contextmanager
def running(directory: Path) -> Iterator[Owner]:
    ocpp, http, read = free_ports(3)
    command = [sys.executable, "-m", "collectors", "serve", "--data-dir", str(directory)]
    command += ["--ocpp-port", str(ocpp), "--http-port", str(http), "--set", f"read_door.port={read}"]
    url, token = f"http://127.0.0.1:{http}", directory / "read.token"
    with process(command, f"{url}/healthz", {}, directory / "owner.log"):
        env = {
            "LAADWACHT_READ_URL": f"quack:localhost:{read}",
            "LAADWACHT_READ_TOKEN_FILE": str(token),
            "LAADWACHT_HTTP_URL": url,
        }
        yield Owner(directory, url, f"ws://127.0.0.1:{ocpp}", env, token.read_text().strip(), {})


def queries(place: Owner) -> None:
    print("\nread door: three times each, ms")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    past = {days: now - timedelta(days=days) for days in (7, 30, 90, 365)}
    station = "BE-GNT-00000"
    period = {"since": past[90], "until": now}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        (
            "uptime",
            "helpdesk",
            {"since": past[days], "until": now, "station": None, "levels": ["total", "day", "station"]},
        )
        for days in (365, 90, 30)
    ]
    asked += [
        ("uptime", role, {**period, "station": None, "levels": ["station_day"]})
        for role in ("installer", "customer")
    ]
    asked += [
        ("uptime", "helpdesk", {**period, "station": station, "levels": ["total", "day"]}),
        ("stations", "helpdesk", {"station": None}),
        ("incidents", "helpdesk", {"closed_since": past[7], "counted_since": past[30], "limit": 500}),
        ("fleet_freshness", "helpdesk", {}),
        ("sessions", "helpdesk", {**period, "station": None, "limit": 25, "offset": 0}),
        ("sessions_by_day", "helpdesk", {**period, "station": None}),
        ("station_episodes", "helpdesk", {"station": station, "since": past[90]}),
        ("station_connectors", "helpdesk", {"station": station}),
        ("station_messages", "helpdesk", {"station": station, "limit": 100}),
        ("station_findings", "helpdesk", {"station": station, "since": past[30]}),
        ("notices", "helpdesk", {"since": past[30], "limit": 200, "swallowed": False}),
    ]
    with ReadDoor(
        place.env["LAADWACHT_READ_URL"], Path(place.env["LAADWACHT_READ_TOKEN_FILE"]), timeout_s=120
    ) as door:
        for name, role, params in asked:
            days = f" {(now - params['since']).days} d" if "since" in params else ""
            ms = [timed(lambda: door.query(name, SCOPES[role], **params)) for _ in range(3)]  # noqa: B023
            say(f"{name}{days}, {role}{', one station' if params.get('station') else ''}", *ms)


def signed_in(browser: Browser, url: str, place: Owner, role: str, *, phone: bool) -> Page:
    context = browser.new_context(locale="nl-BE", timezone_id="Europe/Brussels", **(PHONE if phone else DESK))
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "laadwacht_session", "value": place.session_of(role), "url": url}])
    return context.new_page()


def until_ours(page: Page, act: Callable[[], Any], wanted: str = OURS) -> float:
    def whole() -> None:
        act()
        page.locator(wanted).first.wait_for()

    return timed(whole)


def paints(browser: Browser, url: str, place: Owner) -> None:
    print("\nfirst paint: cold, kept, ms")
    for role, names in MENU.items():
        for name in names:
            address = url + ("/" if name == names[0] else f"/{name}")
            page = signed_in(browser, url, place, role, phone=role == "installer")
            page.goto(f"{url}/healthz")
            cold = until_ours(page, lambda: page.goto(address))  # noqa: B023
            kept = until_ours(page, lambda: page.goto(address))  # noqa: B023
            say(f"{role} {name}{' (phone)' if role == 'installer' else ''}", cold, kept)
            page.context.close()
    page = signed_in(browser, url, place, "helpdesk", phone=False)
    say(
        "helpdesk station",
        *(until_ours(page, lambda: page.goto(f"{url}/station?station=BE-GNT-00000")) for _ in "12"),
    )
    page.context.close()


def interactions(browser: Browser, url: str, place: Owner) -> None:
    print("\ninteractions: three times each, ms")
    page = signed_in(browser, url, place, "helpdesk", phone=False)
    page.goto(f"{url}/triage?tray=all")
    page.locator(".st-key-detail .lw-head").wait_for()
    page.wait_for_timeout(1500)
    box = page.get_by_test_id("data-grid-canvas").first.bounding_box()
    assert box is not None
    ms = []
    for row in (3, 5, 7):
        cell = page.get_by_test_id("stDataFrame").first.get_by_test_id(f"glide-cell-3-{row}")
        name = cell.inner_text()
        y = box["y"] + 38 + row * 40 + 20
        ms.append(
            until_ours(
                page,
                lambda y=y: page.mouse.click(box["x"] + 20, y),  # type: ignore[misc]
                f".st-key-detail .lw-head:has-text('{name}')",
            )
        )
    say("triage: choose a row, until its proof stands", *ms)
    for path, ends in (("Laadsessies", "/sessions"), ("Beschikbaarheid", "/uptime"), ("Overzicht", "/")):
        link = page.get_by_test_id("stTopNavLink").filter(has_text=path).first
        say(
            f"menu: to {path} ({ends})",
            until_ours(page, link.click, f"h1:text-is('{path}')"),
        )
    page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("stations", 2000), ("connectors", 5), ("visits", 100), ("frames", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory: Path = given.data or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / "laadwacht.duckdb").exists():
            with Store.open(directory / "laadwacht.duckdb") as store:
                for role, scope in SCOPES.items():
                    add_user(
                        store,
                        email=EMAIL[role],
                        password=PASSWORD,
                        name=role.title(),
                        role=role,
                        party=scope.party,
                    )
                fill_year(
                    store,
                    datetime.now(UTC),
                    stations=given.stations,
                    connectors=given.connectors,
                    visits=given.visits,
                    frames=given.frames,
                )
        print(f"{HOUSE.name}, {os.cpu_count()} cores, load {os.getloadavg()}")
        with running(directory) as place:
            queries(place)
            with dashboard(place) as url, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                time.sleep(STARTED_S)
                paints(browser, url, place)
                interactions(browser, url, place)
                browser.close()


if __name__ == "__main__":
    main()
