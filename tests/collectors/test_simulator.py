"""A fleet against a real central system on a loopback socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from ocpp.messages import Call, validate_payload

from collectors.simulator import (
    Fleet,
    ScriptError,
    Step,
    VirtualStation,
    demo_assets,
    demo_script,
    stations_of,
)
from collectors.simulator.command import run_simulator
from collectors.simulator.faults import FAULTS
from collectors.simulator.script import selected
from tests.collectors.backend import Backend, backend

FAST = 3600.0


def station(make: str, place: int = 0) -> VirtualStation:
    assets = [a for a in demo_assets(40) if a.make == make]
    return stations_of(assets)[place]


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 40))  # type: ignore[arg-type]


@asynccontextmanager
async def playing(
    stations: Sequence[VirtualStation] | int, speed: float = 1.0, script: Sequence[Step] = (), **settings: Any
) -> AsyncIterator[tuple[Backend, Fleet]]:
    async with backend() as system:
        for name, value in settings.items():
            setattr(system, name, value)
        fleet = Fleet(system.url, stations, speed=speed, script=script)
        task = asyncio.ensure_future(fleet.run())
        try:
            yield system, fleet
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def test_stations_of_both_versions_boot_report_and_beat_at_the_interval_they_are_given() -> None:
    async def scenario() -> None:
        both = [station("Alfen"), station("Schneider")]
        async with playing(both) as (system, fleet):
            await system.wait_for(lambda: len(system.of("Heartbeat")) >= 4)
            assert {system.subprotocols[s.identity] for s in both} == {"ocpp1.6", "ocpp2.0.1"}
            assert [call[1] for call in system.calls if call[0] == both[0].identity][:2] == [
                "BootNotification",
                "StatusNotification",
            ]
            statuses = system.of("StatusNotification", both[0].identity)
            assert [s["connectorId"] for s in statuses] == [0, 1, 2]
            assert fleet.report().ready == 2

    run(scenario)


def test_a_station_whose_boot_is_rejected_says_nothing_but_boot_until_it_is_accepted() -> None:
    async def scenario() -> None:
        async with playing([station("ABB")], boot_status="Rejected") as (system, _):
            await system.wait_for(lambda: len(system.of("BootNotification")) >= 2)
            assert {action for _, action, _ in system.calls} == {"BootNotification"}
            system.boot_status = "Accepted"
            await system.wait_for(lambda: system.of("StatusNotification"))

    run(scenario)


@pytest.mark.parametrize("make", ["Alfen", "Alpitronic"])
def test_a_session_runs_from_card_to_departure_and_its_meter_only_rises(make: str) -> None:
    async def scenario() -> None:
        one = station(make)
        async with playing([one], speed=FAST) as (system, fleet):
            await system.wait_for(lambda: fleet.report().finished >= 2, 30)
            assert system.of("Authorize")
            if one.version == "1.6":
                starts, stops = system.of("StartTransaction"), system.of("StopTransaction")
                assert stops[0]["meterStop"] > min(s["meterStart"] for s in starts)
            else:
                events = system.of("TransactionEvent")
                assert next(e["seqNo"] for e in events if e["eventType"] == "Started") == 0
                ended = next(e for e in events if e["eventType"] == "Ended")
                ref = ended["transactionInfo"]["transactionId"]
                registers = [
                    e["meterValue"][0]["sampledValue"][0]["value"]
                    for e in events
                    if e["transactionInfo"]["transactionId"] == ref
                ]
                assert registers == sorted(registers)
                assert registers[-1] > registers[0]

    run(scenario)


def test_a_ground_failure_is_told_with_its_code_and_cleared_again() -> None:
    async def scenario() -> None:
        one = station("EVBox")
        step = Step(at_s=0.5, select="all", what="GroundFailure", for_s=0.5)
        async with playing([one], script=[step]) as (system, _):
            await system.wait_for(lambda: len(system.of("StatusNotification")) >= 5)
            said = [s for s in system.of("StatusNotification") if s["connectorId"] == 1]
            assert [(s["status"], s["errorCode"]) for s in said] == [
                ("Available", "NoError"),
                ("Faulted", "GroundFailure"),
                ("Available", "NoError"),
            ]

    run(scenario)


def test_a_fault_of_a_2_0_1_station_is_told_by_an_event_that_is_later_cleared() -> None:
    async def scenario() -> None:
        step = Step(at_s=0.5, select="all", what="PowerSwitchFailure", for_s=0.5)
        async with playing([station("Schneider")], script=[step]) as (system, _):
            await system.wait_for(lambda: len(system.of("NotifyEvent")) >= 2)
            events = [e["eventData"][0] for e in system.of("NotifyEvent")]
            assert [(e["component"]["name"], e["cleared"]) for e in events] == [
                ("PowerContactor", False),
                ("PowerContactor", True),
            ]

    run(scenario)


def test_a_vendor_code_is_sent_in_the_makers_own_words() -> None:
    async def scenario() -> None:
        step = Step(at_s=0.5, select="all", what="vendor")
        async with playing([station("Alfen"), station("ABB")], script=[step]) as (system, _):
            await system.wait_for(
                lambda: sum(s["status"] == "Faulted" for s in system.of("StatusNotification")) >= 2
            )
            faulted = {
                s["vendorErrorCode"]: s for s in system.of("StatusNotification") if s["status"] == "Faulted"
            }
            assert faulted["101"]["connectorId"] == 0
            assert faulted["0x0400"]["connectorId"] == 1

    run(scenario)


def test_a_car_that_does_not_talk_suspends_the_connector_and_does_not_fault_it() -> None:
    async def scenario() -> None:
        step = Step(at_s=0.3, select="all", what="EVCommunicationError")
        async with playing([station("Easee")], script=[step]) as (system, _):
            await system.wait_for(
                lambda: system.of("StatusNotification")[-1:] and len(system.of("StatusNotification")) > 1
            )
            assert system.of("StatusNotification")[-1]["status"] == "SuspendedEVSE"

    run(scenario)


def test_a_refused_card_is_tried_again_and_no_session_starts() -> None:
    async def scenario() -> None:
        step = Step(at_s=0.3, select="all", what="refused_card")
        async with playing([station("ABB"), station("Schneider")], speed=100, script=[step]) as (system, _):
            await system.wait_for(lambda: len(system.of("Authorize")) >= 4)
            assert not system.of("StartTransaction")
            assert not system.of("TransactionEvent")

    run(scenario)


def test_a_power_cut_takes_a_whole_site_and_gives_it_back_with_a_boot() -> None:
    async def scenario() -> None:
        fleet_of = stations_of(demo_assets(10))
        site = fleet_of[0].site
        members = {s.identity for s in fleet_of if s.site == site}
        assert len(members) == 6
        step = Step(at_s=1.0, select=f"site:{site}", what="power_cut", for_s=1.0)
        async with playing(fleet_of, script=[step]) as (system, fleet):
            await system.wait_for(lambda: len(system.ended) == len(members))
            assert set(system.ended) == members
            assert fleet.report().ready == len(fleet_of) - len(members)
            boots = len(fleet_of) + len(members)
            await system.wait_for(lambda: len(system.of("BootNotification")) == boots)

    run(scenario)


def test_a_lost_link_comes_back_without_a_boot_where_the_make_does_so() -> None:
    async def scenario() -> None:
        step = Step(at_s=0.5, select="all", what="link_loss", for_s=0.2)
        async with playing([station("Easee")], script=[step]) as (system, fleet):
            await system.wait_for(
                lambda: fleet.report().connects == 2 and len(system.of("StatusNotification")) == 2
            )
            assert len(system.of("BootNotification")) == 1

    run(scenario)


def test_flapping_connects_several_times_within_seconds() -> None:
    async def scenario() -> None:
        step = Step(at_s=0.3, select="all", what="flapping", for_s=6)
        async with playing([station("ABB")], script=[step]) as (system, fleet):
            await system.wait_for(lambda: fleet.report().connects >= 3)

    run(scenario)


def test_commands_of_the_back_end_are_obeyed() -> None:
    async def scenario() -> None:
        one = station("EVBox")
        async with playing([one]) as (system, _):
            await system.wait_for(lambda: len(system.of("StatusNotification")) == 3)
            name = one.identity
            assert await system.ask(name, "TriggerMessage", {"requestedMessage": "Heartbeat"}) == {
                "status": "Accepted"
            }
            assert await system.ask(name, "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
            assert await system.ask(name, "UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}
            assert (await system.ask(name, "RemoteStopTransaction", {"transactionId": 4}))[
                "status"
            ] == "Rejected"
            started = await system.ask(name, "RemoteStartTransaction", {"idTag": "DE00", "connectorId": 2})
            assert started == {"status": "Accepted"}
            await system.wait_for(
                lambda: (
                    system.connected
                    and any(s["status"] == "Preparing" for s in system.of("StatusNotification"))
                )
            )
            assert (await system.ask(name, "GetConfiguration", {"key": ["NumberOfConnectors", "x"]}))[
                "unknownKey"
            ] == ["x"]
            assert await system.ask(
                name, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}
            ) == {"status": "Accepted"}
            await system.wait_for(lambda: system.of("StatusNotification")[-1]["status"] == "Unavailable")
            assert await system.ask(name, "Reset", {"type": "Soft"}) == {"status": "Accepted"}
            await system.wait_for(lambda: len(system.of("BootNotification")) == 2)

    run(scenario)


def test_commands_in_2_0_1_are_obeyed() -> None:
    async def scenario() -> None:
        one = station("Schneider")
        async with playing([one], speed=60.0) as (system, _):
            await system.wait_for(lambda: system.of("StatusNotification"))
            name = one.identity
            start = {"remoteStartId": 1, "evseId": 1, "idToken": {"idToken": "DE01", "type": "Central"}}
            assert await system.ask(name, "RequestStartTransaction", start) == {"status": "Accepted"}
            await system.wait_for(lambda: len(system.of("TransactionEvent")) >= 2)
            ref = system.of("TransactionEvent")[0]["transactionInfo"]["transactionId"]
            assert await system.ask(name, "RequestStopTransaction", {"transactionId": ref}) == {
                "status": "Accepted"
            }
            await system.wait_for(lambda: system.of("TransactionEvent")[-1]["eventType"] == "Ended")
            assert await system.ask(name, "GetBaseReport", {"requestId": 3, "reportBase": "FullInventory"})
            await system.wait_for(lambda: system.of("NotifyReport"))
            assert await system.ask(name, "Reset", {"type": "Immediate"}) == {"status": "Accepted"}
            await system.wait_for(lambda: len(system.of("BootNotification")) == 2)
            assert system.of("BootNotification")[-1]["reason"] == "RemoteReset"

    run(scenario)


def test_every_call_of_every_make_is_valid_by_the_ocpp_schemas() -> None:
    async def scenario() -> None:
        script = [
            Step(at_s=1.0 + n * 0.2, select="all", what=name, for_s=0.1)
            for n, name in enumerate([*FAULTS, "vendor"])
        ]
        async with playing(16, speed=FAST, script=script) as (system, fleet):
            makes = {s.make.name for s in fleet.stations}
            assert len(makes) == 8
            await asyncio.sleep(6)
            versions = {s.identity: s.version for s in fleet.stations}
            seen = {(versions[s], a) for s, a, _ in system.calls}
            assert {
                ("1.6", "StopTransaction"),
                ("2.0.1", "NotifyEvent"),
                ("2.0.1", "TransactionEvent"),
            } <= seen
            for name, action, payload in system.calls:
                await validate_payload(Call("1", action, payload), versions[name])

    run(scenario)


def test_the_same_seed_plays_the_same_stations_and_another_seed_others() -> None:
    assert stations_of(demo_assets(40, 7), 7) == stations_of(demo_assets(40, 7), 7)
    assert demo_assets(40, 7) != demo_assets(40, 8)
    assets = demo_assets(40)
    assert len({a.station for a in assets}) == 40
    assert len({a.make for a in assets}) >= 7
    assert {s.version for s in stations_of(assets)} == {"1.6", "2.0.1"}


@pytest.mark.parametrize("n", [1, 2, 8, 40, 200])
def test_the_demo_script_can_be_played_by_a_fleet_of_any_size(n: int) -> None:
    assets = demo_assets(n)
    for step in demo_script(assets):
        assert selected(step.select, stations_of(assets))


def test_the_demo_shows_both_sides_an_outage_and_a_recovery_within_two_minutes() -> None:
    early = [s for s in demo_script(demo_assets(40)) if s.at_s < 120]
    kinds = {s.what for s in early}
    assert {
        "GroundFailure",
        "ConnectorLockFailure",
        "refused_card",
        "LocalListConflict",
        "power_cut",
    } <= kinds
    outage = next(s for s in early if s.what == "power_cut")
    assert outage.for_s is not None
    assert outage.at_s + outage.for_s < 120
    assert outage.select.startswith("site:")


def test_the_demo_s_faults_fall_on_stations_that_show_them_well() -> None:
    assets = demo_assets(40)
    makes = {station.identity: station.make for station in stations_of(assets)}
    opening = {
        s.what: makes[s.select.removeprefix("station:")]
        for s in demo_script(assets)
        if s.at_s < 59 and s.select.startswith("station:")
    }
    assert opening["vendor"].vendor_fault is not None
    assert not opening["flapping"].boots_on_reconnect


def test_a_script_for_a_station_that_is_not_there_is_refused_before_anything_connects() -> None:
    with pytest.raises(ScriptError, match="names no station"):
        Fleet("ws://127.0.0.1:1", 2, script=[Step(at_s=0, select="station:nope", what="vendor")])
    with pytest.raises(ScriptError, match="unknown fault 'Meltdown'"):
        Fleet("ws://127.0.0.1:1", 2, script=[Step(at_s=0, select="all", what="Meltdown")])
    with pytest.raises(ValueError, match="speed"):
        Fleet("ws://127.0.0.1:1", 2, speed=0)


def test_stations_keep_trying_while_no_back_end_listens() -> None:
    async def scenario() -> None:
        fleet = Fleet("ws://127.0.0.1:9", 3)
        await fleet.run(1.5)
        assert fleet.report().ready == 0

    run(scenario)


def test_the_command_plays_for_its_minutes_and_reports() -> None:
    async def scenario() -> None:
        async with backend() as system:
            told: list[int] = []
            report = await run_simulator(
                system.url, 3, minutes=0.03, on_report=lambda r: told.append(r.ready), report_every_s=0.5
            )
            assert report.stations == 3
            assert report.connects == 3
            assert max(told) == 3

    run(scenario)


def test_pretty_printed_frames_are_json_over_several_lines() -> None:
    async def scenario() -> None:
        async with playing([station("Wallbox")]) as (system, _):
            await system.wait_for(lambda: system.raw)
            assert "\n" in system.raw[0][1]
            assert json.loads(system.raw[0][1])[2] == "BootNotification"

    run(scenario)


def test_time_stamps_are_utc_with_milliseconds() -> None:
    async def scenario() -> None:
        async with playing([station("ABB")]) as (system, _):
            await system.wait_for(lambda: system.of("StatusNotification"))
            at = datetime.fromisoformat(system.of("StatusNotification")[0]["timestamp"])
            assert abs((datetime.now(UTC) - at).total_seconds()) < 5

    run(scenario)
