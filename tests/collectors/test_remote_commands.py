"""Remote commands through the door of a running owner: outcomes told apart, roles, risks, the trail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.remote.actions import ACTIONS
from data.commands import PENDING, CommandOutcome, CommandRequest, Remote, write_down
from tests.collectors.house import Station, station
from tests.collectors.owners import appears, url_of
from tests.collectors.test_door import CUSTOMER, FIXIT, HELPDESK, OTHER, Knocker, run

VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
CARD = "04A2B3C4D5E6"
OK = {"status": "Accepted"}


def remote(action: str, *, confirmed: bool = False, why: str = "a driver calls", **options: Any) -> Remote:
    return Remote(station="BE-1", action=action, options=options, confirmed=confirmed, why=why)


async def play(one: Station, answer: Any) -> Any:
    """Be the station for one question: a CALLRESULT payload, a CALLERROR code, or None to leave instead."""
    call = await one.receive()
    if answer is None:
        await one.socket.close()
    elif isinstance(answer, str):
        await one.socket.send(json.dumps([4, call[1], answer, "no", {}]))
    else:
        await one.socket.send(json.dumps([3, call[1], answer]))
    return call


async def both(
    asking: Coroutine[Any, Any, CommandOutcome], one: Station, answer: Any
) -> tuple[CommandOutcome, Any]:
    playing = asyncio.create_task(play(one, answer))
    outcome = await asking
    return outcome, await playing


def trail(door: Knocker) -> list[tuple[Any, ...]]:
    return door.owner.store.sql("SELECT command_id, kind, outcome FROM command ORDER BY command_id").rows()


@pytest.mark.parametrize("subprotocol", VERSIONS)
def test_what_the_station_made_of_it_is_told_and_kept(tmp_path: Path, subprotocol: str) -> None:
    table: list[tuple[Any, str, str]] = [
        (OK, "accepted", "Accepted"),
        ({"status": "Rejected"}, "rejected", "the station answered Rejected to ClearCache"),
        ("NotImplemented", "error", "the station could not do ClearCache: NotImplemented: no"),
        (None, "no_answer", "BE-1 left before it answered"),
    ]

    async def scenario(door: Knocker) -> None:
        for answer, outcome, told in table:
            async with station(url_of(door.owner.settings, "BE-1"), subprotocol) as one:
                said, call = await both(door.send(remote("ClearCache"), HELPDESK, outcome), one, answer)
            assert call[2:] == ["ClearCache", {}]
            assert (said.outcome, said.detail) == (outcome, told)
            again = await door.send(remote("ClearCache"), HELPDESK, outcome)
            assert (again.outcome, again.detail, again.answer) == (outcome, told, None)
        assert trail(door) == sorted((outcome, "ClearCache", outcome) for _, outcome, _ in table)

    run(tmp_path, scenario)


@pytest.mark.parametrize("subprotocol", VERSIONS[:2])
def test_silence_and_absence_are_no_refusal(tmp_path: Path, subprotocol: str) -> None:
    async def scenario(door: Knocker) -> None:
        never = await door.send(remote("ClearCache"), HELPDESK, "c1")
        assert (never.outcome, never.detail) == ("not_connected", "never connected")
        door.owner.commands.remote.stations.timeout_s = 0.2
        async with station(url_of(door.owner.settings, "BE-1"), subprotocol):
            silent = await door.send(remote("ClearCache"), HELPDESK, "c2")
        assert (silent.outcome, silent.detail) == ("no_answer", "BE-1 did not answer within 0.2 s")
        async with asyncio.timeout(5):
            while "BE-1" in door.owner.listener.connected:
                await asyncio.sleep(0.01)
        away = await door.send(remote("ClearCache"), HELPDESK, "c3")
        assert away.outcome == "not_connected"
        assert (away.detail or "").startswith("not connected since 20")
        assert [row[2] for row in trail(door)] == ["not_connected", "no_answer", "not_connected"]

    run(tmp_path, scenario)


def test_it_is_written_down_before_it_leaves_and_completed_after(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            asking = asyncio.create_task(door.send(remote("ClearCache"), HELPDESK))
            call = await one.receive()
            assert trail(door) == [("c1", "ClearCache", PENDING)]
            await one.socket.send(json.dumps([3, call[1], OK]))
            assert (await asking).outcome == "accepted"
            assert trail(door) == [("c1", "ClearCache", "accepted")]

    run(tmp_path, scenario)


def test_a_command_that_a_crash_left_pending_is_not_sent_again(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        request = CommandRequest(command_id="c1", actor=HELPDESK, command=remote("ClearCache"))
        begun = CommandOutcome(command_id="c1", outcome=PENDING)
        now = door.owner.clock()
        write_down(door.owner.store, request, begun, kind="ClearCache", body="{}", role="helpdesk", now=now)
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            said = await door.send(remote("ClearCache"), HELPDESK)
            assert (said.outcome, "is not known" in (said.detail or "")) == (PENDING, True)
            # The next question the station gets is another one.
            _, call = await both(
                door.send(remote("GetLocalListVersion"), HELPDESK, "c2"), one, {"listVersion": 1}
            )
            assert call[2] == "GetLocalListVersion"

    run(tmp_path, scenario)


def test_a_store_that_writes_nothing_lets_nothing_leave(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            await asyncio.to_thread(door.owner.store.close)
            request = CommandRequest(command_id="c1", actor=HELPDESK, command=remote("ClearCache"))
            answer = await door.client.post("/api/commands", content=msgspec.json.encode(request))
            assert answer.status_code >= 500
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await one.socket.recv()

    run(tmp_path, scenario)


def test_a_second_identical_command_waits_for_the_first(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            asking = asyncio.create_task(
                door.send(remote("TriggerMessage", message="Heartbeat"), FIXIT, "c1")
            )
            call = await one.receive()
            same = await door.send(
                remote("TriggerMessage", message="Heartbeat", why="another reason"), HELPDESK, "c2"
            )
            assert same.outcome == "refused"
            assert f"the same command is under way, asked by {FIXIT}" in (same.detail or "")
            other = asyncio.create_task(
                door.send(remote("TriggerMessage", message="MeterValues"), HELPDESK, "c3")
            )
            await one.socket.send(json.dumps([3, call[1], OK]))
            assert (await asking).outcome == "accepted"
            await play(one, OK)
            assert (await other).outcome == "accepted"
            again, _ = await both(
                door.send(remote("TriggerMessage", message="Heartbeat"), HELPDESK, "c4"), one, OK
            )
            assert again.outcome == "accepted"

    run(tmp_path, scenario)


EVERY: dict[str, dict[str, Any]] = {
    "UnlockConnector": {"evse": 1},
    "GetDiagnostics": {"location": "ftp://x.example/in"},
    "TriggerMessage": {"message": "Heartbeat"},
    "ChangeAvailability": {"to": "operative"},
    "RemoteStart": {"id_tag": CARD},
    "RemoteStop": {"transaction": "12"},
    "SendLocalList": {"list_version": 1, "update": "full"},
    "ChangeConfiguration": {"key": "HeartbeatInterval", "value": "60", "confirmed": True},
}


def test_roles_decide_what_is_allowed_and_whose_station_it_is(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async def outcomes(actor: str) -> dict[str, str]:
            told = {}
            for name in ACTIONS:
                command = remote(name, **EVERY.get(name, {}))
                told[name] = (await door.send(command, actor, f"{actor} {name}")).outcome
            return told

        # Not connected: it was allowed, and there was nobody to ask.
        assert set((await outcomes(HELPDESK)).values()) == {"not_connected"}
        assert set((await outcomes("shell:jan")).values()) == {"not_connected"}
        for actor in (OTHER, CUSTOMER, "nobody@x.be", "shell:jan@x.be"):
            assert set((await outcomes(actor)).values()) == {"refused"}, actor
        mine = await outcomes(FIXIT)
        assert {name for name, outcome in mine.items() if outcome == "not_connected"} == {
            "Reset",
            "UnlockConnector",
            "TriggerMessage",
            "GetConfiguration",
            "GetDiagnostics",
        }
        hard = await door.send(remote("Reset", kind="hard", confirmed=True), FIXIT, "hard")
        assert (hard.outcome, "for the helpdesk" in (hard.detail or "")) == ("refused", True)
        roles = door.owner.store.sql("SELECT DISTINCT role FROM command ORDER BY role").rows()
        assert [role for (role,) in roles] == ["customer", "helpdesk", "installer", "shell", "unknown"]

    run(tmp_path, scenario)


def test_what_cannot_be_asked_is_refused_in_words_and_kept(tmp_path: Path) -> None:
    table = [
        (remote("Explode"), "there is no command Explode"),
        (remote("ClearCache", why=" "), "say why"),
        (remote("UnlockConnector", evse=0), "UnlockConnector: Expected `int` >= 1"),
        (remote("GetDiagnostics", location="file:///etc/passwd"), "location"),
        (remote("GetBaseReport"), "OCPP 1.6 has no GetBaseReport: GetConfiguration"),
    ]

    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")):
            for n, (command, told) in enumerate(table):
                said = await door.send(command, HELPDESK, f"c{n}")
                assert said.outcome == "refused", command
                assert told in (said.detail or "")
        assert len(trail(door)) == len(table)

    run(tmp_path, scenario)


async def begin_session(door: Knocker, one: Station) -> None:
    await one.boot()
    at = door.owner.clock().isoformat()
    start = {"connectorId": 1, "idTag": CARD, "meterStart": 5, "timestamp": at}
    await one.ask("StartTransaction", start)
    await appears(door.owner, "SELECT 1 FROM session WHERE ended_at IS NULL")


def test_what_ends_a_running_session_needs_confirmation(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        risky = [
            remote("Reset"),
            remote("UnlockConnector", evse=1),
            remote("ChangeAvailability", to="inoperative"),
            remote("ChangeAvailability", to="inoperative", evse=1),
        ]
        harmless = [
            remote("UnlockConnector", evse=2),
            remote("ChangeAvailability", to="inoperative", evse=2),
            remote("ChangeAvailability", to="operative"),
        ]
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            for n, command in enumerate([*risky, *harmless]):
                said, _ = await both(door.send(command, HELPDESK, f"before {n}"), one, OK)
                assert said.outcome == "accepted", command
            await begin_session(door, one)
            for n, command in enumerate(risky):
                said = await door.send(command, HELPDESK, f"asked {n}")
                assert (said.outcome, "session" in (said.detail or "")) == ("needs_confirmation", True), (
                    command
                )
                sure = msgspec.structs.replace(command, confirmed=True)
                said, _ = await both(door.send(sure, HELPDESK, f"sure {n}"), one, OK)
                assert said.outcome == "accepted", command
            for n, command in enumerate(harmless):
                said, _ = await both(door.send(command, HELPDESK, f"harmless {n}"), one, OK)
                assert said.outcome == "accepted", command

    run(tmp_path, scenario)


def test_a_hard_reset_warns_of_the_lost_end_of_a_session_and_wants_to_be_confirmed(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1"), "ocpp2.0.1") as one:
            request = CommandRequest(command_id="c1", actor=HELPDESK, command=remote("Reset", kind="hard"))
            answer = await door.client.post("/api/commands", content=msgspec.json.encode(request))
            assert answer.status_code == 409
            assert answer.json()["outcome"] == "needs_confirmation"
            assert "can lose a StopTransaction" in answer.json()["detail"]
            sure = remote("Reset", kind="hard", confirmed=True)
            said, call = await both(door.send(sure, HELPDESK, "c2"), one, {"status": "Scheduled"})
            assert (said.outcome, call[3]) == ("accepted", {"type": "Immediate"})

    run(tmp_path, scenario)


@pytest.mark.parametrize("subprotocol", VERSIONS)
def test_a_card_reaches_the_station_and_nothing_that_is_kept(tmp_path: Path, subprotocol: str) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1"), subprotocol) as one:
            start = remote("RemoteStart", id_tag=CARD, evse=1, why=f"card {CARD} lost")
            _, call = await both(door.send(start, HELPDESK, "c1"), one, OK)
            assert CARD in json.dumps(call)
            cards = [{"id_tag": CARD}]
            change = remote("SendLocalList", list_version=1, update="full", entries=cards)
            _, call = await both(door.send(change, HELPDESK, "c2"), one, OK)
            assert CARD in json.dumps(call)
            logs = remote("GetDiagnostics", location="ftp://jan:geheim@x.example/in")
            _, call = await both(door.send(logs, HELPDESK, "c3"), one, OK)
            assert "geheim" in json.dumps(call)
        await door.owner.intake.drain()
        sql = door.owner.store.sql
        kept = [str(row) for row in sql("SELECT * FROM command").rows() + sql("SELECT raw FROM frame").rows()]
        assert len(kept) == 3 + 6
        assert [text for text in kept if CARD in text or "geheim" in text] == []
        assert sum("tok_" in text for text in kept) == 4

    run(tmp_path, scenario)


def test_settings_come_back_without_their_secrets(tmp_path: Path) -> None:
    async def scenario(door: Knocker) -> None:
        async with station(url_of(door.owner.settings, "BE-1")) as one:
            keys = [
                {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
                {"key": "AuthorizationKey", "readonly": False, "value": "0123456789abcdef"},
            ]
            said, _ = await both(
                door.send(remote("GetConfiguration"), FIXIT), one, {"configurationKey": keys}
            )
        assert (said.outcome, said.detail) == ("accepted", "2 told, 0 unknown")
        assert said.answer is not None
        assert [key["value"] for key in said.answer["configurationKey"]] == ["300", "hidden"]

    run(tmp_path, scenario)
