"""When the store is slow or fails, tapped traffic goes on and what passed is in the database in the end."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection

from collectors.commits import LiveIntake
from collectors.decode.privacy import Pseudonymiser
from collectors.tap.spool import Spool, SpoolFull, read_segment
from collectors.tap.spool_store import Done, SpoolingStore
from data.errors import StoreUnwritable
from data.rows import Batch, FrameRow
from data.store import Store
from rules.core.model import Booted
from tests.collectors.house import House
from tests.collectors.tapped import OldBackEnd, charger, old_back_end, tapped_house

MB = 1_048_576


class Gate:
    """The way to a real store, which a test may block (`refuses`) or hold up (`holds`)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Batch, Done]] = []
        self.refuses = False
        self.holds = False

    def next_record_id(self) -> int:
        return self._store.next_record_id()

    def submit(self, batch: Batch, done: Done | None) -> None:
        report = done or (lambda _error: None)
        if self.refuses:
            report(StoreUnwritable("no space left on the disk"))
        elif self.holds:
            self._waiting.append((batch, report))
        else:
            self._store.submit(batch, report)

    def release(self) -> None:
        self.refuses = self.holds = False
        waiting, self._waiting = self._waiting, []
        for batch, report in waiting:
            self._store.submit(batch, report)


@asynccontextmanager
async def spooling_house(
    store: Store, directory: Path, url: str, gate: Gate | None = None, max_bytes: int = 64 * MB
) -> AsyncIterator[tuple[House, SpoolingStore]]:
    between = SpoolingStore(
        gate or store,
        Spool(directory / "spool", max_bytes),
        lambda _station: True,
        lambda frame: (
            not store.query(
                "frame_is_stored",
                station=frame.station,
                received_at=frame.received_at,
                direction=frame.direction,
                raw=frame.raw,
            ).is_empty()
        ),
    )
    intake = LiveIntake(between, Pseudonymiser(b"k" * 32))
    between.start(intake)
    try:
        async with tapped_house(store, url, intake) as home:
            yield home, between
    finally:
        await between.close()


async def talk(station: ClientConnection, old: OldBackEnd, first: int, last: int) -> None:
    """Heartbeats numbered from `first` to `last`, each answered by the back end."""
    for number in range(first, last + 1):
        await station.send(json.dumps([2, str(number), "Heartbeat", {}]))
        await old.until(lambda: len(old.got) == number)  # noqa: B023
        await old.sockets[0].send(json.dumps([3, str(number), {}]))
        async with asyncio.timeout(10):
            await station.recv()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


def expected(last: int) -> list[tuple[str, str]]:
    return [(way, str(number)) for number in range(1, last + 1) for way in ("in", "out")]


ALL = "SELECT direction, message_id FROM frame ORDER BY record_id"


def test_while_the_store_fails_traffic_passes_and_all_is_stored_in_order_after(
    store: Store, tmp_path: Path
) -> None:
    async def scenario() -> None:
        gate = Gate(store)
        async with old_back_end() as old, spooling_house(store, tmp_path, old.url, gate) as (home, between):
            async with charger(home.url("BE-1")) as station:
                await talk(station, old, 1, 20)
                await until(lambda: store.sql(ALL).height == 40)
                gate.refuses = True
                await talk(station, old, 21, 120)
                await until(lambda: not between.spool.empty)
                gate.release()
                await talk(station, old, 121, 140)
                await until(lambda: between.spool.empty)
                await talk(station, old, 141, 150)
            await until(lambda: store.sql(ALL).height == 300)
            assert home.rows(ALL) == expected(150)
            assert between.spool.lost == 0
            assert list((tmp_path / "spool").iterdir()) == []

    asyncio.run(scenario())


def test_while_the_store_hangs_traffic_passes_without_waiting_for_it(store: Store, tmp_path: Path) -> None:
    async def scenario() -> None:
        gate = Gate(store)
        async with old_back_end() as old, spooling_house(store, tmp_path, old.url, gate) as (home, between):
            async with charger(home.url("BE-1")) as station:
                gate.holds = True
                await talk(station, old, 1, 50)
                # The store is called slow once the oldest batch on its way is half a second old.
                await asyncio.sleep(0.6)
                await talk(station, old, 51, 100)
                assert not between.spool.empty
                gate.release()
                await until(lambda: between.spool.empty)
            await until(lambda: store.sql(ALL).height == 200)
            assert home.rows(ALL) == expected(100)

    asyncio.run(scenario())


def test_what_a_stopped_store_left_on_disk_is_stored_by_the_next_run(tmp_path: Path) -> None:
    async def first_run() -> None:
        with Store.open(tmp_path / "laadwacht.duckdb") as store:
            async with (
                old_back_end() as old,
                spooling_house(store, tmp_path, old.url) as (home, _between),
                charger(home.url("BE-1")) as station,
            ):
                await talk(station, old, 1, 10)
                await until(lambda: store.sql(ALL).height == 20)
                await asyncio.to_thread(store.close)
                await talk(station, old, 11, 60)

    async def second_run() -> None:
        with Store.open(tmp_path / "laadwacht.duckdb") as store:
            async with old_back_end() as old, spooling_house(store, tmp_path, old.url) as (home, between):
                await until(lambda: between.spool.empty)
                assert home.rows(ALL) == expected(60)
                links = home.rows("SELECT event FROM link ORDER BY record_id")
                assert links == [("connected",), ("disconnected",)]

    asyncio.run(first_run())
    asyncio.run(second_run())


def test_a_record_that_fits_no_table_is_set_aside_and_the_rest_of_the_spool_is_stored(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "spool"
    directory.mkdir()
    good, other = frame_row(1), frame_row(3)
    odd = msgspec.structs.replace(frame_row(2), type="CALL")
    huge = msgspec.structs.replace(frame_row(4), record_id=4, message_id="m", findings=("x",), import_key=-1)
    lines = [
        msgspec.json.encode(Batch(frames=[row], links=[], observations=[]))
        for row in (good, odd, other, huge)
    ]
    (directory / "000000000001.jsonl").write_bytes(b"\n".join(lines) + b"\n")

    async def run() -> None:
        with Store.open(tmp_path / "laadwacht.duckdb") as store:
            async with old_back_end() as old, spooling_house(store, tmp_path, old.url) as (home, between):
                await until(lambda: between.spool.empty)
                assert home.rows("SELECT received_at FROM frame ORDER BY 1") == [
                    (row.received_at,) for row in (good, other)
                ]
                assert between.spool.set_aside == 2

    asyncio.run(run())
    aside = (directory / "000000000001.unfit").read_bytes().splitlines()
    assert aside[0] == lines[1]
    assert b'"import_key":-1' in aside[1]


def test_a_segment_that_was_stored_before_a_crash_is_not_stored_again(tmp_path: Path) -> None:
    async def run(leave: bool) -> int:
        with Store.open(tmp_path / "laadwacht.duckdb") as store:
            async with old_back_end() as old, spooling_house(store, tmp_path, old.url) as (home, between):
                if leave:
                    async with charger(home.url("BE-1")) as station:
                        await asyncio.to_thread(store.close)
                        await talk(station, old, 1, 5)
                    return 0
                await until(lambda: between.spool.empty)
                return len(home.rows(ALL))

    asyncio.run(run(True))
    left = {path.name: path.read_bytes() for path in (tmp_path / "spool").iterdir()}
    assert asyncio.run(run(False)) == 10
    for name, content in left.items():
        (tmp_path / "spool" / name).write_bytes(content)
    assert asyncio.run(run(False)) == 10


def frame_row(number: int) -> FrameRow:
    return FrameRow(
        record_id=number,
        received_at=datetime(2026, 11, 22, 10, 0, number, tzinfo=UTC),
        station="BE-1",
        direction="in",
        raw="x" * 1000,
    )


def appended(spool: Spool, batch: Batch) -> BaseException | None:
    told: list[BaseException | None] = []
    happened = threading.Event()

    def done(error: BaseException | None) -> None:
        told.append(error)
        happened.set()

    spool.append(batch, done)
    assert happened.wait(10)
    return told[0]


def test_a_batch_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MB)
    row = frame_row(7)
    seen = Booted(station="BE-1", at=row.received_at, record_id=7, make="Acme")
    assert appended(spool, Batch(frames=[row], links=[], observations=[seen])) is None
    segment = spool.oldest()
    assert segment is not None
    assert segment.stat().st_mode & 0o777 == 0o600
    back, unfit = read_segment(segment)
    assert unfit == []
    assert (back.frames, back.observations) == ([row], [seen])
    spool.close()


def test_a_full_spool_refuses_counts_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path, 3000)
    answers = [appended(spool, Batch(frames=[frame_row(n)], links=[], observations=[])) for n in range(6)]
    assert answers[:3] == [None, None, None]
    assert all(isinstance(error, SpoolFull) for error in answers[3:])
    assert spool.lost == 3
    assert "the spool is full" in caplog.text
    spool.close()


def test_a_line_cut_off_by_a_crash_costs_nothing_but_itself(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MB)
    for number in (1, 2):
        appended(spool, Batch(frames=[frame_row(number)], links=[], observations=[]))
    spool.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    again = Spool(tmp_path, MB)
    oldest = again.oldest()
    assert oldest is not None
    back, unfit = read_segment(oldest)
    assert ([row.record_id for row in back.frames], unfit) == ([1], [])
    again.close()
