"""Tap mode: what a station and its own back end see is what they would see without us, and we see it too."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collectors.remote.actions import by_status
from collectors.remote.commands import StationCommands
from collectors.stations.connection import CallTimedOut
from collectors.tap import recorder as tap_recorder
from collectors.tap.address import segment_of, stations_from, target_url, template_mistake
from data.store import Store
from tests.collectors.tapped import charger, old_back_end, receive, tapped_house
from tests.sinks import closed_port

ODD: list[str | bytes] = [
    '[2,"1","Heartbeat",{}]',
    '[2, "2" ,"StatusNotification",\n {"connectorId" : 1}] trailing',
    '[2,"3","Authorize",{"idTag":"04AABBCCDD"}]',
    "é ✓ \u0000 not json",
    "",
    b"\x00\xff\xfebinary",
    "x" * 300_000,
    '[3,"nobody-asked",{}]',
    '[4,"x","InternalError","",{}]',
]


def test_messages_of_every_kind_pass_unchanged_in_both_directions_and_in_order(store: Store) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            async with charger(home.url("ocpp/BE-1")) as station:
                for message in ODD:
                    await station.send(message)
                await old.until(lambda: len(old.got) == len(ODD))
                assert old.got == ODD
                for message in ODD:
                    await old.sockets[0].send(message)
                assert [await receive(station) for _ in ODD] == ODD
            await home.stored()
            rows = home.rows("SELECT direction, raw FROM frame ORDER BY record_id")
            assert [direction for direction, _raw in rows] == ["in"] * len(ODD) + ["out"] * len(ODD)
            assert rows[0][1] == ODD[0]
            assert rows[1][1] == ODD[1]
            assert "04AABBCCDD" not in "".join(raw for _direction, raw in rows)

    asyncio.run(scenario())


def test_a_message_in_fragments_arrives_as_one_message(store: Store) -> None:
    async def scenario() -> None:
        async with (
            old_back_end() as old,
            tapped_house(store, old.url) as home,
            charger(home.url("BE-1")) as station,
        ):
            await station.send(["[2,", '"1"', ',"Heartbeat",{}]'])
            await old.until(lambda: old.got)
            await old.sockets[0].send([b"a", b"b", b"c"])
            assert (old.got, await receive(station)) == (['[2,"1","Heartbeat",{}]'], b"abc")

    asyncio.run(scenario())


def test_invalid_utf8_in_a_text_message_reaches_the_back_end_as_it_is(store: Store) -> None:
    async def scenario() -> None:
        async with (
            old_back_end() as old,
            tapped_house(store, old.url) as home,
            charger(home.url("BE-1")) as station,
        ):
            await station.send(b"[2,\xff\xfe]", text=True)
            await old.until(lambda: old.closed)
            # 1007 is the back end's own verdict on the bytes: it saw them.
            with pytest.raises(ConnectionClosed):
                await receive(station)
            assert station.close_code == 1007

    asyncio.run(scenario())


def test_path_query_headers_and_credentials_are_passed_on_as_received(store: Store) -> None:
    async def scenario() -> None:
        headers = {"Authorization": "Basic QkU6c2VjcmV0", "X-Vendor": "Acme/1", "Cookie": "a=b"}
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            path = "ocpp/RPC%20ocpp1.6%2F0?token=a%20b"
            async with charger(home.url(path), additional_headers=headers, user_agent_header="fw/3"):
                request = old.requests[0]
                assert request.path == "/old/RPC%20ocpp1.6%2F0?token=a%20b"
                assert {name: request.headers[name] for name in headers} == headers
                assert request.headers.get_all("User-Agent") == ["fw/3"]
                assert request.headers.get_all("Host") == [old.url.split("/")[2]]
            await home.stored()
            assert home.rows("SELECT DISTINCT station FROM link") == [("RPC ocpp1.6/0",)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("known", "offered", "chosen"),
    [
        (["ocpp2.0.1"], ["ocpp1.6", "ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp1.6", "ocpp2.0.1"], ["ocpp2.0.1", "ocpp1.6"], "ocpp1.6"),
        (["acme9"], ["ocpp1.6", "acme9"], "acme9"),
    ],
)
def test_the_back_end_chooses_the_subprotocol(
    store: Store, known: list[str], offered: list[str], chosen: str
) -> None:
    async def scenario() -> None:
        async with (
            old_back_end(known) as old,
            tapped_house(store, old.url) as home,
            charger(home.url("BE-1"), *offered) as station,
        ):
            assert station.subprotocol == chosen
            assert old.requests[0].headers["Sec-WebSocket-Protocol"] == ", ".join(offered)

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503])
def test_a_refusal_of_the_back_end_is_what_the_station_gets(store: Store, status: int) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            old.refuse = (status, "not you\n", {"X-Why": "x", "Location": "ws://127.0.0.1:9/"})
            with pytest.raises(InvalidStatus) as refused:
                async with charger(home.url("BE-1")):
                    pass
            answer = refused.value.response
            assert (answer.status_code, answer.body, answer.headers["X-Why"]) == (status, b"not you\n", "x")
            await home.stored()
            told = home.rows("SELECT kind, body FROM observation")
            assert [(kind, json.loads(body)["event"], json.loads(body)["code"]) for kind, body in told] == [
                ("back_end_trouble", "refused", status)
            ]
            assert home.rows("SELECT count(*) FROM link") == [(0,)]

    asyncio.run(scenario())


def test_a_back_end_that_is_down_is_a_bad_gateway_and_an_observation(store: Store) -> None:
    async def scenario() -> None:
        async with tapped_house(store, f"ws://127.0.0.1:{closed_port()}/{{station}}") as home:
            with pytest.raises(InvalidStatus) as refused:
                async with charger(home.url("BE-1")):
                    pass
            assert refused.value.response.status_code == 502
            await home.stored()
            ((body,),) = home.rows("SELECT body FROM observation WHERE kind = 'back_end_trouble'")
            assert json.loads(body)["event"] == "unreachable"

    asyncio.run(scenario())


@pytest.mark.parametrize(("code", "reason"), [(1000, "bye"), (1001, ""), (1012, "restart"), (4002, "own")])
def test_close_codes_pass_from_the_station_and_from_the_back_end(
    store: Store, code: int, reason: str
) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            async with charger(home.url("BE-1")) as station:
                await station.close(code, reason)
            await old.until(lambda: old.closed)
            assert old.closed == [(code, reason)]
            async with charger(home.url("BE-2")) as station:
                await old.until(lambda: len(old.sockets) == 2)
                await old.sockets[1].close(code, reason)
                with suppress(ConnectionClosed):
                    await receive(station)
                assert (station.close_code, station.close_reason) == (code, reason)
            await home.stored()
            ended = home.rows("SELECT station, code FROM link WHERE event = 'disconnected' ORDER BY station")
            assert ended == [("BE-1", code), ("BE-2", code)]
            blamed = home.rows("SELECT station FROM observation WHERE kind = 'back_end_trouble'")
            assert blamed == [("BE-2",)]

    asyncio.run(scenario())


def test_a_line_that_breaks_on_one_side_breaks_on_the_other(store: Store) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            async with charger(home.url("BE-1")) as station:
                await old.until(lambda: old.sockets)
                station.transport.abort()
                await old.until(lambda: old.closed)
                assert old.closed[0][0] == 1006
            async with charger(home.url("BE-2")) as station:
                await old.until(lambda: len(old.sockets) == 2)
                old.sockets[1].transport.abort()
                with suppress(ConnectionClosed):
                    await receive(station)
                assert station.close_code == 1006

    asyncio.run(scenario())


def test_what_the_back_end_says_at_once_is_not_lost(store: Store) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            old.greeting = ['[2,"g1","GetConfiguration",{}]', '[2,"g2","ClearCache",{}]']
            async with charger(home.url("BE-1")) as station:
                assert [await receive(station), await receive(station)] == old.greeting

    asyncio.run(scenario())


def test_our_own_command_is_answered_to_us_and_never_to_the_back_end(store: Store) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            commands = StationCommands(home.listener.connected.get, lambda _station: None, 5)
            async with charger(home.url("BE-1")) as station:
                asking = asyncio.create_task(commands.ask("BE-1", "Reset", {"type": "Soft"}, by_status))
                question = json.loads(await receive(station))
                assert question[0::2] == [2, "Reset"]
                await station.send('[3,"not-ours",{"status":"Accepted"}]')
                await station.send(json.dumps([3, question[1], {"status": "Accepted"}]))
                await station.send('[2,"7","Heartbeat",{}]')
                assert (await asking).outcome == "accepted"
                await old.until(lambda: len(old.got) == 2)
                assert old.got == ['[3,"not-ours",{"status":"Accepted"}]', '[2,"7","Heartbeat",{}]']
            await home.stored()
            found = home.rows("SELECT direction, action FROM frame WHERE action = 'Reset' ORDER BY record_id")
            assert found == [("out", "Reset"), ("in", "Reset")]

    asyncio.run(scenario())


def test_a_late_answer_to_our_command_is_kept_from_the_back_end_too(store: Store) -> None:
    async def scenario() -> None:
        async with (
            old_back_end() as old,
            tapped_house(store, old.url) as home,
            charger(home.url("BE-1")) as station,
        ):
            connection = home.listener.connected["BE-1"]
            with pytest.raises(CallTimedOut):
                await connection.call("ClearCache", {}, 0.05)
            question = json.loads(await receive(station))
            await station.send(json.dumps([4, question[1], "InternalError", "", {}]))
            await station.send('[2,"8","Heartbeat",{}]')
            await old.until(lambda: old.got)
            assert old.got == ['[2,"8","Heartbeat",{}]']

    asyncio.run(scenario())


def test_an_error_of_the_back_end_is_software_side_evidence(store: Store) -> None:
    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url) as home:
            async with charger(home.url("BE-1")) as station:
                await station.send(
                    '[2,"1","BootNotification",{"chargePointVendor":"A","chargePointModel":"B"}]'
                )
                await old.until(lambda: old.got)
                await old.sockets[0].send('[4,"1","InternalError","db",{}]')
                await receive(station)
            await home.stored()
            ((body,),) = home.rows("SELECT body FROM observation WHERE kind = 'call_error'")
            assert json.loads(body) | {"direction": "out", "action": "BootNotification"} == json.loads(body)

    asyncio.run(scenario())


def test_an_answer_that_came_late_is_told_with_how_long_it_took(store: Store) -> None:
    now = [datetime(2026, 11, 22, 10, tzinfo=UTC)]

    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url, clock=lambda: now[0]) as home:
            async with charger(home.url("BE-1")) as station:
                for number, seconds in ((1, 3), (2, 12)):
                    await station.send(f'[2,"{number}","Heartbeat",{{}}]')
                    await old.until(lambda: len(old.got) == number)  # noqa: B023
                    now[0] += timedelta(seconds=seconds)
                    await old.sockets[0].send(f'[3,"{number}",{{}}]')
                    await receive(station)
            await home.stored()
            ((body,),) = home.rows("SELECT body FROM observation WHERE kind = 'back_end_trouble'")
            told = json.loads(body)
            assert (told["event"], told["action"], told["waited_s"]) == ("slow", "Heartbeat", 12.0)

    asyncio.run(scenario())


def test_a_question_the_back_end_leaves_unanswered_is_told_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How often it looks is real time; how long it waited is the clock's.
    monkeypatch.setattr(tap_recorder, "UNANSWERED_S", 1.2)
    now = [datetime(2026, 11, 22, 10, tzinfo=UTC)]

    async def scenario() -> None:
        async with old_back_end() as old, tapped_house(store, old.url, clock=lambda: now[0]) as home:
            async with charger(home.url("BE-1")) as station:
                await station.send('[2,"1","Authorize",{"idTag":"A"}]')
                await old.until(lambda: old.got)
                now[0] += timedelta(seconds=31)
                told = "SELECT body FROM observation WHERE kind = 'back_end_trouble'"
                async with asyncio.timeout(10):
                    while not home.rows(told):
                        await asyncio.sleep(0.05)
                await asyncio.sleep(1.3)  # the next look tells it no second time
            await home.stored()
            ((body,),) = home.rows(told)
            trouble = json.loads(body)
            assert (trouble["event"], trouble["action"], trouble["waited_s"]) == (
                "unanswered",
                "Authorize",
                31.0,
            )

    asyncio.run(scenario())


def test_a_half_open_station_ends_at_the_back_end_as_a_broken_line(store: Store) -> None:
    async def scenario() -> None:
        async with (
            old_back_end() as old,
            tapped_house(store, old.url, ping_interval_s=1) as home,
            charger(home.url("BE-1")) as station,
        ):
            await old.until(lambda: old.sockets)
            station.transport.pause_reading()  # it hears no ping any more, so it answers none
            await old.until(lambda: old.closed)
            assert old.closed[0][0] == 1006

    asyncio.run(scenario())


def test_only_the_named_stations_are_tapped_where_the_rest_is_ours(store: Store) -> None:
    async def scenario() -> None:
        async with (
            old_back_end() as old,
            tapped_house(store, None, stations={"BE-1": old.url}) as home,
            charger(home.url("BE-2")) as ours,
            charger(home.url("BE-1")) as theirs,
        ):
            await ours.send('[2,"1","Heartbeat",{}]')
            assert json.loads(await receive(ours))[0] == 3
            await theirs.send('[2,"1","Heartbeat",{}]')
            await old.until(lambda: old.got)

    asyncio.run(scenario())


def test_a_slow_reader_stops_the_sender_and_loses_nothing(store: Store) -> None:
    async def scenario() -> None:
        async with (
            old_back_end(max_queue=1) as old,
            tapped_house(store, old.url) as home,
            charger(home.url("BE-1")) as station,
        ):
            many = [json.dumps([2, str(n), "DataTransfer", {"data": "x" * 50_000}]) for n in range(400)]
            for message in many:
                await station.send(message)
            await old.until(lambda: len(old.got) == len(many))
            assert old.got == many

    asyncio.run(scenario())


def test_the_address_keeps_the_segment_as_received() -> None:
    assert target_url("wss://x/ocpp/{station}", segment_of("/ocpp/A%2FB")) == "wss://x/ocpp/A%2FB"
    assert target_url("wss://x/ocpp/", segment_of("/A?k=1")) == "wss://x/ocpp/A?k=1"
    assert target_url("wss://x/{station}/16", segment_of("/A")) == "wss://x/A/16"


@pytest.mark.parametrize("bad", ["http://x/", "wss://", "x", "ws://u:p@x/", "ws://x:99999/", "ws://x/#f"])
def test_an_address_that_cannot_be_a_back_end_is_named(bad: str) -> None:
    assert template_mistake(bad)
    assert template_mistake("wss://csms.example/ocpp/{station}") is None


def test_single_stations_are_named_with_their_own_address_or_none() -> None:
    assert stations_from(["BE-1 = wss://x/{station}", "BE-2="]) == {"BE-1": "wss://x/{station}", "BE-2": ""}
    with pytest.raises(ValueError, match="'BE-3' is not STATION=ADDRESS"):
        stations_from(["BE-3"])
    with pytest.raises(ValueError, match="address of BE-4 is not an address"):
        stations_from(["BE-4=http://x/"])
