"""Loopback receivers of notices: real HTTP and SMTP servers that accept, refuse, hang or trickle.

They record what arrived and decide nothing. They listen on 127.0.0.1 only and never answer by a script
of their own: a test sets `mode`, and may change it while the sink runs.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def wait_until(condition: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    """Whether `condition` came true within `timeout_s` seconds of real time; looks every 5 ms."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return condition()


@dataclass
class Request:
    """One HTTP request as received; `at` is `time.monotonic()`."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class HttpSink:
    """An HTTP server on loopback.

    `mode`: a status (200, 307, 401, 500, ...), "hang" (takes the request, never answers), "trickle"
    (answers one byte every `trickle_s` seconds) or "drop" (takes the request and closes without an answer).
    A redirecting status points at `redirect_to`.
    """

    def __init__(self, mode: int | str = 200, *, trickle_s: float = 0.1) -> None:
        self.mode = mode
        self.trickle_s = trickle_s
        self.redirect_to = "http://127.0.0.1:9/"
        self.requests: list[Request] = []
        self._ended = threading.Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink._serve(self)

            do_GET = do_PUT = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """The sink records requests itself."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """The Apprise URL of this sink: a JSON webhook."""
        return f"json://127.0.0.1:{self.port}/hook"

    def start(self) -> HttpSink:
        self._thread.start()
        return self

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, count: int, timeout_s: float = 20.0) -> bool:
        return wait_until(lambda: len(self.requests) >= count, timeout_s)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        mode = self.mode
        self.requests.append(
            Request(handler.command, handler.path, dict(handler.headers), body, time.monotonic())
        )
        handler.close_connection = True
        if mode == "hang":
            self._ended.wait()
        elif mode == "trickle":
            self._trickle(handler)
        elif mode != "drop":
            handler.send_response(int(mode))
            if 300 <= int(mode) < 400:
                handler.send_header("Location", self.redirect_to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    def _trickle(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not self._ended.wait(self.trickle_s):
            try:
                handler.wfile.write(b".")
                handler.wfile.flush()
            except OSError:
                return  # the sender gave up: exactly what a trickling server provokes


@dataclass
class Mail:
    """One mail as received; `at` is `time.monotonic()`."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    at: float


@dataclass
class _MailHandler:
    mode: str
    mails: list[Mail] = field(default_factory=list)
    refused: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mode == "550":
            self.refused += 1
            return "550 5.1.1 no such mailbox"
        if self.mode == "450":
            self.refused += 1
            return "450 4.2.0 mailbox busy, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.mode == "554":
            self.refused += 1
            return "554 5.7.1 message refused"
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Mail(envelope.mail_from or "", list(envelope.rcpt_tos), message, time.monotonic()))
        return "250 OK"


class _BoundController(Controller):
    """aiosmtpd's controller on a socket that is already bound, so that no port is guessed."""

    def __init__(self, handler: object, bound: socket.socket) -> None:
        self._bound = bound
        super().__init__(handler, hostname="127.0.0.1", port=bound.getsockname()[1])

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._bound)


class SmtpSink:
    """A mail server on loopback. `mode`: "accept", "550" or "450" (recipient), "554" (message)."""

    def __init__(self, mode: str = "accept") -> None:
        self._handler = _MailHandler(mode)
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.bind(("127.0.0.1", 0))
        self.port: int = bound.getsockname()[1]
        self._controller = _BoundController(self._handler, bound)

    @property
    def mode(self) -> str:
        return self._handler.mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._handler.mode = mode

    @property
    def mails(self) -> list[Mail]:
        return self._handler.mails

    @property
    def refused(self) -> int:
        """How many recipients or messages were refused."""
        return self._handler.refused

    @property
    def url(self) -> str:
        """The Apprise URL of this sink: one sender, one recipient, no login."""
        return f"mailto://127.0.0.1:{self.port}?from=laadwacht@example.be&to=werf@example.be"

    def start(self) -> SmtpSink:
        self._controller.start()
        return self

    def close(self) -> None:
        self._controller.stop()

    def wait_for(self, count: int, timeout_s: float = 20.0) -> bool:
        return wait_until(lambda: len(self.mails) >= count, timeout_s)


class SilentSink:
    """A TCP server that accepts and never says a word: a mail server that hangs before its greeting."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self._ready = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=laadwacht@example.be&to=werf@example.be"

    @property
    def connections(self) -> int:
        return len(self._writers)

    def start(self) -> SilentSink:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()

        async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            await self._stop.wait()

        server = await asyncio.start_server(keep, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
        await server.wait_closed()


@contextmanager
def http_sink(mode: int | str = 200, *, trickle_s: float = 0.1) -> Iterator[HttpSink]:
    sink = HttpSink(mode, trickle_s=trickle_s).start()
    try:
        yield sink
    finally:
        sink.close()


@contextmanager
def smtp_sink(mode: str = "accept") -> Iterator[SmtpSink]:
    sink = SmtpSink(mode).start()
    try:
        yield sink
    finally:
        sink.close()


@contextmanager
def silent_sink() -> Iterator[SilentSink]:
    sink = SilentSink().start()
    try:
        yield sink
    finally:
        sink.close()


def free_ports(count: int) -> list[int]:
    """Loopback ports that are free now; all held until the last is chosen, so that no two are the same."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def closed_port() -> int:
    """A loopback port that nobody listens on."""
    return free_ports(1)[0]
