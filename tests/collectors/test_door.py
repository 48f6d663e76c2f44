"""The HTTP door of a running owner: metrics, health, commands, sign-in, register, users, import."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from collectors.owner.process import Owner
from data.commands import (
    Acknowledge,
    Command,
    CommandOutcome,
    CommandRequest,
    Comment,
    Feedback,
    HandOver,
    Overrule,
    Reset,
)
from data.commands import Trigger as TriggerMessage
from data.people import add_user
from data.register import write_register
from rules.core.model import Asset, FeedbackVerdict, Side
from tests.collectors.house import Station, station
from tests.collectors.owners import appears, owner_of, settings_for, url_of

FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}
PASSWORD = "correct horse battery"
HELPDESK, FIXIT, OTHER, CUSTOMER = "desk@x.be", "fixit@x.be", "other@x.be", "owner@x.be"


class Knocker:
    """A client with the token."""

    def __init__(self, owner: Owner, client: httpx.AsyncClient) -> None:
        self.owner = owner
        self.client = client

    async def send(self, command: Command, actor: str, command_id: str = "c1") -> CommandOutcome:
        request = CommandRequest(command_id=command_id, actor=actor, command=command)
        answer = await self.client.post("/api/commands", content=msgspec.json.encode(request))
        return msgspec.json.decode(answer.content, type=CommandOutcome)


@asynccontextmanager
async def knocking(directory: Path) -> AsyncIterator[Knocker]:
    async with owner_of(settings_for(directory)) as owner:
        asset = Asset(station="BE-1", site="Gent", installer="Fixit", customer="Bakker")
        write_register(owner.store, [asset])
        for email, role, party in (
            (HELPDESK, "helpdesk", None),
            (FIXIT, "installer", "Fixit"),
            (OTHER, "installer", "Sparks"),
            (CUSTOMER, "customer", "Bakker"),
        ):
            add_user(owner.store, email=email, password=PASSWORD, name=email, role=role, party=party)
        owner.register = {"BE-1": asset}
        token = owner.settings.token_file.read_text().strip()
        async with httpx.AsyncClient(
            base_url=owner.settings.http_url,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        ) as client:
            yield Knocker(owner, client)


def run(directory: Path, scenario: Callable[[Knocker], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with knocking(directory) as door:
            await scenario(door)

    asyncio.run(whole())


async def incident_at(door: Knocker, one: Station) -> str:
    await one.boot()
    await one.ask("StatusNotification", FAULT)
    [(incident_id,)] = await appears(door.owner, "SELECT incident_id FROM incident WHERE state = 'open'")
    return str(incident_id)


def test_metrics_count_messages_and_stations_in_a_valid_exposition(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            await one.boot()
            await one.ask("Heartbeat", {})
            answer = await door.client.get("/metrics", headers={"Authorization": ""})
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        values = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
        assert values[("laadwacht_stations_connected",)] == 1
        counted = ("action", "Heartbeat"), ("direction", "in"), ("version", "1.6")
        assert values[("laadwacht_messages_total", *counted)] == 1

    run(tmp_path, scenario)


def test_a_healthy_owner_is_ready_and_one_whose_store_refuses_says_why(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        assert (await door.client.get("/healthz")).json() == {"status": "ok"}
        assert (await door.client.get("/readyz")).json() == {"ready": True, "reasons": []}
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            await asyncio.to_thread(door.owner.store.close)
            await one.send("StatusNotification", FAULT)
            async with asyncio.timeout(10):
                while (await door.client.get("/readyz")).status_code == 200:
                    await asyncio.sleep(0.02)
        told = (await door.client.get("/readyz")).json()
        assert told["ready"] is False
        assert "the store does not take frames" in told["reasons"][0]
        assert (await door.client.get("/healthz")).status_code == 200

    run(tmp_path, scenario)


def test_without_the_token_nothing_behind_api_answers(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        for path in ("commands", "login", "logout", "import", "register", "users", "magic/look", "magic/act"):
            for header in ("", "Bearer", "Bearer wrong", "Basic abc", "Bearer é"):
                headers = {b"Authorization": header.encode()}
                answer = await door.client.post(f"/api/{path}", headers=headers, content=b"{}")
                assert answer.status_code == 401, (path, header)

    run(tmp_path, scenario)


def test_what_is_no_command_is_refused_in_words(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        for body in (b"", b"{", b"[]", b'{"command_id":"","actor":"a","command":{}}', b"\xff"):
            answer = await door.client.post("/api/commands", content=body)
            assert answer.status_code == 400
            assert "error" in answer.json()
        assert (await door.client.post("/api/commands", content=b"x" * 70_000)).status_code == 413

    run(tmp_path, scenario)


def test_an_acknowledgement_reaches_the_incident_once_and_is_in_the_audit_trail(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            incident_id = await incident_at(door, one)
            command = Acknowledge(incident_id=incident_id)
            outcomes = await asyncio.gather(*(door.send(command, FIXIT) for _ in range(3)))
            assert {outcome.outcome for outcome in outcomes} == {"accepted"}
            assert (await door.send(command, FIXIT)).outcome == "accepted"
            await appears(door.owner, f"SELECT 1 FROM incident WHERE acknowledged_by = '{FIXIT}'")
        sql = door.owner.store.sql
        assert sql("SELECT count(*) FROM observation WHERE kind = 'user_acted'").rows() == [(1,)]
        assert sql("SELECT actor, role, kind, outcome FROM command").rows() == [
            (FIXIT, "installer", "acknowledge", "accepted")
        ]

    run(tmp_path, scenario)


def test_who_may_do_what_depends_on_role_and_on_whose_station_it_is(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            incident = await incident_at(door, one)
            table: list[tuple[str, Command, str]] = [
                (OTHER, Acknowledge(incident_id=incident), "refused"),
                (CUSTOMER, Acknowledge(incident_id=incident), "refused"),
                ("nobody@x.be", Acknowledge(incident_id=incident), "refused"),
                (HELPDESK, Acknowledge(incident_id="unknown"), "refused"),
                (FIXIT, Overrule(incident_id=incident, side=Side.SOFTWARE, why="?"), "refused"),
                (FIXIT, HandOver(incident_id=incident, to="customer:Bakker", why="?"), "refused"),
                (FIXIT, Reset(station="BE-1", kind="hard", why="?"), "refused"),
                (OTHER, Reset(station="BE-1", why="stuck"), "refused"),
                (CUSTOMER, Reset(station="BE-1", why="stuck"), "refused"),
                (CUSTOMER, Comment(incident_id=incident, text="it smells"), "accepted"),
                (CUSTOMER, Feedback(incident_id=incident, verdict=FeedbackVerdict.CONFIRMED), "refused"),
                (FIXIT, Feedback(incident_id=incident, verdict=FeedbackVerdict.NO_FAULT_FOUND), "accepted"),
                (HELPDESK, Overrule(incident_id=incident, side=Side.SOFTWARE, why="seen before"), "accepted"),
                (FIXIT, HandOver(incident_id=incident, to="operator", why="not ours"), "accepted"),
            ]
            for n, (actor, command, expected) in enumerate(table):
                outcome = await door.send(command, actor, f"c{n}")
                assert outcome.outcome == expected, (actor, command, outcome)
                assert expected == "accepted" or outcome.detail
        assert door.owner.store.sql("SELECT count(*) FROM command").item(0, 0) == len(table)

    run(tmp_path, scenario)


async def answer_calls(one: Station, answers: list[Any], asked: list[Any]) -> None:
    """Play the station's side of `answers`: each is a CALLRESULT payload, or a CALLERROR code."""
    for answer in answers:
        call = await one.receive()
        asked.append(call[2:])
        if isinstance(answer, str):
            await one.socket.send(json.dumps([4, call[1], answer, "", {}]))
        else:
            await one.socket.send(json.dumps([3, call[1], answer]))


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        ({"status": "Accepted"}, "accepted", "Accepted"),
        ({"status": "Rejected"}, "rejected", "the station answered Rejected to Reset"),
        ("NotImplemented", "error", "the station could not do Reset: NotImplemented"),
        ({}, "rejected", "the station answered without a status to Reset"),
    ],
)
def test_a_reset_is_sent_and_its_answer_told(tmp_path: Path, answer: Any, outcome: str, detail: str) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            asked: list[Any] = []
            playing = asyncio.create_task(answer_calls(one, [answer], asked))
            twice = [door.send(Reset(station="BE-1", why="stuck"), FIXIT) for _ in range(2)]
            outcomes = await asyncio.gather(*twice)
            await playing
        assert asked == [["Reset", {"type": "Soft"}]], "the same command id is carried out once"
        assert {(told.outcome, told.detail) for told in outcomes} == {(outcome, detail)}
        await door.owner.intake.drain()
        kinds = door.owner.store.sql("SELECT kind FROM observation WHERE kind LIKE 'command%' ORDER BY ALL")
        assert kinds.rows() == [("command_answered",), ("command_sent",)]

    run(tmp_path, scenario)


def test_a_trigger_speaks_the_version_of_the_station(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        asked: list[Any] = []
        for subprotocol in ("ocpp1.6", "ocpp2.0.1"):
            async with station(url_of(door.owner.settings, "BE-1"), subprotocol) as one:
                playing = asyncio.create_task(answer_calls(one, [{"status": "Accepted"}], asked))
                command = TriggerMessage(station="BE-1", message="StatusNotification", evse=1, why="?")
                assert (await door.send(command, HELPDESK, subprotocol)).outcome == "accepted"
                await playing
        assert asked == [
            ["TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}],
            [
                "TriggerMessage",
                {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}},
            ],
        ]

    run(tmp_path, scenario)


def test_a_station_that_is_away_silent_or_leaving_is_told_apart(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        never = await door.send(Reset(station="BE-1", why="stuck"), HELPDESK, "c1")
        assert (never.outcome, never.detail) == ("not_connected", "never connected")
        stranger = await door.send(Reset(station="NOBODY", why="stuck"), HELPDESK, "c2")
        assert stranger.outcome == "refused"
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            door.owner.commands.remote.stations.timeout_s = 0.2
            silent = await door.send(Reset(station="BE-1", why="stuck"), HELPDESK, "c3")
            assert (silent.outcome, silent.detail) == ("no_answer", "BE-1 did not answer within 0.2 s")
            door.owner.commands.remote.stations.timeout_s = 20
            asking = asyncio.create_task(door.send(Reset(station="BE-1", why="stuck"), HELPDESK, "c4"))
            await one.receive()
            await one.receive()
        left = await asking
        assert (left.outcome, left.detail) == ("no_answer", "BE-1 left before it answered")
        away = await door.send(Reset(station="BE-1", why="stuck"), HELPDESK, "c5")
        assert away.outcome == "not_connected"
        assert (away.detail or "").startswith("not connected since 20")

    run(tmp_path, scenario)


def test_signing_in_gives_a_session_that_ends_with_signing_out(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        body = {"email": "Fixit@X.be", "password": PASSWORD, "address": "10.0.0.1"}
        signed_in = await door.client.post("/api/login", json=body)
        assert signed_in.status_code == 200
        header = {"X-Laadwacht-Session": signed_in.json()["session"]}
        who = await door.client.get("/api/session", headers=header)
        assert who.json() == {
            "email": FIXIT,
            "name": FIXIT,
            "role": "installer",
            "party": "Fixit",
            "language": "nl",
        }
        assert (await door.client.post("/api/logout", headers=header)).status_code == 200
        assert (await door.client.get("/api/session", headers=header)).status_code == 401
        assert (await door.client.get("/api/session")).status_code == 401

    run(tmp_path, scenario)


def test_a_wrong_password_is_refused_and_too_many_tries_wait(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        body = {"email": FIXIT, "password": "wrong", "address": "10.0.0.1"}
        codes = [(await door.client.post("/api/login", json=body)).status_code for _ in range(6)]
        assert codes == [401] * 5 + [429]
        assert (await door.client.post("/api/login", content=b"email=x")).status_code == 400

    run(tmp_path, scenario)


def test_a_log_is_imported_into_a_running_owner_and_only_once(tmp_path: Path) -> None:
    def line(second: int, **fields: Any) -> str:
        return json.dumps({"t": f"2026-05-01T10:00:{second:02d}Z", "station": "OLD-1", **fields}) + "\n"

    heart = [2, "a", "Heartbeat", {}]
    log = (
        line(0, event="connected")
        + line(1, dir="in", raw=heart)
        + "nonsense\n"
        + line(2, dir="in", raw="[2,")
    )

    async def scenario(door: Knocker) -> None:
        first = (await door.client.post("/api/import", content=log.encode())).json()
        assert (first["read"], first["stored"], first["bad"]) == (3, 3, 1)
        assert first["bad_lines"][0]["line"] == 3
        second = (await door.client.post("/api/import", content=log.encode())).json()
        assert (second["stored"], second["already_there"]) == (0, 3)
        found = door.owner.store.sql("SELECT count(*) FROM frame WHERE station = 'OLD-1'")
        assert found.rows() == [(2,)]

    run(tmp_path, scenario)


def test_a_new_register_holds_at_once_for_the_next_boot_and_verdict(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        assets = [Asset(station="NEW-1", site="Brugge", installer="Sparks")]
        answer = await door.client.post("/api/register", content=msgspec.json.encode(assets))
        assert answer.json() == {"added": 1, "changed": 0, "absent": 1, "total": 2}
        assert (await door.client.post("/api/register", content=b"{}")).status_code == 400
        async with station(url_of(door.owner.settings, "NEW-1")) as one:
            await incident_at(door, one)
        [(installer,)] = await appears(door.owner, "SELECT installer FROM incident WHERE station = 'NEW-1'")
        assert installer == "Sparks"

    run(tmp_path, scenario)


def test_a_user_can_be_added_changed_and_shut_out_at_a_running_owner(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        user = {"email": "new@x.be", "password": PASSWORD, "name": "New", "role": "helpdesk", "party": None}
        assert (await door.client.post("/api/users", json=user)).json() == {"email": "new@x.be"}
        again = await door.client.post("/api/users", json=user)
        assert (again.status_code, again.json()) == (400, {"error": "new@x.be exists already"})

        async def lets_in(password: str) -> bool:
            who = {"email": "new@x.be", "password": password}
            return (await door.client.post("/api/login", json=who)).status_code == 200

        for password, tried, expected in (("another one", PASSWORD, False), (None, "another one", False)):
            change = {"email": "new@x.be", "password": password}
            assert (await door.client.post("/api/users/change", json=change)).status_code == 200
            assert await lets_in(tried) is expected
        stranger = await door.client.post("/api/users/change", json={"email": "no@x.be", "password": None})
        assert (stranger.status_code, stranger.json()) == (400, {"error": "there is no user no@x.be"})

    run(tmp_path, scenario)
