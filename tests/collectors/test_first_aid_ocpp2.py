"""First aid at stations of OCPP 2.0.1 and 2.1, and at stations that are tapped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from collectors.owner.process import Owner
from data.register import write_register
from tests.collectors.house import Station, station
from tests.collectors.owners import appears, owner_of, url_of
from tests.collectors.tapped import OldBackEnd, old_back_end
from tests.collectors.test_first_aid import ASSET, ENDED, TOLD, answers, rows, settings_with, told_by
from tests.sinks import http_sink

VERSIONS = ("ocpp2.0.1", "ocpp2.1")
RESET = "policies:\n- {fault: station.internal, do: soft_reset}\n"
STAMP = "2026-11-22T10:00:00Z"


def status(word: str, evse: int = 1) -> dict[str, Any]:
    return {"timestamp": STAMP, "connectorStatus": word, "evseId": evse, "connectorId": 1}


def event(component: str, variable: str = "Problem", *, over: bool = False, evse: int | None = None) -> Any:
    place: dict[str, Any] = {} if evse is None else {"evse": {"id": evse, "connectorId": 1}}
    data = {
        "eventId": 1,
        "timestamp": STAMP,
        "trigger": "Alerting",
        "actualValue": "false" if over else "true",
        "cleared": over,
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": component, **place},
        "variable": {"name": variable},
    }
    return {"generatedAt": STAMP, "seqNo": 0, "eventData": [data]}


async def boots(one: Station) -> None:
    about = {"vendorName": "Acme", "model": "A2"}
    await one.ask("BootNotification", {"reason": "PowerUp", "chargingStation": about})
    await one.ask("StatusNotification", status("Available"))


def know_stations(owner: Owner) -> None:
    """One for each version that a test speaks in turn: starting an owner takes longer than all it does."""
    assets = [replace(ASSET, station=name) for name in ("BE-1", "BE-2")]
    write_register(owner.store, assets)
    owner.register = {asset.station: asset for asset in assets}


def run_2(
    directory: Path, policy: str, scenario: Callable[[Owner], Coroutine[Any, Any, None]], **more: Any
) -> None:
    url, tap = more.pop("url", "json://127.0.0.1:9/"), more.pop("tap", None)
    settings = settings_with(directory, url, f"policies:\n- {policy}\n", **more)
    if tap is not None:
        settings = replace(settings, ocpp=replace(settings.ocpp, tap=tap))

    async def go() -> None:
        async with owner_of(settings) as owner:
            know_stations(owner)
            await scenario(owner)

    asyncio.run(go())


def test_a_reset_when_idle_that_helps_is_proof_of_software_and_sends_no_installer(tmp_path: Path) -> None:
    policy = "{fault: station.internal, do: soft_reset, before_sending: true, hold_s: 60}"
    with http_sink() as sink:

        async def scenario(owner: Owner) -> None:
            for name, version in zip(("BE-1", "BE-2"), VERSIONS, strict=True):
                here = f"station = '{name}'"
                async with station(url_of(owner.settings, name), version) as one:
                    await boots(one)
                    await one.ask("NotifyEvent", event("AcDcConverter"))
                    assert (await answers(one, {"status": "Scheduled"}))[2:] == ["Reset", {"type": "OnIdle"}]
                    await appears(owner, f"SELECT 1 FROM first_aid WHERE outcome = 'accepted' AND {here}")
                async with station(url_of(owner.settings, name), version) as one:
                    await boots(one)  # this one never says that a problem is over: it works again
                    assert await appears(owner, f"{ENDED} AND {here}") == [("soft_reset", "accepted", True)]
                found = f"SELECT state, side, owner FROM incident WHERE fault = 'station.internal' AND {here}"
                assert rows(owner, found) == [("resolved", "software", "operator")]
            assert rows(owner, TOLD) == []

        run_2(tmp_path, policy, scenario, url=sink.url)
        assert sink.requests == []


def test_a_reset_that_is_refused_sends_the_installer_with_the_attempt_as_proof(tmp_path: Path) -> None:
    policy = "{fault: station.internal, do: soft_reset, before_sending: true, hold_s: 60}"
    refused = {"status": "Rejected", "statusInfo": {"reasonCode": "NotEnabled"}}
    with http_sink() as sink:

        async def scenario(owner: Owner) -> None:
            async with station(url_of(owner.settings, "BE-1"), "ocpp2.0.1") as one:
                await boots(one)
                await one.ask("NotifyEvent", event("AcDcConverter", evse=1))
                await answers(one, refused)
                assert await appears(owner, ENDED) == [("soft_reset", "rejected", None)]
                assert await asyncio.to_thread(sink.wait_for, 1)
            assert rows(owner, TOLD) == [("fixit", "first")]

        run_2(tmp_path, policy, scenario, url=sink.url)
        assert "The station refused" in told_by(sink)


SENT = [
    {"idToken": {"idToken": "04A2", "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}},
    {"idToken": {"idToken": "04B3", "type": "ISO14443"}, "idTokenInfo": {"status": "Blocked"}},
]


def test_every_other_remedy_goes_out_in_the_words_of_2_x(tmp_path: Path) -> None:
    cards = tmp_path / "cards.json"
    cards.write_text('[{"id_tag": "04A2"}, {"id_tag": "04B3", "status": "Blocked"}]')
    policy = (
        "{fault: connector.lock, do: unlock}\n- {fault: auth.local_list, do: send_local_list}\n"
        "- {fault: meter.failure, do: trigger_status}"
    )
    taken = "SELECT 1 FROM first_aid WHERE outcome = 'accepted'"

    async def scenario(owner: Owner) -> None:
        async with station(url_of(owner.settings, "BE-1"), "ocpp2.0.1") as one:
            await boots(one)
            await one.ask("StatusNotification", status("Available", evse=2))
            await one.ask("NotifyEvent", event("ConnectorPlugRetentionLock", evse=2))
            unlock = await answers(one, {"status": "Unlocked"})
            assert unlock[2:] == ["UnlockConnector", {"evseId": 2, "connectorId": 1}]
            await appears(owner, taken)
            await one.ask("NotifyEvent", event("ConnectorPlugRetentionLock", evse=2, over=True))
            await appears(owner, "SELECT 1 FROM first_aid WHERE remedy = 'unlock' AND cleared")
            await one.ask("NotifyEvent", event("FiscalMetering", evse=2))
            about = {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}}
            assert (await answers(one, {"status": "Accepted"}))[2:] == ["TriggerMessage", about]
            await appears(owner, f"{taken} AND remedy = 'trigger_status'")
            await one.ask("NotifyEvent", event("FiscalMetering", evse=2, over=True))
            await appears(owner, "SELECT 1 FROM first_aid WHERE remedy = 'trigger_status' AND cleared")
            await one.ask("NotifyEvent", event("LocalAuthListCtrlr"))
            assert (await answers(one, {"versionNumber": 7}))[2] == "GetLocalListVersion"
            call = await answers(one, {"status": "Accepted"})
            assert call[2:] == [
                "SendLocalList",
                {"versionNumber": 8, "updateType": "Full", "localAuthorizationList": SENT},
            ]
            await appears(
                owner, "SELECT 1 FROM first_aid WHERE remedy = 'send_local_list' AND outcome = 'accepted'"
            )

    run_2(tmp_path, policy, scenario, local_list=cards)


def test_nothing_is_tried_while_a_car_of_a_2_x_station_charges(tmp_path: Path) -> None:
    async def scenario(owner: Owner) -> None:
        async with station(url_of(owner.settings, "BE-1"), "ocpp2.0.1") as one:
            await boots(one)
            begun = {
                "eventType": "Started",
                "timestamp": STAMP,
                "triggerReason": "Authorized",
                "seqNo": 0,
                "transactionInfo": {"transactionId": "t", "chargingState": "Charging"},
                "evse": {"id": 1, "connectorId": 1},
            }
            await one.ask("TransactionEvent", begun)
            await one.ask("NotifyEvent", event("AcDcConverter"))
            await appears(owner, "SELECT 1 FROM incident WHERE fault = 'station.internal' AND state = 'open'")
            said = "SELECT event FROM incident_event WHERE event LIKE 'aid%'"
            assert await appears(owner, said) != []
            assert (await one.ask("Heartbeat", {}))[0] == 3
        assert rows(owner, "SELECT count(*) FROM command") == [(0,)]

    run_2(tmp_path, "{fault: station.internal, do: soft_reset}", scenario)


# --- tapped stations


async def relayed(one: Station, old: OldBackEnd, action: str, payload: dict[str, Any], answer: Any) -> None:
    """One question of the station, answered by the back end that it has."""
    before = len(old.got)
    message_id = await one.send(action, payload)
    await old.until(lambda: len(old.got) > before)
    await old.sockets[-1].send(json.dumps([3, message_id, answer]))
    assert (await one.receive())[1] == message_id


def test_first_aid_reaches_a_tapped_station_and_its_back_end_hears_nothing_of_it(tmp_path: Path) -> None:
    async def go() -> None:
        async with old_back_end() as old:
            settings = settings_with(
                tmp_path, policy="policies:\n- {fault: station.internal, do: soft_reset}\n"
            )
            settings = replace(settings, ocpp=replace(settings.ocpp, tap=old.url))
            async with owner_of(settings) as owner:
                know_stations(owner)
                for name, version, kind in (("BE-1", "ocpp1.6", "Soft"), ("BE-2", "ocpp2.0.1", "OnIdle")):
                    here = f"station = '{name}'"
                    async with station(url_of(settings, name), version) as one:
                        await breaks_down_tapped(one, old, version)
                        call = await answers(one, {"status": "Accepted"})
                        assert call[2:] == ["Reset", {"type": kind}]
                        await appears(owner, f"SELECT 1 FROM first_aid WHERE outcome = 'accepted' AND {here}")
                    assert not [text for text in old.got if call[1] in str(text)]
                asked = rows(owner, "SELECT actor, kind, outcome FROM command")
                assert asked == [("first aid", "Reset", "accepted")] * 2

    asyncio.run(go())


async def breaks_down_tapped(one: Station, old: OldBackEnd, version: str) -> None:
    accepted = {"status": "Accepted", "currentTime": STAMP, "interval": 300}
    if version == "ocpp1.6":
        boot = {"chargePointVendor": "Acme", "chargePointModel": "A1"}
        await relayed(one, old, "BootNotification", boot, accepted)
        for error, word in (("NoError", "Available"), ("InternalError", "Faulted")):
            report = {"connectorId": 1, "errorCode": error, "status": word}
            await relayed(one, old, "StatusNotification", report, {})
        return
    boot_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "A2"}}
    await relayed(one, old, "BootNotification", boot_2, accepted)
    await relayed(one, old, "StatusNotification", status("Available"), {})
    await relayed(one, old, "NotifyEvent", event("AcDcConverter", evse=1), {})


def test_nothing_is_put_into_a_conversation_whose_version_nobody_named(tmp_path: Path) -> None:
    async def go() -> None:
        async with old_back_end(["other"]) as old:
            settings = settings_with(
                tmp_path, policy="policies:\n- {fault: station.internal, do: soft_reset}\n"
            )
            settings = replace(settings, ocpp=replace(settings.ocpp, tap=old.url))
            async with owner_of(settings) as owner:
                write_register(owner.store, [ASSET])
                owner.register = {"BE-1": ASSET}
                async with station(url_of(settings, "BE-1"), "other") as one:
                    await breaks_down_tapped(one, old, "ocpp1.6")
                    tried = "SELECT detail FROM first_aid WHERE outcome = 'not_sent'"
                    (detail,) = (await appears(owner, tried))[0]
                assert detail.startswith("not possible: tapped")
                assert rows(owner, "SELECT count(*) FROM command") == [(0,)]
                evidence = rows(owner, "SELECT evidence FROM incident WHERE fault = 'station.internal'")
                assert "not possible: tapped" in evidence[0][0]

    asyncio.run(go())
