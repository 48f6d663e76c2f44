"""A listener on a free port with a real store behind it, and a station played by an independent client."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from collectors.commits import LiveIntake
from collectors.decode.privacy import Pseudonymiser
from collectors.stations.listener import Desk, Listener
from data.store import Batch, Store


class House:
    """The store, the intake and the listener of one test."""

    def __init__(self, store: Store, intake: LiveIntake, listener: Listener) -> None:
        self.store = store
        self.intake = intake
        self.listener = listener

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.listener.port}/{path}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.store.sql(sql).rows()

    async def stored(self) -> None:
        """Wait until everything received so far is in the database."""
        await asyncio.sleep(0.05)
        await self.intake.drain()


@asynccontextmanager
async def house(
    directory: Path,
    *,
    unknown: str = "accept",
    registered: frozenset[str] = frozenset(),
    max_frame_bytes: int = 1_048_576,
    ping_interval_s: int = 0,
) -> AsyncIterator[House]:
    with Store.open(directory / "laadwacht.duckdb") as real:
        intake = LiveIntake(real, Pseudonymiser(b"k" * 32))
        transactions = itertools.count(1)
        desk = Desk(
            intake,
            clock=lambda: datetime.now(UTC),
            is_registered=registered.__contains__,
            unknown=unknown,
            new_transaction=lambda: next(transactions),
            heartbeat_s=300,
        )
        listener = Listener(
            desk,
            host="127.0.0.1",
            port=0,
            max_frame_bytes=max_frame_bytes,
            ping_interval_s=ping_interval_s,
        )
        await listener.start()
        try:
            yield House(real, intake, listener)
        finally:
            await listener.stop()


class Station:
    """One charging station, as far as a test needs it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = itertools.count(1)

    async def send(self, action: str, payload: dict[str, Any]) -> str:
        message_id = f"m{next(self._ids)}"
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        return message_id

    async def receive(self) -> Any:
        async with asyncio.timeout(10):
            return json.loads(await self.socket.recv())

    async def ask(self, action: str, payload: dict[str, Any]) -> Any:
        """Send a CALL and return its answer."""
        message_id = await self.send(action, payload)
        answer = await self.receive()
        assert answer[1] == message_id
        return answer

    async def boot(self) -> Any:
        return await self.ask("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "A1"})


@asynccontextmanager
async def station(url: str, subprotocol: str = "ocpp1.6", **options: Any) -> AsyncIterator[Station]:
    async with connect(url, subprotocols=[subprotocol], proxy=None, max_size=None, **options) as socket:  # type: ignore[list-item]
        yield Station(socket)


@contextmanager
def disk_busy(store: Store) -> Iterator[None]:
    """Nothing becomes durable until the block ends."""
    reached, free = threading.Event(), threading.Event()

    def hold(_error: BaseException | None) -> None:
        reached.set()
        free.wait(10)

    store.submit(Batch(), hold)
    assert reached.wait(10)
    try:
        yield
    finally:
        free.set()
