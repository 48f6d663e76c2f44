"""A tap between a real station's client and a real back end, all on loopback, with a real database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from collectors.commits import LiveIntake
from collectors.decode.privacy import Pseudonymiser
from collectors.stations.listener import Desk, Listener
from collectors.tap.door import Tap
from data.store import Store
from tests.collectors.house import House


class OldBackEnd:
    """The back end an operator already has: it keeps all it gets and sends what a test tells it to."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.got: list[str | bytes] = []
        self.sockets: list[ServerConnection] = []
        self.closed: list[tuple[int | None, str | None]] = []
        self.refuse: tuple[int, str, dict[str, str]] | None = None
        self.greeting: list[str | bytes] = []
        self._news = asyncio.Event()

    def meet(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.refuse is None:
            return None
        status, body, headers = self.refuse
        answer = connection.respond(HTTPStatus(status), body)
        for name, value in headers.items():
            answer.headers[name] = value
        return answer

    async def handle(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        for message in self.greeting:
            await socket.send(message)
        self._news.set()
        try:
            while True:
                self.got.append(await socket.recv())
                self._news.set()
        except ConnectionClosed:
            self.closed.append((socket.close_code, socket.close_reason))
            self._news.set()

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(15):
            while not true():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def old_back_end(
    protocols: list[str] | None = None, port: int = 0, **options: Any
) -> AsyncIterator[OldBackEnd]:
    system = OldBackEnd()
    offered = [Subprotocol(name) for name in protocols or ["ocpp1.6", "ocpp2.0.1"]]
    server: Server
    async with serve(
        system.handle,
        "127.0.0.1",
        port,
        subprotocols=offered,
        process_request=system.meet,
        compression=None,
        **options,
    ) as server:
        scheme = "wss" if options.get("ssl") else "ws"
        system.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/old/{{station}}"
        yield system


@asynccontextmanager
async def tapped_house(
    store: Store,
    everyone: str | None,
    intake: LiveIntake | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ping_interval_s: int = 0,
    **options: Any,
) -> AsyncIterator[House]:
    """A listener in tap mode. `options` go to the `Tap`."""
    own = intake or LiveIntake(store, Pseudonymiser(b"k" * 32))
    numbers = itertools.count(1)
    desk = Desk(
        own,
        clock=clock,
        is_registered=lambda _station: True,
        unknown="accept",
        new_transaction=lambda: next(numbers),
        heartbeat_s=300,
    )
    listener = Listener(
        desk,
        host="127.0.0.1",
        port=0,
        max_frame_bytes=1_048_576,
        ping_interval_s=ping_interval_s,
        tap=Tap(own, clock=clock, everyone=everyone, ping_interval_s=0, **options),
    )
    await listener.start()
    try:
        yield House(store, own, listener)
    finally:
        await listener.stop()


class OneAnswer(connect):
    """A client that follows no redirect: it is asked for the one answer it got."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@asynccontextmanager
async def charger(url: str, *subprotocols: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """An independent client; it neither answers nor asks by itself."""
    offered = [Subprotocol(name) for name in subprotocols or ("ocpp1.6",)]
    options = {"compression": None, **options}
    async with OneAnswer(url, subprotocols=offered, proxy=None, **options) as socket:
        yield socket


async def receive(socket: ClientConnection) -> str | bytes:
    async with asyncio.timeout(15):
        return await socket.recv()
