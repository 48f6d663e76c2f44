"""Stations at the door: real sockets, a real database, a client that is not ours."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from collectors.stations.listener import Listener, ListenerError, common_subprotocol, identity
from tests.collectors.house import Station, disk_busy, house, station

FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}


def test_a_boot_is_answered_and_both_frames_are_in_the_database(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            async with station(home.url("BE-GNT-0001")) as one:
                answer = await one.boot()
                assert answer[0] == 3
                assert answer[2]["status"] == "Accepted"
                assert answer[2]["interval"] == 300
            await home.stored()
            assert home.rows("SELECT direction, type, action, version FROM frame ORDER BY record_id") == [
                ("in", 2, "BootNotification", "1.6"),
                ("out", 3, "BootNotification", "1.6"),
            ]
            assert home.rows("SELECT count(*) FROM observation WHERE kind = 'booted'") == [(1,)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("subprotocol", "version"), [("ocpp1.6", "1.6"), ("ocpp2.0.1", "2.0.1"), ("ocpp2.1", "2.1")]
)
def test_each_version_is_negotiated_and_recorded(tmp_path: Path, subprotocol: str, version: str) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            async with station(home.url("ocpp/S1"), subprotocol) as one:
                assert one.socket.subprotocol == subprotocol
                assert (await one.ask("Heartbeat", {}))[0] == 3
            await home.stored()
            assert home.rows("SELECT DISTINCT station, version FROM link") == [("S1", version)]

    asyncio.run(scenario())


@pytest.mark.parametrize("offered", [["ocpp1.5"], ["soap", "ocpp3"], None])
def test_without_a_common_subprotocol_the_refusal_names_what_was_offered(
    tmp_path: Path, offered: list[Any] | None
) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            with pytest.raises(InvalidStatus) as refused:
                async with connect(home.url("S1"), subprotocols=offered, proxy=None):
                    pass
            assert refused.value.response.status_code == 400
            told = (refused.value.response.body or b"").decode()
            assert "ocpp1.6, ocpp2.0.1, ocpp2.1" in told
            assert (", ".join(offered) if offered else "none") in told
            assert home.listener.refused == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("path", ["", "ocpp/", "a/b", "a%00b", "a%22b", "%20" + "x" * 70, "%FF"])
def test_a_path_without_a_proper_identity_is_refused(tmp_path: Path, path: str) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            with pytest.raises(InvalidStatus) as refused:
                async with station(home.url(path)):
                    pass
            assert refused.value.response.status_code == 404

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/BE-1", "BE-1"),
        ("/ocpp/BE-1", "BE-1"),
        ("/ocpp/RPC%20ocpp1.6%2F0", "RPC ocpp1.6/0"),
        ("/BE-1/?token=x", "BE-1"),
        ("/ocpp", "ocpp"),
    ],
)
def test_the_identity_is_the_last_part_of_the_path_percent_decoded(path: str, name: str) -> None:
    assert identity(path) == name


def test_the_stations_first_choice_of_subprotocol_counts() -> None:
    assert common_subprotocol(["ocpp1.5", "ocpp1.6", "ocpp2.0.1"]) == ("ocpp1.6", "1.6")
    assert common_subprotocol(["OCPP2.0.1"]) == ("OCPP2.0.1", "2.0.1")


@pytest.mark.parametrize(
    ("unknown", "status"), [("accept", "Accepted"), ("pending", "Pending"), ("reject", "Rejected")]
)
def test_a_station_outside_the_register_is_met_by_policy(tmp_path: Path, unknown: str, status: str) -> None:
    async def scenario() -> None:
        async with (
            house(tmp_path, unknown=unknown, registered=frozenset({"KNOWN"})) as home,
            station(home.url("STRANGER")) as stranger,
            station(home.url("KNOWN")) as known,
        ):
            assert (await stranger.boot())[2]["status"] == status
            assert (await known.boot())[2]["status"] == "Accepted"

    asyncio.run(scenario())


async def _send_and_wait(socket: ClientConnection, text: str) -> None:
    await socket.send(text)
    await socket.recv()


def test_a_frame_of_ten_megabytes_closes_with_1009_and_leaves_a_finding(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            one = await connect(home.url("S1"), subprotocols=[Subprotocol("ocpp1.6")], proxy=None)
            with pytest.raises(ConnectionClosed):
                await _send_and_wait(one, "x" * 10_000_000)
            assert one.close_code == 1009
            await one.wait_closed()
            while home.listener.connected:
                await asyncio.sleep(0.01)
            await home.stored()
            assert home.rows("SELECT station, raw, findings FROM frame") == [("S1", "", ["frame_too_large"])]
            assert home.rows("SELECT event, code FROM link ORDER BY record_id") == [
                ("connected", None),
                ("disconnected", 1009),
            ]
            async with station(home.url("S1")) as again:
                assert (await again.boot())[0] == 3

    asyncio.run(scenario())


def test_a_binary_frame_is_stored_flagged_and_the_connection_lives(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            await one.socket.send(b"\x00\xff\x10 not text")
            assert (await one.ask("Heartbeat", {}))[0] == 3
            await home.stored()
            [(findings,)] = home.rows("SELECT findings FROM frame ORDER BY record_id LIMIT 1")
            assert "binary_frame" in findings

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "broken",
    [
        '[2,"1","Heartbeat",{}',
        "hello",
        "",
        "[]",
        '[2,"1"]',
        '{"a":1}',
        "[" * 5_000,
        '[9,"1","Heartbeat",{}]',
        '[3,"nobody-asked",{}]',
    ],
)
def test_broken_text_is_stored_as_it_came_and_the_connection_lives(tmp_path: Path, broken: str) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            await one.socket.send(broken)
            await one.send("Heartbeat", {})
            answer = await one.receive()
            while answer[0] != 3 or answer[1] != "m1":
                answer = await one.receive()
            await home.stored()
            raw, findings = home.rows("SELECT raw, findings FROM frame ORDER BY record_id LIMIT 1")[0]
            assert raw == broken
            assert findings

    asyncio.run(scenario())


def test_text_that_is_not_utf8_does_not_cost_the_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            await one.socket.send(b'[2,"a","Heartbeat",{"x":"\xff\xfe"}]', text=True)
            assert (await one.receive())[1] == "a"
            await home.stored()
            [(findings,)] = home.rows("SELECT findings FROM frame ORDER BY record_id LIMIT 1")
            assert "not_utf8" in findings

    asyncio.run(scenario())


def test_a_message_in_fragments_is_one_frame(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            await one.socket.send(['[2,"a",', '"Heartbeat"', ",{}]"])
            assert (await one.receive())[:2] == [3, "a"]
            await home.stored()
            assert home.rows("SELECT raw FROM frame ORDER BY record_id LIMIT 1") == [
                ('[2,"a","Heartbeat",{}]',)
            ]

    asyncio.run(scenario())


def test_an_unknown_action_is_answered_not_implemented(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            answer = await one.ask("MakeCoffee", {"sugar": 2})
            assert answer[0] == 4
            assert answer[2] in {"NotImplemented", "NotSupported"}

    asyncio.run(scenario())


def test_the_newer_of_two_connections_of_one_station_wins(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            async with station(home.url("S1")) as old, station(home.url("S1")) as new:
                with pytest.raises(ConnectionClosed):
                    await old.receive()
                assert old.socket.close_code == 1008
                assert (await new.boot())[0] == 3
                assert len(home.listener.connected) == 1
            await home.stored()
            events = home.rows("SELECT event, code FROM link ORDER BY record_id")
            assert events[:3] == [("connected", None), ("disconnected", 1008), ("connected", None)]
            assert events[3][0] == "disconnected"
            assert len(events) == 4
            bodies = home.rows(
                "SELECT json_extract(body, '$.replaced')::VARCHAR FROM observation"
                " WHERE kind = 'disconnected' ORDER BY record_id"
            )
            assert bodies == [("true",), (None,)]
            assert not home.listener.connected

    asyncio.run(scenario())


async def _close_with_code(one: Station) -> None:
    await one.socket.close(1000, "done")


async def _close_without_code(one: Station) -> None:
    one.socket.protocol.send_close()
    one.socket.send_data()
    await one.socket.wait_closed()


async def _break_off(one: Station) -> None:
    one.socket.transport.abort()


@pytest.mark.parametrize(
    ("leave", "code"), [(_close_with_code, 1000), (_close_without_code, 1005), (_break_off, 1006)]
)
def test_how_a_station_left_is_recorded(tmp_path: Path, leave: Any, code: int) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            async with station(home.url("S1")) as one:
                await leave(one)
                while home.listener.connected:
                    await asyncio.sleep(0.01)
            await home.stored()
            assert home.rows("SELECT code FROM link WHERE event = 'disconnected'") == [(code,)]

    asyncio.run(scenario())


def test_a_stopping_listener_closes_with_1001_and_records_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            async with station(home.url("S1")) as one:
                await one.boot()
                await home.listener.stop()
                with pytest.raises(ConnectionClosed):
                    await one.receive()
                assert one.socket.close_code == 1001
            assert home.rows("SELECT code FROM link WHERE event = 'disconnected'") == [(1001,)]

    asyncio.run(scenario())


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home:
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                port = taken.getsockname()[1]
                second = Listener(
                    home.listener.desk, host="127.0.0.1", port=port, max_frame_bytes=1024, ping_interval_s=0
                )
                with pytest.raises(ListenerError, match=f"127.0.0.1:{port} is in use"):
                    await second.start()

    asyncio.run(scenario())


async def _no_answer_yet(one: Station) -> bool:
    try:
        async with asyncio.timeout(0.2):
            await one.socket.recv()
    except TimeoutError:
        return True
    return False


def test_nothing_but_a_heartbeat_is_answered_before_its_commit(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            with disk_busy(home.store):
                await one.ask("Heartbeat", {})
                await one.send("StatusNotification", FAULT)
                assert await _no_answer_yet(one)
            assert (await one.receive())[:2] == [3, "m2"]

    asyncio.run(scenario())


def test_a_request_that_could_not_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with house(tmp_path) as home, station(home.url("S1")) as one:
            await home.stored()
            home.store.close()
            await one.send("StatusNotification", FAULT)
            assert await _no_answer_yet(one)
            assert home.intake.failed_commits > 0
            assert home.intake.last_error is not None

    asyncio.run(scenario())
