"""A real owner process for the pages: empty or filled, with people who may sign in, and the dashboard before
it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from data.people import add_user
from data.store import Store
from pages import _data, _owner, _session
from pages._menu import MENU
from tests.pages.factory import fill
from tests.pages.opening import PAGES, SHELL, Opener
from tests.sinks import free_ports

HOUSE = Path(__file__).resolve().parents[2]
PASSWORD = "genoeg-geheim"
PEOPLE = [
    ("els@mobiflow.example", "Els Claes", "helpdesk", None),
    ("jan@volta.example", "Jan Volta", "installer", "Volta Installaties"),
    ("an@linde.example", "An Peeters", "customer", "Brouwerij De Linde"),
]
EMAIL = {role: email for email, _, role, _ in PEOPLE}
# Short, so that a fault on the wire is an incident at once.
# Customers have a way out that nobody answers: their page offers it.
QUICK = [
    "hold.scale=0",
    "hold.clear_delay_s=1",
    "hold.boot_noise_s=0",
    "customers.url=json://127.0.0.1:9/{email}",
]


class Place(NamedTuple):
    """A running owner process. `env` is what the dashboard needs to find it."""

    directory: Path
    http_url: str
    ocpp_url: str
    env: dict[str, str]
    token: str
    sessions: dict[str, str]

    def session_of(self, role: str) -> str:
        """One session per role for the whole suite: a password check is slow on purpose."""
        if role not in self.sessions:
            self.sessions[role] = self.sign_in(role)
        return self.sessions[role]

    def sign_in(self, role: str) -> str:
        """A session as the sign-in form would get it."""
        answer = httpx.post(
            f"{self.http_url}/api/login",
            json={"email": EMAIL[role], "password": PASSWORD, "address": "127.0.0.1"},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["session"])


@contextmanager
def process(
    command: list[str], ready: str, env: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` until `ready` answers, ends it at the end."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            command,
            cwd=HOUSE,
            env={**os.environ, **env},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            assert running.poll() is None, log.read_text()
            try:
                if httpx.get(ready, timeout=1).status_code < 500:
                    break
            except httpx.HTTPError:
                assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextmanager
def owner(directory: Path, *, full: bool) -> Iterator[Place]:
    with Store.open(directory / "laadwacht.duckdb") as store:
        for email, name, role, party in PEOPLE:
            add_user(store, email=email, password=PASSWORD, name=name, role=role, party=party)
        if full:
            fill(store, datetime.now(UTC))
    ocpp, http, read = free_ports(3)
    command = [sys.executable, "-m", "collectors", "serve", "--data-dir", str(directory)]
    command += ["--ocpp-port", str(ocpp), "--http-port", str(http), "--set", f"read_door.port={read}"]
    for option in QUICK:
        command += ["--set", option]
    url = f"http://127.0.0.1:{http}"
    with process(command, f"{url}/healthz", {}, directory / "owner.log"):
        token_file = directory / "read.token"
        env = {
            "LAADWACHT_READ_URL": f"quack:localhost:{read}",
            "LAADWACHT_READ_TOKEN_FILE": str(token_file),
            "LAADWACHT_HTTP_URL": url,
        }
        yield Place(directory, url, f"ws://127.0.0.1:{ocpp}", env, token_file.read_text().strip(), {})


@contextmanager
def dashboard(place: Place) -> Iterator[str]:
    (port,) = free_ports(1)
    env = {**place.env, "LAADWACHT_DASHBOARD_HOST": "127.0.0.1", "LAADWACHT_DASHBOARD_PORT": str(port)}
    url = f"http://127.0.0.1:{port}"
    with process(
        [sys.executable, "app.py"], f"{url}/healthz", env, place.directory / f"dashboard-{port}.log"
    ):
        yield url


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with owner(tmp_path_factory.mktemp("full"), full=True) as place:
        yield place


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with owner(tmp_path_factory.mktemp("bare"), full=False) as place:
        yield place


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Opens a page as somebody signed in. AppTest has no cookies: the session is given at that one place."""

    def run(
        place: Place, role: str | None, name: str, language: str = "nl", *, alone: bool = False, **query: str
    ) -> AppTest:
        """`alone`: the page's own file without the shell, as a deep link to a naive layout would run it."""
        session = place.session_of(role) if role else None
        monkeypatch.setattr(
            _session, "cookie", lambda name: session if name == _session.SESSION_COOKIE else None
        )
        for key, value in place.env.items():
            monkeypatch.setenv(key, value)
        test = AppTest.from_file(str(PAGES / f"{name}.py" if alone else SHELL), default_timeout=30)
        test.session_state["language"] = language
        for key, value in query.items():
            test.query_params[key] = value
        test.run()
        if alone or role is None or name == MENU[role][0]:
            return test
        for key, value in query.items():
            test.query_params[key] = value
        return test.switch_page(f"{name}.py").run()

    yield run
    _data._kept.clear()
    _data._kept_long.clear()
    _owner._recent.clear()
