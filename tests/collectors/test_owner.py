"""The owner process end to end: a station's frame to frame, observation, incident and outbox row; its end."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from collectors.owner.error import OwnerError
from collectors.owner.process import Owner
from collectors.settings.options import AuthorisationSettings, Settings
from data.at_rest import RestingStore
from data.read import ReadDoor
from data.register import write_register
from data.scope import HELPDESK
from data.store import Store
from rules.core.model import Asset
from tests.collectors.house import station
from tests.collectors.owners import appears, owner_of, settings_for, url_of

HOUSE = Path(__file__).resolve().parents[2]
EVERYTHING = {"after": 0, "upto": 2**62, "station": None, "start": None, "stop": None}
FAULT = {
    "connectorId": 1,
    "errorCode": "GroundFailure",
    "status": "Faulted",
    "timestamp": "2026-11-22T10:00:00Z",
}


def test_a_fault_on_the_wire_becomes_frame_observation_incident_and_notice(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_for(tmp_path)
        with Store.open(settings.database) as store:
            write_register(store, [Asset(station="BE-1", site="Gent", installer="Fixit", connectors=1)])
        async with owner_of(settings) as owner:
            async with station(url_of(settings, "BE-1")) as one:
                assert (await one.boot())[2]["status"] == "Accepted"
                assert (await one.ask("StatusNotification", FAULT))[0] == 3
                frames = owner.store.sql("SELECT raw FROM frame WHERE action = 'StatusNotification'").rows()
                assert len(frames) == 2, "what is acknowledged is stored"
                [(station_name, fault, side)] = await appears(
                    owner, "SELECT station, fault, side FROM incident WHERE state = 'open'"
                )
                assert (station_name, side) == ("BE-1", "hardware")
                assert fault
                [(destination, subject)] = await appears(
                    owner, "SELECT destination, subject FROM notice WHERE reason = 'first'"
                )
                assert destination == "fixit"
                assert subject
            assert owner.store.sql("SELECT count(*) FROM observation WHERE kind = 'status'").rows() == [(1,)]

    asyncio.run(scenario())


def test_the_end_leaves_no_lock_and_the_next_owner_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_for(tmp_path)
        for _turn in range(2):
            async with owner_of(settings), station(url_of(settings, "S1")) as one:
                await one.boot()
        with Store.open(settings.database) as store:
            codes = store.sql("SELECT code FROM link WHERE event = 'disconnected'").rows()
            assert codes == [(1000,), (1000,)]
            blind = store.sql("SELECT count(*) FROM blind_interval").rows()
            assert blind == [(1,)]
            ids = store.sql("SELECT count(*), count(DISTINCT record_id) FROM frame").rows()
            assert ids == [(4, 4)]

    asyncio.run(scenario())


def test_a_second_owner_on_the_same_file_is_refused_in_words(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_for(tmp_path)
        async with owner_of(settings):
            with pytest.raises(OwnerError, match="in use by this process"):
                await Owner(settings_for(tmp_path)).start()

    asyncio.run(scenario())


@pytest.mark.parametrize("door", ["ocpp", "http"])
def test_a_port_in_use_is_named_and_nothing_stays_open(tmp_path: Path, door: str) -> None:
    async def scenario() -> None:
        settings = settings_for(tmp_path)
        port = getattr(settings, door).port
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            with pytest.raises(OwnerError, match=f"127.0.0.1:{port} is in use"):
                await Owner(settings).start()
        with Store.open(settings.database):
            pass

    asyncio.run(scenario())


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OwnerError, match="file"):
            await Owner(settings_for(tmp_path / "file" / "data")).start()

    asyncio.run(scenario())


def test_a_refused_card_hears_blocked_and_is_stored_under_a_pseudonym(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_for(tmp_path, authorisation=AuthorisationSettings(blocked=("04AABBCCDD",)))
        async with owner_of(settings) as owner:
            async with station(url_of(settings, "S1")) as one:
                blocked = await one.ask("Authorize", {"idTag": "04AABBCCDD"})
                assert blocked[2]["idTagInfo"]["status"] == "Blocked"
                other = await one.ask("Authorize", {"idTag": "04EEFF0011"})
                assert other[2]["idTagInfo"]["status"] == "Accepted"
            found = owner.store.sql("SELECT count(*) FROM frame WHERE raw LIKE '%04AABB%'").rows()
            assert found == [(0,)]
            found = owner.store.sql("SELECT count(*) FROM frame WHERE raw LIKE '%tok_%'").rows()
            assert found == [(2,)]

    asyncio.run(scenario())


class OwnerProcess:
    """`laadwacht serve` as a process of its own."""

    def __init__(self, settings: Settings, *options: str) -> None:
        self.settings = settings
        command = [sys.executable, "-m", "collectors", "serve", "--data-dir", str(settings.data_dir)]
        command += ["--ocpp-port", str(settings.ocpp.port), "--http-port", str(settings.http.port)]
        command += ["--set", f"read_door.port={settings.read_door.port}", *options]
        self.process = subprocess.Popen(
            command,
            cwd=HOUSE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"TERM": "dumb"},
        )

    def wait_ready(self) -> None:
        for _ in range(600):
            assert self.process.poll() is None, self.said()
            try:
                if httpx.get(f"{self.settings.http_url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("the owner process did not become ready")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        self.said()
        return code

    def said(self) -> str:
        """Standard error; waits for the end of the process."""
        _, errors = self.process.communicate(timeout=30)
        return errors.decode()


async def _talk(settings: Settings, owner_pid: int, name: str, acknowledged: list[str]) -> None:
    """Send as fast as answers come, until the owner is gone; keep what was acknowledged."""
    try:
        async with station(url_of(settings, name)) as one:
            for n in range(1_000_000):
                message_id = f"{owner_pid}-{name}-{n}"
                await one.socket.send(json.dumps([2, message_id, "StatusNotification", FAULT]))
                answer = await one.receive()
                acknowledged.append(answer[1])
    except Exception:
        # Killed in mid-sentence: what came back so far is what counts.
        return


async def _under_load_until_killed(owner: OwnerProcess, acknowledged: list[str], count: int) -> None:
    """Kills the owner in mid-sentence, once `count` requests were answered."""
    talks = [
        asyncio.create_task(_talk(owner.settings, owner.process.pid, f"K{n}", acknowledged))
        for n in range(40)
    ]
    async with asyncio.timeout(60):
        while len(acknowledged) < count:
            await asyncio.sleep(0.01)
    os.kill(owner.process.pid, signal.SIGKILL)
    await asyncio.gather(*talks)


@pytest.mark.timeout(600)
def test_after_twenty_times_kill_nine_under_load_every_acknowledged_frame_is_in_the_database(
    tmp_path: Path,
) -> None:
    settings = settings_for(tmp_path)
    acknowledged: list[str] = []
    for turn in range(20):
        owner = OwnerProcess(settings)
        try:
            owner.wait_ready()
            answered: list[str] = []
            # Other counts, so that it dies at other points of the journal's and the tables' rhythm.
            asyncio.run(_under_load_until_killed(owner, answered, 50 + 37 * turn))
            acknowledged += answered
        finally:
            owner.process.kill()
            owner.said()
        if turn in {0, 10}:
            with RestingStore.open(settings.database) as resting:
                at_rest = resting.query("frames_page", **EVERYTHING)["message_id"].to_list()
            assert set(acknowledged) <= set(at_rest)
    owner = OwnerProcess(settings)
    owner.wait_ready()
    assert owner.end() == 0
    with Store.open(settings.database) as store:
        stored = store.sql("SELECT message_id, record_id FROM frame WHERE direction = 'in'")
    assert set(acknowledged) <= set(stored["message_id"])
    assert stored["record_id"].is_unique().all(), "nothing came twice out of the journal"


def test_on_a_full_disk_nobody_is_told_stored_and_with_room_again_all_goes_on(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    owner = OwnerProcess(settings)

    def room(most_bytes: int) -> None:
        resource.prlimit(owner.process.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    def readiness() -> httpx.Response:
        return httpx.get(f"{settings.http_url}/readyz", trust_env=False)

    async def scenario() -> None:
        async with station(url_of(settings, "S1")) as one:
            await one.boot()
            room(1)  # no file may grow: what a full disk looks like to a program
            await one.send("StatusNotification", FAULT)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await one.receive()
            red = await asyncio.to_thread(readiness)
            assert red.status_code == 503
            assert "check permissions and free space" in red.text
            room(resource.RLIM_INFINITY)
            assert (await one.ask("StatusNotification", FAULT))[0] == 3

    try:
        owner.wait_ready()
        asyncio.run(scenario())
    finally:
        owner.end()
    again = OwnerProcess(settings)
    again.wait_ready()
    assert again.end() == 0
    with Store.open(settings.database) as store:
        found = store.sql(
            "SELECT direction, count(*) FROM frame WHERE action = 'StatusNotification' GROUP BY 1 ORDER BY 1"
        )
        assert found.rows() == [("in", 1), ("out", 1)], "what was not acknowledged was not stored"


def test_a_data_directory_that_can_no_longer_be_written_tells_nobody_stored_and_says_so(
    tmp_path: Path,
) -> None:
    settings = settings_for(tmp_path / "data")
    owner = OwnerProcess(settings)

    async def scenario() -> None:
        # Away, because permissions do not bind the user root: new files fail either way.
        settings.data_dir.rename(tmp_path / "away")
        async with station(url_of(settings, "S1")) as one:
            await one.send("StatusNotification", FAULT)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await one.receive()
            red = await asyncio.to_thread(httpx.get, f"{settings.http_url}/readyz", trust_env=False)
            assert red.status_code == 503
            assert "cannot be written: check permissions" in red.text
            (tmp_path / "away").rename(settings.data_dir)
            assert (await one.ask("StatusNotification", FAULT))[0] == 3

    try:
        owner.wait_ready()
        asyncio.run(scenario())
    finally:
        assert owner.end() == 0
    with Store.open(settings.database) as store:
        assert store.sql("SELECT count(*) FROM frame WHERE direction = 'in'").item() == 1


def test_a_second_owner_process_ends_with_code_two_and_one_line(tmp_path: Path) -> None:
    first = OwnerProcess(settings_for(tmp_path))
    try:
        first.wait_ready()
        second = OwnerProcess(settings_for(tmp_path))
        errors = second.said()
        assert second.process.returncode == 2
        assert "is in use by process" in errors
        assert "Traceback" not in errors
    finally:
        assert first.end(signal.SIGINT) == 0


def test_stations_hear_1001_when_the_owner_is_told_to_end_and_one_file_is_left(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    owner = OwnerProcess(settings)
    owner.wait_ready()

    async def scenario() -> None:
        async with station(url_of(settings, "S1")) as one:
            await one.boot()
            owner.process.send_signal(signal.SIGTERM)
            await one.socket.wait_closed()
            assert one.socket.close_code == 1001

    # A page that reads while the owner ends must not keep DuckDB's log from going into the file.
    door = ReadDoor(settings.read_url, settings.token_file)
    door.query("stations_last_seen", HELPDESK)
    asyncio.run(scenario())
    assert owner.end() == 0
    beside = {file.name for file in settings.data_dir.iterdir() if "laadwacht" in file.name}
    assert beside == {"laadwacht.duckdb"}
    with Store.open(settings.database) as store:
        assert store.sql("SELECT code FROM link WHERE event = 'disconnected'").rows() == [(1001,)]
