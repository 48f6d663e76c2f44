"""One station's WebSocket connection: messages in, replies and our own calls out.

Decides how one message is met: recorded, answered if it asks, matched if it answers us. Whatever a station
sends, the connection lives on; only a message above the size limit ends it (close code 1009). It must never
reply to anything but a Heartbeat before the request is durable.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import PayloadTooBig
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import Event, State

from collectors.decode import findings
from collectors.decode.decoder import Decoder
from collectors.decode.frame import CALL, CALLERROR, CALLRESULT
from collectors.decode.frame import Frame as OcppFrame
from collectors.stations.access import Pace
from collectors.stations.answers import AnswerContext, answer
from collectors.stations.wire import between_messages, text_frame, whole_texts
from collectors.tap.link import TapLink

if TYPE_CHECKING:
    from collectors.stations.listener import Desk

log = logging.getLogger(__name__)

# A station that does not read what we send it is cut off at this many bytes unsent.
MAX_UNSENT_BYTES = 1_048_576

BINARY = (findings.BINARY_FRAME,)


class CallFailed(Exception):
    """A call to a station came to nothing: the station left, or did not answer in time."""


class CallTimedOut(CallFailed):
    pass


class StationGone(CallFailed):
    """The station left after it was asked: whether it did what was asked is not known."""


class NotSent(CallFailed):
    """The station was gone before it was asked."""


class CallAnswer(msgspec.Struct, frozen=True):
    """What a station answered. With `error_code` set it refused by a CALLERROR."""

    payload: Any
    error_code: str | None = None
    error_description: str | None = None

    @property
    def status(self) -> str | None:
        """The `status` of the answer, where it has one."""
        status = self.payload.get("status") if isinstance(self.payload, dict) else None
        return status if isinstance(status, str) else None


class StationConnection(ServerConnection):
    """The listener sets the station's identity in the handshake, before the first message can arrive."""

    station: str
    version: str
    version_agreed = True  # False: tapped, and its back end chose no subprotocol that we know
    decoder: Decoder
    desk: Desk
    connected_at: datetime
    # Set for a tapped station: what it says goes on to its own back end, and that one answers.
    link: TapLink | None = None
    replaced = False
    _pace: Pace | None = None
    _entered = False
    _plain = False  # the library's parser is between two messages
    _waiting: tuple[str, asyncio.Future[CallAnswer]] | None = None
    _turn: asyncio.Lock | None = None
    _parts: bytearray | None = None
    _binary = False
    _early: list[Event] | None = None

    def enter(self) -> None:
        """From here on messages are processed; those that arrived during the handshake come first."""
        self._entered = True
        if self.desk.frames_per_s:
            self._pace = Pace(self.desk.frames_per_s)
        if self.link is not None:
            self.link.recorder.decoder = self.decoder
            self.link.start(self, self._match)
        early, self._early = self._early, None
        for event in early or ():
            self.process_event(event)

    def data_received(self, data: bytes) -> None:
        """Plain messages go straight to us; all else, and what follows half a message, to the library."""
        if self._plain and self.protocol.state is State.OPEN:
            texts = whole_texts(data, self.protocol.max_message_size or len(data))
            if texts is not None:
                for text in texts:
                    self._meet(text, False)
                return
        super().data_received(data)
        self._plain = self._entered and between_messages(self.protocol)

    def process_event(self, event: Event) -> None:
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        if not self._entered:
            self._early = [*(self._early or ()), event]
            return
        if event.fin and event.opcode is not Opcode.CONT:
            self._meet(bytes(event.data), event.opcode is Opcode.BINARY)
        else:
            self._fragment(event)

    def _meet(self, data: bytes, binary: bool) -> None:
        try:
            self._message(data, binary)
        except Exception:
            # A defect of ours must not cost the station its connection.
            log.exception("a message of %s could not be processed", self.station)
            self.desk.defects += 1

    def _fragment(self, event: Frame) -> None:
        if self._parts is None:
            self._parts = bytearray()
            self._binary = event.opcode is Opcode.BINARY
        self._parts += event.data
        if event.fin:
            parts, self._parts = self._parts, None
            self._meet(bytes(parts), self._binary)

    def _message(self, data: bytes, binary: bool) -> None:
        if self.link is not None:
            self.link.from_station(data, binary)
            return
        desk = self.desk
        intake = desk.intake
        now = desk.clock()
        frame, _ = intake.frame(
            self.station, self.version, "in", data, now, self.decoder, findings=BINARY if binary else ()
        )
        if frame.type == CALL:
            self._answer(frame, now)
        elif frame.type in (CALLRESULT, CALLERROR) and self._waiting is not None:
            self._match(frame)
        intake.touch()
        if self._pace is not None and (pause_s := self._pace.pause_s(monotonic())):
            self.transport.pause_reading()
            self.loop.call_later(pause_s, self._resume_reading)
        if intake.congested:
            self.transport.pause_reading()
            intake.when_clear(self._resume_reading)

    def _answer(self, frame: OcppFrame, now: datetime) -> None:
        desk = self.desk
        context = AnswerContext(
            now=now,
            heartbeat_s=desk.heartbeat_s,
            boot_status=desk.boot_status(self.station) if frame.action == "BootNotification" else "",
            authorise=desk.authorise,
            new_transaction=desk.new_transaction,
        )
        reply = answer(self.version, frame, context)
        if reply is None:
            return
        desk.intake.answered(self.station, self.version, reply, now, self.decoder)
        if frame.action == "Heartbeat":
            self.send_text(reply.raw)
        else:
            desk.intake.after_commit(partial(self.send_text, reply.raw))

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def send_text(self, text: str) -> None:
        """Send without waiting. A closed connection drops it; a station that never reads is cut off."""
        if self.protocol.state is not State.OPEN:
            return
        try:
            # Nobody else sends text, and never in fragments: the frame can be written as it is.
            self.transport.write(text_frame(text.encode()))
        except (OSError, RuntimeError) as error:
            # The socket is gone; the close is noticed and recorded by the listener.
            log.debug("sending to %s failed: %s", self.station, error)
            return
        if self.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.warning("%s does not read its answers: cut off", self.station)
            self.transport.abort()

    async def call(self, action: str, payload: dict[str, Any], timeout_s: float) -> CallAnswer:
        """Ask the station something; one call at a time, as OCPP-J 4.1.1 demands.

        Raises `CallTimedOut` when no answer came within `timeout_s` seconds, or no turn for as long;
        `StationGone` when the station left, `NotSent` when it had left before.
        """
        if self._turn is None:
            self._turn = asyncio.Lock()
        try:
            async with asyncio.timeout(timeout_s):
                await self._turn.acquire()
        except TimeoutError:
            raise CallTimedOut(f"{self.station} still owes another answer: {action} was not sent") from None
        try:
            return await self._call(action, payload, timeout_s)
        finally:
            self._turn.release()

    async def _call(self, action: str, payload: dict[str, Any], timeout_s: float) -> CallAnswer:
        message_id = uuid4().hex
        text = msgspec.json.encode([CALL, message_id, action, payload]).decode()
        if self.link is not None:
            await self.link.quiet()
        if self.protocol.state is not State.OPEN:
            raise NotSent(f"{self.station} left before it could be asked")
        future: asyncio.Future[CallAnswer] = self.loop.create_future()
        self._waiting = (message_id, future)
        self._ask(message_id, text)
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise CallTimedOut(f"{self.station} did not answer within {timeout_s:g} s") from None
        finally:
            self._waiting = None

    def _ask(self, message_id: str, text: str) -> None:
        if self.link is not None:
            self.link.ask(message_id, text)
            return
        intake = self.desk.intake
        intake.frame(self.station, self.version, "out", text, self.desk.clock(), self.decoder)
        intake.touch()
        self.send_text(text)

    def _match(self, frame: OcppFrame) -> None:
        if self._waiting is None or self._waiting[0] != frame.message_id:
            return
        future = self._waiting[1]
        if not future.done():
            future.set_result(
                CallAnswer(
                    payload=frame.payload,
                    error_code=(frame.error_code or "unnamed") if frame.type == CALLERROR else None,
                    error_description=frame.error_description,
                )
            )

    def left(self) -> None:
        """The connection is closed: whoever waits for an answer hears so."""
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(StationGone(f"{self.station} left before it answered"))

    @property
    def oversized(self) -> str | None:
        """What was too large, when that ended the connection."""
        error = self.protocol.parser_exc
        return str(error) if isinstance(error, PayloadTooBig) else None
