"""A small central system for tests: a real WebSocket server that answers and writes down every frame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

BLOCKED = "DEB10C4D"


class Backend:
    """`calls` holds (station, action, payload) in order of arrival; `ask` sends a command and waits."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.raw: list[tuple[str, str]] = []
        self.connected: dict[str, ServerConnection] = {}
        self.subprotocols: dict[str, str | None] = {}
        self.ended: list[str] = []
        self.boot_status = "Accepted"
        self.interval_s = 1
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()

    def of(self, action: str, station: str | None = None) -> list[dict[str, Any]]:
        return [p for s, a, p in self.calls if a == action and station in (None, s)]

    async def wait_for(self, true: Callable[[], Any], timeout_s: float = 15.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def ask(self, station: str, action: str, payload: dict[str, Any]) -> Any:
        message_id = f"q{len(self._answers)}"
        self._answers[message_id] = asyncio.get_running_loop().create_future()
        await self.connected[station].send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(10):
            return await self._answers[message_id]

    async def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        station = socket.request.path.rsplit("/", 1)[-1]
        self.connected[station] = socket
        self.subprotocols[station] = socket.subprotocol
        self._changed.set()
        try:
            async for message in socket:
                self.raw.append((station, str(message)))
                frame = json.loads(message)
                if frame[0] == 2:
                    self.calls.append((station, frame[2], frame[3]))
                    await socket.send(json.dumps([3, frame[1], self._answer(frame[2], frame[3])]))
                else:
                    self._answers[frame[1]].set_result(frame[2])
                self._changed.set()
        except ConnectionClosed:
            self.ended.append(station)
            self._changed.set()

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        now = "2026-11-22T10:00:00Z"
        match action:
            case "BootNotification":
                return {"status": self.boot_status, "currentTime": now, "interval": self.interval_s}
            case "Heartbeat":
                return {"currentTime": now}
            case "Authorize" if "idTag" in payload:
                return {"idTagInfo": {"status": "Blocked" if payload["idTag"] == BLOCKED else "Accepted"}}
            case "Authorize":
                blocked = payload["idToken"]["idToken"] == BLOCKED
                return {"idTokenInfo": {"status": "Blocked" if blocked else "Accepted"}}
            case "StartTransaction":
                return {"transactionId": len(self.calls), "idTagInfo": {"status": "Accepted"}}
            case _:
                return {}


@asynccontextmanager
async def backend() -> AsyncIterator[Backend]:
    system = Backend()
    protocols = [Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")]
    async with serve(system.handle, "127.0.0.1", 0, subprotocols=protocols, compression=None) as server:
        system.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"
        yield system
