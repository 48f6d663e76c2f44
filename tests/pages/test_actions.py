"""What people ask on a page is carried out by the owner process, and stands in the store and audit trail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pytest
from streamlit.testing.v1 import AppTest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from data.commands import (
    Acknowledge,
    AddSilence,
    Command,
    CommandClient,
    Comment,
    EndSilence,
    HandOver,
    Overrule,
    Reset,
    Subscribe,
)
from data.extensions import load_extensions
from data.literals import literal
from data.read import HELPDESK, ReadDoor
from rules.core.calendar.window import Matcher, WindowKind
from rules.core.model import Owner, Side
from tests.pages.conftest import EMAIL, Place, owner
from tests.pages.opening import Opener, html_of

# Stations 0 and 12 of the factory are Volta's and De Linde's, station 5 neither's.
MINE, NOT_MINE = "BE-LIE-0002", "BE-NAM-0001"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
T = TypeVar("T")


class Line:
    """A station on the wire: reports a fault (its reader failed), obeys every command, keeps what it was
    told.
    """

    def __init__(self, station: str, socket: ClientConnection, error: str = "ReaderFailure") -> None:
        self.station = station
        self.told: list[str] = []
        self._socket = socket
        boot = {"chargePointVendor": "Alfen", "chargePointModel": "NG910"}
        fault = {"connectorId": 1, "errorCode": error, "status": "Faulted"}
        socket.send(json.dumps([2, "1", "BootNotification", boot]))
        socket.recv(timeout=20)
        socket.send(json.dumps([2, "2", "StatusNotification", fault]))
        self._thread = threading.Thread(target=self._obey, daemon=True)
        self._thread.start()

    def _obey(self) -> None:
        try:
            for message in self._socket:
                kind, number, *rest = json.loads(message)
                if kind == 2:
                    self.told.append(rest[0])
                    self._socket.send(json.dumps([3, number, {"status": "Accepted"}]))
        except ConnectionClosed:
            return

    def end(self) -> None:
        self._socket.close()
        self._thread.join(10)


@contextmanager
def on_the_line(place: Place, station: str, error: str = "ReaderFailure") -> Iterator[Line]:
    with connect(f"{place.ocpp_url}/{station}", subprotocols=["ocpp1.6"]) as socket:  # type: ignore[list-item]
        line = Line(station, socket, error)
        yield line
        line.end()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Its own owner process: what is done here would change what other tests count."""
    with owner(tmp_path_factory.mktemp("live"), full=True) as place:
        yield place


@pytest.fixture(scope="module")
def door(live: Place) -> Iterator[ReadDoor]:
    with ReadDoor(live.env["LAADWACHT_READ_URL"], Path(live.env["LAADWACHT_READ_TOKEN_FILE"])) as door:
        yield door


@pytest.fixture(scope="module")
def line(live: Place) -> Iterator[Line]:
    with on_the_line(live, MINE) as line:
        yield line


def reader_fault(door: ReadDoor, line: Line) -> str:
    """The incident of the failed reader."""

    def look() -> str | None:
        found = door.query("station_episodes", HELPDESK, station=line.station, since=LONG_AGO)
        mine = found.filter(found["state"] == "open")
        return str(mine["incident_id"][0]) if mine.height else None

    return wait_for(look)


@pytest.fixture(scope="module")
def fault(line: Line, door: ReadDoor) -> str:
    return reader_fault(door, line)


def wait_for(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.1)
    return found


def audit(place: Place) -> list[tuple[Any, ...]]:
    """(actor, role, kind, outcome) of every command, oldest first."""
    with duckdb.connect() as connection:
        load_extensions(connection)
        url = literal(place.env["LAADWACHT_READ_URL"])
        connection.execute(f"ATTACH {url} AS owner (TYPE quack, TOKEN {literal(place.token)})")
        text = "SELECT actor, role, kind, outcome FROM command ORDER BY asked_at"
        return connection.execute("FROM owner.query(?)", [text]).fetchall()


def incident(door: ReadDoor, fault: str) -> dict[str, Any]:
    return door.query("incident", HELPDESK, incident_id=fault).row(0, named=True)


def events(door: ReadDoor, fault: str) -> list[tuple[str, str | None]]:
    return door.query("incident_events", HELPDESK, incident_id=fault).select("event", "actor").rows()


def opened(live: Place, open_page: Opener, role: str, fault: str) -> AppTest:
    page = open_page(live, role, "fault", id=fault)
    assert not page.exception
    return page


def test_an_installer_takes_an_own_fault_and_comments_on_it(
    live: Place, open_page: Opener, door: ReadDoor, fault: str
) -> None:
    opened(live, open_page, "installer", fault).button(key=f"take-{fault}").click().run()
    row = wait_for(lambda: (r := incident(door, fault))["acknowledged_at"] and r)
    assert row["acknowledged_by"] == EMAIL["installer"]
    page = opened(live, open_page, "installer", fault)
    page.text_area(key=f"text-{fault}").set_value("Lezer vervangen <b>morgen</b>").run()
    page.button(key=f"say-{fault}").click().run()
    wait_for(lambda: ("comment", EMAIL["installer"]) in events(door, fault) or None)
    shown = html_of(opened(live, open_page, "installer", fault))
    assert "Lezer vervangen &lt;b&gt;morgen" in shown
    assert (EMAIL["installer"], "installer", "take", "accepted") in audit(live)
    assert (EMAIL["installer"], "installer", "comment", "accepted") in audit(live)


def test_a_verdict_is_overruled_with_a_reason_only(
    live: Place, open_page: Opener, door: ReadDoor, fault: str
) -> None:
    page = opened(live, open_page, "helpdesk", fault)
    page.button(key=f"over-{fault}").click().run()
    assert page.warning
    assert incident(door, fault)["overruled_by"] is None
    page.segmented_control(key=f"side-{fault}").set_value("software").run()
    page.text_area(key=f"over-why-{fault}").set_value("Lezer antwoordt, het platform niet").run()
    page.button(key=f"over-{fault}").click().run()
    row = wait_for(lambda: (r := incident(door, fault))["overruled_by"] and r)
    assert (row["side"], row["overruled_by"]) == ("software", EMAIL["helpdesk"])
    assert (EMAIL["helpdesk"], "helpdesk", "overrule", "accepted") in audit(live)


def test_a_fault_is_handed_over_with_a_reason_only(
    live: Place, open_page: Opener, door: ReadDoor, fault: str
) -> None:
    page = opened(live, open_page, "helpdesk", fault)
    page.selectbox(key=f"to-{fault}").select("customer:Brouwerij De Linde").run()
    page.button(key=f"hand-{fault}").click().run()
    assert page.warning
    page.text_area(key=f"hand-why-{fault}").set_value("De zekering van het gebouw").run()
    page.button(key=f"hand-{fault}").click().run()
    wait_for(lambda: incident(door, fault)["owner"] == "customer" or None)
    assert (EMAIL["helpdesk"], "helpdesk", "hand_over", "accepted") in audit(live)


def test_a_fault_is_snoozed_with_a_reason_and_woken_again(
    live: Place, open_page: Opener, door: ReadDoor, fault: str
) -> None:
    page = opened(live, open_page, "helpdesk", fault)
    page.radio(key=f"snooze-{fault}").set_value("four").run()
    page.checkbox(key=f"member-{fault}").uncheck().run()
    page.button(key=f"snooze-send-{fault}").click().run()
    assert page.warning
    page.text_input(key=f"snooze-why-{fault}").set_value("Technieker komt om drie uur").run()
    page.button(key=f"snooze-send-{fault}").click().run()
    row = wait_for(lambda: found if (found := incident(door, fault))["snoozed_until"] else None)
    assert (row["snoozed_by"], row["snooze_wakes"]) == (EMAIL["helpdesk"], ["back", "worse"])
    assert "snoozed" in row["suppression"]
    page = opened(live, open_page, "helpdesk", fault)
    page.button(key=f"wake-{fault}").click().run()
    wait_for(lambda: incident(door, fault)["snoozed_until"] is None or None)
    assert ("woke", EMAIL["helpdesk"]) in events(door, fault)


@pytest.mark.parametrize("role", ["helpdesk", "installer"])
def test_a_finding_is_saved_and_a_wrong_side_needs_the_right_one(
    live: Place, open_page: Opener, door: ReadDoor, fault: str, role: str
) -> None:
    page = opened(live, open_page, role, fault)
    page.segmented_control(key=f"found-{fault}").set_value("wrong_side").run()
    page.button(key=f"found-save-{fault}").click().run()
    assert page.warning
    page.segmented_control(key=f"found-side-{fault}").set_value("none").run()
    page.text_area(key=f"found-text-{fault}").set_value("Bestuurder trok te vroeg").run()
    page.button(key=f"found-save-{fault}").click().run()
    assert not page.exception

    def told() -> list[tuple[Any, ...]]:
        found = door.query("incident_feedback", HELPDESK, incident_id=fault)
        return [
            row for row in found.select("actor", "verdict", "side", "text").rows() if row[0] == EMAIL[role]
        ]

    assert wait_for(told) == [(EMAIL[role], "wrong_side", "none", "Bestuurder trok te vroeg")]
    assert ("feedback", EMAIL[role]) in events(door, fault)


def test_pages_offer_a_role_only_what_it_may_do(live: Place, open_page: Opener, fault: str) -> None:
    page = opened(live, open_page, "installer", fault)
    keys = {button.key for button in page.button}
    assert not keys & {f"over-{fault}", f"hand-{fault}", f"reset-{MINE}"}
    assert not [button.key for button in opened(live, open_page, "customer", fault).button]


REFUSED = [
    ("customer", lambda fault: Acknowledge(incident_id=fault)),
    ("customer", lambda fault: Overrule(incident_id=fault, side=Side.NONE, owner=Owner.NONE, why="x")),
    ("customer", lambda fault: HandOver(incident_id=fault, to="operator", why="x")),
    ("customer", lambda _: Reset(station=MINE, kind="soft", why="x")),
    ("installer", lambda fault: Overrule(incident_id=fault, side=Side.NONE, owner=Owner.NONE, why="x")),
    ("installer", lambda _: Reset(station=NOT_MINE, kind="soft", why="x")),
    ("installer", lambda _: Comment(incident_id="i000000000000001", text="x")),
    ("installer", lambda _: Acknowledge(incident_id="i000000000000001")),
]


@pytest.mark.parametrize(("role", "asked"), REFUSED)
def test_the_owner_process_refuses_what_a_role_may_not_do_and_writes_it_down(
    live: Place, door: ReadDoor, line: Line, role: str, asked: Callable[[str], Command]
) -> None:
    fault = reader_fault(door, line)
    before, told = incident(door, fault), list(line.told)
    client = CommandClient(live.http_url, Path(live.env["LAADWACHT_READ_TOKEN_FILE"]))
    outcome = client.send(asked(fault), EMAIL[role])
    assert outcome.outcome == "refused"
    assert audit(live)[-1][0::3] == (EMAIL[role], "refused")
    assert incident(door, fault) == before
    assert line.told == told


def test_a_customer_switches_messages_on_for_one_station_and_off_again(
    live: Place, open_page: Opener, door: ReadDoor
) -> None:
    def wish() -> list[tuple[Any, ...]]:
        found = door.query("subscription", HELPDESK, email=EMAIL["customer"])
        return found.select("stations", "kinds").rows()

    page = open_page(live, "customer", "customer")
    assert "U krijgt nu geen berichten." in [one.value for one in page.markdown]
    page.toggle(key="sub-want").set_value(True).run()
    page.multiselect(key="sub-stations").set_value([MINE]).run()
    page.button(key="sub-save").click().run()
    assert wait_for(wish) == [([MINE], ["down", "up"])]
    page = open_page(live, "customer", "customer")
    page.toggle(key="sub-want").set_value(False).run()
    page.toggle(key="sub-planned").set_value(True).run()
    page.button(key="sub-save").click().run()
    assert wait_for(lambda: wish() == [([MINE], ["planned"])])
    page = open_page(live, "customer", "customer")
    assert f"Berichten gaan naar {EMAIL['customer']}." in [one.value for one in page.markdown]
    page.toggle(key="sub-planned").set_value(False).run()
    page.button(key="sub-save").click().run()
    assert wait_for(lambda: not wish())


def test_the_proof_of_notice_tells_of_planned_work_and_links_to_it(live: Place, open_page: Opener) -> None:
    client = CommandClient(live.http_url, Path(live.env["LAADWACHT_READ_TOKEN_FILE"]))
    starts = datetime.now(UTC) + timedelta(days=20)
    work = AddSilence(
        kind=WindowKind.MAINTENANCE,
        matcher=Matcher(station=MINE),
        why="new reader",
        starts_at=starts,
        ends_at=starts + timedelta(hours=2),
    )
    assert client.send(Subscribe(kinds=("planned",)), EMAIL["customer"]).outcome == "accepted"
    made = client.send(work, EMAIL["helpdesk"])
    try:
        link = '<a href="/silences" target="_self">Gepland werk</a>'
        drawn = wait_for(
            lambda: [one for one in [html_of(open_page(live, "helpdesk", "notices"))] if link in one]
        )
        assert f"{link}<small>{MINE}" in drawn[0]
    finally:
        client.send(EndSilence(window_id=(made.detail or "").split(":")[0]), EMAIL["helpdesk"])
        client.send(Subscribe(kinds=()), EMAIL["customer"])
