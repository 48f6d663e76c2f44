"""The owner process by its settings: tap, spool, metrics, readiness, a station's secret."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import msgspec
from websockets.exceptions import InvalidStatus

from tests.collectors.owners import appears, owner_of, settings_for, url_of
from tests.collectors.tapped import charger, old_back_end, receive
from tests.collectors.test_station_access import basic


def test_a_tapped_owner_records_both_ways_and_judges_what_the_back_end_did(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with old_back_end() as old:
            settings = settings_for(tmp_path)
            ocpp = msgspec.structs.replace(settings.ocpp, tap=old.url, tap_stations=("OURS=",))
            settings = msgspec.structs.replace(settings, ocpp=ocpp)
            async with owner_of(settings) as owner:
                async with (
                    charger(url_of(settings, "BE-1")) as station,
                    charger(url_of(settings, "OURS")) as own,
                ):
                    await station.send(
                        '[2,"1","BootNotification",{"chargePointVendor":"A","chargePointModel":"B"}]'
                    )
                    await old.until(lambda: old.got)
                    await old.sockets[0].send('[4,"1","InternalError","no database",{}]')
                    assert str(await receive(station)).startswith('[4,"1"')
                    await own.send('[2,"1","Heartbeat",{}]')
                    assert str(await receive(own)).startswith('[3,"1"')
                    await appears(owner, "SELECT 1 FROM incident WHERE fault = 'backend.call_errors'")
                rows = await appears(
                    owner, "SELECT direction FROM frame WHERE station = 'BE-1' ORDER BY record_id"
                )
                assert rows == [("in",), ("out",)]
                async with httpx.AsyncClient(base_url=settings.http_url, trust_env=False) as http:
                    assert "laadwacht_spool_bytes 0.0" in (await http.get("/metrics")).text
                    assert (await http.get("/readyz")).status_code == 200

    asyncio.run(scenario())


def test_a_secret_given_while_the_owner_runs_holds_from_the_next_connection_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_for(tmp_path)
        ocpp = msgspec.structs.replace(settings.ocpp, authentication="basic")
        settings = msgspec.structs.replace(settings, ocpp=ocpp)
        async with owner_of(settings):
            tried = []
            for given in (False, True):
                if given:
                    command = ["stations", "secret", "BE-1", "--stdin", "--data-dir", str(tmp_path)]
                    command += ["--http-port", str(settings.http.port)]
                    await run_command(command, b"a secret of a person\n")
                try:
                    async with charger(
                        url_of(settings, "BE-1"), additional_headers=basic("BE-1", "a secret of a person")
                    ):
                        tried.append(101)
                except InvalidStatus as refused:
                    tried.append(refused.response.status_code)
            assert tried == [401, 101]

    asyncio.run(scenario())


async def run_command(arguments: list[str], text: bytes) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collectors", *arguments, stdin=asyncio.subprocess.PIPE
    )
    await process.communicate(text)
    assert process.returncode == 0
