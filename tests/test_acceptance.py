"""The whole way, from outside: a station that is not ours, the owner process, Apprise, real receivers.

The station is played by the `websockets` package's own client; the receivers are an HTTP and a mail server on
loopback. Nothing of the product runs in this process.
"""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from data.store import Store
from tests.sinks import HttpSink, SmtpSink, http_sink, smtp_sink
from tests.test_cli import HEADER, laadwacht
from tests.test_serving import free_ports, place, running, settings_in
from tests.waiting import until

__all__ = ["free_ports", "place"]

STATION = "BE-GNT-0001"


@pytest.fixture
def desk() -> Iterator[HttpSink]:
    with http_sink() as sink:
        yield sink


@pytest.fixture
def mailbox() -> Iterator[SmtpSink]:
    with smtp_sink() as sink:
        yield sink


@pytest.fixture
def watched(place: Path, desk: HttpSink, mailbox: SmtpSink) -> Path:
    """A configuration in which every fault opens at once: helpdesk by webhook, installer by mail."""
    with (place / "laadwacht.toml").open("a") as file:
        file.write(
            f"""
            [hold]
            scale = 0
            clear_delay_s = 0
            boot_noise_s = 0
            [delivery]
            group_wait_s = 0
            [authorisation]
            blocked = ["BADCARD1"]
            [destinations.desk]
            party = "operator"
            url = "{desk.url}"
            [destinations.volta]
            party = "installer:Volta"
            url = "{mailbox.url}"
            """
        )
    (place / "register.csv").write_text(
        HEADER + f"{STATION},Dampoort,Dampoortstraat 1 Gent,51.05,3.74,Alfen,Eve,Stad Gent,Volta,,,22,2\n"
    )
    assert laadwacht("stations", "import", "register.csv", cwd=place).returncode == 0
    return place


class Station:
    """Asks and waits for the answer, as OCPP-J demands."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    def ask(self, action: str, payload: dict[str, Any]) -> Any:
        message_id = f"{action}-{next(self._ids)}"
        self._socket.send(json.dumps([2, message_id, action, payload]))
        answer = json.loads(self._socket.recv(timeout=20))
        assert answer[:2] == [3, message_id]
        return answer[2]

    def status(self, status: str, error_code: str = "NoError") -> None:
        self.ask("StatusNotification", {"connectorId": 1, "status": status, "errorCode": error_code})


@contextmanager
def station(place: Path) -> Iterator[Station]:
    url = f"ws://127.0.0.1:{settings_in(place).ocpp.port}/{STATION}"
    with connect(url, subprotocols=[Subprotocol("ocpp1.6")], proxy=None) as socket:
        one = Station(socket)
        boot = one.ask("BootNotification", {"chargePointVendor": "Alfen", "chargePointModel": "Eve"})
        assert boot["status"] == "Accepted"
        yield one


def test_a_hardware_fault_is_mailed_to_the_installer_and_so_is_its_end(
    watched: Path, desk: HttpSink, mailbox: SmtpSink
) -> None:
    with running("serve", watched), station(watched) as one:
        one.status("Available")
        one.status("Faulted", "GroundFailure")
        assert mailbox.wait_for(1, 60)
        opened = mailbox.mails[0].message
        text = opened.get_content()
        assert STATION in opened["Subject"]
        for told in (STATION, "Dampoort", "Volta", "GroundFailure"):
            assert told in text, f"{told} is missing in:\n{text}"
        one.status("Available")
        assert mailbox.wait_for(2, 60)
        assert STATION in mailbox.mails[1].message["Subject"]
        assert mailbox.mails[1].message["Subject"] != opened["Subject"]
        assert desk.requests == [], "the helpdesk hears nothing of what is the installer's"


def test_a_software_fault_is_posted_to_the_helpdesk_and_not_to_the_installer(
    watched: Path, desk: HttpSink, mailbox: SmtpSink
) -> None:
    with running("serve", watched), station(watched) as one:
        one.status("Available")
        for card in ("GOODCARD", "BADCARD1", "BADCARD1", "BADCARD1"):
            one.ask("Authorize", {"idTag": card})
        until(lambda: desk.requests, "a message at the helpdesk")
        told = desk.requests[0].json()
        assert STATION in told["title"]
        assert "BADCARD1" not in json.dumps(told), "a card number never leaves"
        assert mailbox.mails == []


def test_an_owner_killed_and_started_again_tells_nobody_twice(
    watched: Path, desk: HttpSink, mailbox: SmtpSink
) -> None:
    with running("serve", watched) as owner, station(watched) as one:
        one.status("Faulted", "GroundFailure")
        assert mailbox.wait_for(1, 60)
        until(lambda: delivered_in(watched, owner) == 1, "the message marked as sent")
        owner.kill()
        owner.wait()
    with running("serve", watched) as owner, station(watched) as one:
        one.status("Faulted", "GroundFailure")
        one.status("Available")
        assert mailbox.wait_for(2, 60)
        owner.send_signal(signal.SIGTERM)
        assert owner.wait(30) == 0
    subjects = [mail.message["Subject"] for mail in mailbox.mails]
    assert len(subjects) == len(set(subjects)) == 2
    with Store.open(settings_in(watched).database) as store:
        rows = store.sql("SELECT reason, state FROM notice ORDER BY seq").rows()
        assert rows == [("first", "sent"), ("resolved", "sent")]


def delivered_in(place: Path, owner: subprocess.Popen[str]) -> int:
    """How many messages the running owner counts as accepted by a receiver."""
    assert owner.poll() is None
    text = httpx.get(f"{settings_in(place).http_url}/metrics", trust_env=False).text
    lines = [line for line in text.splitlines() if line.startswith("laadwacht_notices_total")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if 'outcome="sent"' in line)
