"""One tapped station: what it says goes on to the existing back end, what that says comes back, unchanged.

Decides nothing about content. A message is passed on first and recorded after; it must never wait for our
store, our rules or our disk. Only answers to our own questions are kept from the back end. When one side
ends, the other ends the same way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import Event, State

from collectors.decode import frame as ocppj
from collectors.decode.frame import CALLERROR, CALLRESULT
from collectors.tap.recorder import TapRecorder

log = logging.getLogger(__name__)

# A side that does not read stops the other side's sending at this many bytes, as one TCP connection would.
MAX_UNSENT_BYTES = 1_048_576
LOOK_AGAIN_S = 0.01
# Our own questions whose late answers are still kept from the back end.
MAX_OWN = 64
# OCPP-J allows one open question in each direction: ours waits this long for the back end's to be answered.
QUIET_WAIT_S = 5.0
# RFC 6455, 7.4.1: no code in the close frame; and no close frame at all.
NO_CODE, BROKEN_OFF = 1005, 1006
# What a side of ours says when the other end stopped answering pings: for everybody else a broken line.
PING_TIMEOUT = "keepalive ping timeout"


class BackEndConnection(ClientConnection):
    """Our connection to the existing back end. Messages before `link` is set are kept until then."""

    link: TapLink | None = None
    _early: list[tuple[bytes, bool]] | None = None
    _parts: bytearray | None = None
    _binary = False

    def process_event(self, event: Event) -> None:
        if self.response is None or not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        if event.fin and event.opcode is not Opcode.CONT:
            self._message(bytes(event.data), event.opcode is Opcode.BINARY)
            return
        if self._parts is None:
            self._parts = bytearray()
            self._binary = event.opcode is Opcode.BINARY
        self._parts += event.data
        if event.fin:
            parts, self._parts = self._parts, None
            self._message(bytes(parts), self._binary)

    def _message(self, data: bytes, binary: bool) -> None:
        if self.link is None:
            self._early = [*(self._early or ()), (data, binary)]
        else:
            self.link.from_back_end(data, binary)

    def enter(self, link: TapLink) -> None:
        """From here on messages are passed on; those that came first come first."""
        self.link = link
        early, self._early = self._early, None
        for data, binary in early or ():
            link.from_back_end(data, binary)


class TapLink:
    """Both ends of one tapped connection. Everything runs on the event loop, nothing waits."""

    def __init__(
        self,
        back_end: BackEndConnection,
        recorder: TapRecorder,
        endings: set[asyncio.Task[None]],
    ) -> None:
        """`endings` keeps the closings under way, for whoever must wait for them."""
        self.back_end = back_end
        self.version: str | None = None
        self.recorder = recorder
        self.ended_by_back_end = False
        self._station: ServerConnection | None = None
        self._on_answer: Callable[[ocppj.Frame], None] | None = None
        self._own: dict[bytes, None] = {}
        self._endings = endings

    @property
    def subprotocol(self) -> str | None:
        """The back end's choice, which is what the station gets."""
        return self.back_end.subprotocol

    def start(self, station: ServerConnection, on_answer: Callable[[ocppj.Frame], None]) -> None:
        """The station is in: pass on from now. `on_answer` hears the answers to our own questions."""
        self._station = station
        self._on_answer = on_answer
        self.back_end.enter(self)
        # Last: a back end that has left already ends the station's connection after its last words.
        self.back_end.connection_lost_waiter.add_done_callback(self._back_end_left)

    # --- messages ---

    def from_station(self, data: bytes, binary: bool) -> None:
        if self._own and self._is_ours(data):
            self.recorder.add("in", data, binary, own=True)
            return
        _pass(data, binary, self.back_end, self._station)
        self.recorder.add("in", data, binary)

    def from_back_end(self, data: bytes, binary: bool) -> None:
        station = self._station
        if station is not None:
            _pass(data, binary, station, self.back_end)
            self.recorder.add("out", data, binary)

    def _is_ours(self, data: bytes) -> bool:
        """Whether this answers a question of ours: told by bytes first, read only when they match."""
        for message_id in self._own:
            if message_id in data:
                frame = ocppj.parse(data)
                if frame.type in (CALLRESULT, CALLERROR) and frame.message_id == message_id.decode():
                    del self._own[message_id]
                    if self._on_answer is not None:
                        self._on_answer(frame)
                    return True
        return False

    # --- our own questions ---

    async def quiet(self) -> None:
        """Wait, but not for ever, until the back end has no open question to the station."""
        deadline = time.monotonic() + QUIET_WAIT_S
        while self.recorder.back_end_waits and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_AGAIN_S)

    def ask(self, message_id: str, text: str) -> None:
        """Send a question of ours to the station and keep its answer from the back end."""
        if len(self._own) >= MAX_OWN:
            del self._own[next(iter(self._own))]
        self._own[message_id.encode()] = None
        data = text.encode()
        if self._station is not None:
            _pass(data, False, self._station, None)
            self.recorder.add("out", data, False, own=True)

    # --- the end ---

    def station_left(self, code: int, reason: str) -> None:
        """The station's connection is over: so is the one to the back end, with the same code."""
        self.recorder.closed()
        if not self.ended_by_back_end:
            self._task(_end(self.back_end, *_as_seen(code, reason)))

    def give_up(self) -> None:
        """The station never came in: the handshake failed after the back end had agreed."""
        if self._station is None:
            self._task(_end(self.back_end, BROKEN_OFF, ""))

    def _back_end_left(self, _lost: Any) -> None:
        station = self._station
        if station is None or station.protocol.state is State.CLOSED:
            return
        if station.protocol.close_rcvd is not None:
            return  # it was the station that ended it
        protocol = self.back_end.protocol
        close = protocol.close_rcvd or protocol.close_sent
        code, reason = _as_seen(close.code, close.reason) if close else (BROKEN_OFF, "")
        self.ended_by_back_end = True
        self.recorder.back_end_trouble("closed", code=code, detail=reason or None)
        self._task(_end(station, code, reason))

    def _task(self, ending: Any) -> None:
        task = asyncio.get_running_loop().create_task(ending)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)


def _as_seen(code: int, reason: str) -> tuple[int, str]:
    """What the other side would have seen without us: pings are between us and one side only."""
    return (BROKEN_OFF, "") if reason == PING_TIMEOUT else (code, reason)


def _pass(data: bytes, binary: bool, to: Connection, source: Connection | None) -> None:
    """Write at once, whatever was written before. A closed connection drops it, as its line would."""
    protocol = to.protocol
    if protocol.state is not State.OPEN:
        return
    if binary:
        protocol.send_binary(data)
    else:
        protocol.send_text(data)
    try:
        to.send_data()
    except (OSError, RuntimeError) as error:
        log.debug("passing on failed: %s", error)  # the loss of the connection is noticed by itself
        return
    if source is not None and to.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
        source.transport.pause_reading()
        _look_again(to, source)


def _look_again(to: Connection, source: Connection) -> None:
    """Read from `source` again once `to` has taken most of what was written."""
    if source.transport.is_closing():
        return
    if to.transport.is_closing() or to.transport.get_write_buffer_size() < MAX_UNSENT_BYTES // 2:
        source.transport.resume_reading()
    else:
        source.loop.call_later(LOOK_AGAIN_S, _look_again, to, source)


async def _end(connection: Connection, code: int, reason: str) -> None:
    """Close as the other side was closed: a code, no code (1005), or a line that broke (1006)."""
    if code == BROKEN_OFF:
        connection.transport.abort()
        return
    if code != NO_CODE:
        await connection.close(code, reason)
        return
    try:
        async with connection.send_context():
            connection.protocol.send_close()
    except ConnectionClosed:
        log.debug("closed already")
