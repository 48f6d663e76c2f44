"""A simulated station's end of one OCPP-J WebSocket: one call at a time out, commands in.

Decides nothing; must never outlive its socket. Frames that are no OCPP-J at all are ignored, as stations do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from collectors.simulator.dialect import Intent, Reaction


class LinkLost(Exception):
    """The socket closed before the answer came."""


class CallRefused(Exception):
    """The back end answered with a CALLERROR; the text is its error code."""


class Link:
    """`on_command(action, payload)` says what to answer; `on_intent` is called after the answer is sent."""

    def __init__(
        self,
        socket: ClientConnection,
        *,
        message_ids: Callable[[], str],
        on_command: Callable[[str, dict[str, Any]], Reaction],
        on_intent: Callable[[Intent], None],
        pretty: bool = False,
    ) -> None:
        self._socket = socket
        self._message_ids = message_ids
        self._on_command = on_command
        self._on_intent = on_intent
        self._pretty = pretty
        self._turn = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.sent = 0
        self.received = 0

    async def call(self, action: str, payload: dict[str, Any], timeout_s: float = 30.0) -> dict[str, Any]:
        """The answer's payload. Raises LinkLost, CallRefused, or TimeoutError after `timeout_s` seconds."""
        # OCPP-J: a station sends no further call before the former one is answered.
        async with self._turn:
            message_id = self._message_ids()
            answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
            self._waiting[message_id] = answer
            try:
                await self._send([2, message_id, action, payload])
                return await asyncio.wait_for(answer, timeout_s)
            finally:
                self._waiting.pop(message_id, None)

    async def read(self) -> None:
        """Reads until the socket closes, then tells every waiting call. Never raises for what it reads."""
        try:
            async for message in self._socket:
                self.received += 1
                await self._take(message)
        except ConnectionClosed:
            # Raised for an unclean end; the loop ends by itself for a clean one: both are a lost link here.
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(LinkLost("closed"))

    async def close(self) -> None:
        await self._socket.close()

    def drop(self) -> None:
        """Ends the TCP connection without a close frame, as a power cut or a lost uplink does."""
        self._socket.transport.abort()

    async def _take(self, message: str | bytes) -> None:
        try:
            frame = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        match frame:
            case [2, str(message_id), str(action), dict(payload)]:
                await self._answer(message_id, action, payload)
            case [3, str(message_id), dict(payload)]:
                self._settle(message_id, payload)
            case [4, str(message_id), code, *_]:
                self._settle(message_id, CallRefused(str(code)))
            case _:
                return

    async def _answer(self, message_id: str, action: str, payload: dict[str, Any]) -> None:
        reaction = self._on_command(action, payload)
        if reaction.answer is None:
            await self._send([4, message_id, "NotImplemented", "", {}])
        else:
            await self._send([3, message_id, reaction.answer])
        if reaction.intent is not None:
            self._on_intent(reaction.intent)

    def _settle(self, message_id: str, result: dict[str, Any] | CallRefused) -> None:
        answer = self._waiting.get(message_id)
        if answer is None or answer.done():
            return
        if isinstance(result, CallRefused):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    async def _send(self, frame: list[Any]) -> None:
        text = msgspec.json.encode(frame)
        if self._pretty:
            text = msgspec.json.format(text, indent=1)
        try:
            await self._socket.send(text.decode())
        except ConnectionClosed as error:
            raise LinkLost("closed while sending") from error
        self.sent += 1
