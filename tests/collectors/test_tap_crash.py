"""A tapped owner killed by SIGKILL under load: the end of a conversation can be lost, nothing within it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from pathlib import Path

import httpx
import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from collectors.settings.options import Settings
from data.store import Store
from tests.collectors.owners import settings_for, url_of
from tests.collectors.tapped import charger, receive
from tests.collectors.test_owner import OwnerProcess

STATIONS = [f"T{n}" for n in range(10)]
AVAILABLE = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
Talk = dict[str, list[str]]


async def _answering(socket: ServerConnection) -> None:
    """A back end that answers every request at once."""
    try:
        async for message in socket:
            await socket.send(json.dumps([3, json.loads(message)[1], {}]))
    except ConnectionClosed:
        return


async def _talk(settings: Settings, name: str, turn: int, said: Talk, rounds: int) -> None:
    """As fast as answers come. `said` holds what went out and what came back, in order."""
    try:
        async with charger(url_of(settings, name)) as station:
            for n in range(rounds):
                asked = json.dumps([2, f"{turn}-{n}", "StatusNotification", AVAILABLE])
                said[name].append(asked)
                await station.send(asked)
                said[name].append(str(await receive(station)))
    except (ConnectionClosed, OSError):
        return


async def _kept(settings: Settings) -> int:
    """Rows that the owner process says are durable."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        told = (await http.get(f"{settings.http_url}/metrics")).text
    found = re.search(r"^laadwacht_rows_committed_total ([\d.e+]+)$", told, re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


def _stored(settings: Settings) -> tuple[Talk, int]:
    """Each station's frames in the order of receipt, and how many rows there are in all."""
    with Store.open(settings.database) as store:
        rows = store.sql("SELECT station, raw FROM frame ORDER BY record_id").rows()
        (count,) = store.sql(
            "SELECT (SELECT count(*) FROM frame) + (SELECT count(*) FROM link)"
            " + (SELECT count(*) FROM observation)"
        ).rows()[0]
    return {name: [raw for station, raw in rows if station == name] for name in STATIONS}, count


def test_a_killed_tap_loses_the_end_of_a_conversation_at_most_and_the_next_one_goes_on(
    tmp_path: Path,
) -> None:
    said: Talk = {name: [] for name in STATIONS}

    async def scenario() -> None:
        async with serve(
            _answering, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")], compression=None
        ) as old:
            address = f"ws://127.0.0.1:{old.sockets[0].getsockname()[1]}/{{station}}"
            settings = settings_for(tmp_path)
            settings = msgspec.structs.replace(
                settings, ocpp=msgspec.structs.replace(settings.ocpp, tap=address)
            )
            owner = OwnerProcess(settings, "--tap", address)
            try:
                await asyncio.to_thread(owner.wait_ready)
                talks = [asyncio.create_task(_talk(settings, name, 1, said, 1_000_000)) for name in STATIONS]
                async with asyncio.timeout(60):
                    while (kept := await _kept(settings)) < 500:
                        await asyncio.sleep(0.01)
                os.kill(owner.process.pid, signal.SIGKILL)
                await asyncio.gather(*talks)
            finally:
                owner.process.kill()
                owner.said()
            waited_in_spool = list(settings.spool_dir.glob("*.jsonl"))
            found, count = _stored(settings)
            assert count >= kept, "what was told to be durable is there"
            for name in STATIONS:
                part = said[name][: len(found[name])]
                if waited_in_spool:  # the disk hung: what was on its way may lack before what was spooled
                    part = [frame for frame in said[name] if frame in set(found[name])]
                assert found[name] == part, "in order, none twice, and only the end may lack"

            owner = OwnerProcess(settings, "--tap", address)
            try:
                await asyncio.to_thread(owner.wait_ready)
                again: Talk = {name: [] for name in STATIONS}
                async with asyncio.timeout(60):
                    await asyncio.gather(*(_talk(settings, name, 2, again, 3) for name in STATIONS))
            finally:
                assert owner.end() == 0
            after, _ = _stored(settings)
            for name in STATIONS:
                assert len(again[name]) == 6
                assert after[name][-6:] == again[name]
                before = after[name][:-6]
                assert before[: len(found[name])] == found[name]
                assert len(before) == len(set(before)), "nothing came twice out of journal and spool"

    asyncio.run(scenario())
