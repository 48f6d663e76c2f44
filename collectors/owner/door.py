"""The owner's HTTP door: metrics and health for all; commands, sign-in and import for holders of the token.

Decides who may knock (the token of the data directory) and what a knock looks like on the wire. What a
command may do is decided by `command_desk`, who somebody is by `data.people`. It must never answer with a
stack trace, a token or a password.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec
import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
MAX_REGISTER_BYTES = 33_554_432  # some 80,000 stations
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus text exposition format
SESSION_HEADER = "x-laadwacht-session"


class DoorError(Exception):
    """The HTTP door cannot open; the message names the address and the remedy."""


class Refusal(Exception):
    """A request that is answered with `status` and a reason in words."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class SignInBody(Struct):
    """`address` is the visitor's, as the dashboard saw it: attempts are counted per address too."""

    email: str
    password: str
    address: str = ""


class SignInReply(Struct):
    session: str
    expires_at: str


class UserReply(Struct):
    email: str
    name: str
    role: str
    party: str | None
    language: str


class People(Protocol):
    """Sign-in, as far as the door needs it. Every method may take its time and runs in a thread."""

    def sign_in(self, email: str, password: str, address: str) -> SignInReply:
        """Raises `Refusal` (401 wrong, 429 too many attempts)."""

    def who(self, session: str) -> UserReply | None: ...

    def sign_out(self, session: str) -> None: ...


class Back(Protocol):
    """What stands behind the door."""

    @property
    def people(self) -> People: ...

    def notes(self) -> list[str]:
        """What a person should see to, though work goes on."""

    def metrics(self) -> bytes:
        """The exposition; runs in a thread."""

    def not_ready(self) -> list[str]:
        """Why this process should get no work; empty when it should."""

    async def command(self, body: bytes) -> tuple[int, Any]:
        """Status and JSON body of a command's outcome."""

    async def write_register(self, body: bytes, *, replace: bool) -> Any:
        """Add to the asset register, or replace it. Raises `Refusal` for a body that is none."""

    async def set_station_secret(self, body: bytes) -> Any:
        """Set or take away what a station proves itself with. Raises `Refusal` for a body that is none."""

    async def add_user(self, body: bytes) -> Any:
        """Add somebody who may sign in. Raises `Refusal` when that cannot be."""

    async def change_user(self, body: bytes) -> Any:
        """Give somebody a new password, or let them in no more. Raises `Refusal` when that cannot be."""

    async def list_users(self) -> Any:
        """Who may sign in, and who may no more."""

    async def magic(self, step: str, body: bytes) -> Any:
        """A step with a link out of a message. Raises `Refusal`."""

    async def unsubscribe(self, body: bytes) -> Any:
        """End what a message's link names. Raises `Refusal` for a link that is not good."""

    async def import_lines(self, chunks: AsyncIterator[bytes]) -> Any:
        """Take a recorded log in; returns what became of it."""


Endpoint = Callable[[Request], Awaitable[Response]]


def reply(body: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(body),
        status,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )


async def body_of(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, refused above `most` bytes without reading on."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refusal(413, f"the body is larger than {most} bytes")
        parts.append(part)
    return b"".join(parts)


def application(back: Back, token: str) -> Starlette:
    """The routes. `token` is the content of the token file."""
    expected = token.encode()

    def guarded(endpoint: Endpoint) -> Endpoint:
        async def guard(request: Request) -> Response:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
                return reply({"error": "the token of the data directory is needed"}, 401)
            return await endpoint(request)

        return guard

    async def metrics(_request: Request) -> Response:
        return Response(await run_in_threadpool(back.metrics), headers={"Content-Type": METRICS_TYPE})

    async def healthz(_request: Request) -> Response:
        notes = back.notes()
        return reply({"status": "ok", "notes": notes} if notes else {"status": "ok"})

    async def readyz(_request: Request) -> Response:
        reasons = back.not_ready()
        return reply({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def commands(request: Request) -> Response:
        status, body = await back.command(await body_of(request))
        return reply(body, status)

    async def login(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await body_of(request), type=SignInBody)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Refusal(400, str(error)) from error
        signed_in = await run_in_threadpool(back.people.sign_in, asked.email, asked.password, asked.address)
        return reply(signed_in)

    async def session(request: Request) -> Response:
        user = await run_in_threadpool(back.people.who, request.headers.get(SESSION_HEADER, ""))
        return reply({"error": "not signed in"}, 401) if user is None else reply(user)

    async def logout(request: Request) -> Response:
        await run_in_threadpool(back.people.sign_out, request.headers.get(SESSION_HEADER, ""))
        return reply({"status": "signed out"})

    async def register(request: Request) -> Response:
        whole = request.query_params.get("replace") == "true"
        return reply(await back.write_register(await body_of(request, MAX_REGISTER_BYTES), replace=whole))

    async def users(request: Request) -> Response:
        return reply(await back.add_user(await body_of(request)))

    async def user_change(request: Request) -> Response:
        return reply(await back.change_user(await body_of(request)))

    async def user_list(_request: Request) -> Response:
        return reply(await back.list_users())

    async def station_secret(request: Request) -> Response:
        return reply(await back.set_station_secret(await body_of(request)))

    async def magic(request: Request) -> Response:
        return reply(await back.magic(request.path_params["step"], await body_of(request)))

    async def unsubscribe(request: Request) -> Response:
        return reply(await back.unsubscribe(await body_of(request)))

    async def import_log(request: Request) -> Response:
        return reply(await back.import_lines(request.stream()))

    async def refused(_request: Request, error: Exception) -> Response:
        status, reason = (
            (error.status, error.reason) if isinstance(error, Refusal) else (500, "internal error")
        )
        return reply({"error": reason}, status)

    async def broke(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return reply({"error": "internal error; see the log of the owner process"}, 500)

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/api/commands", guarded(commands), methods=["POST"]),
            Route("/api/login", guarded(login), methods=["POST"]),
            Route("/api/session", guarded(session)),
            Route("/api/logout", guarded(logout), methods=["POST"]),
            Route("/api/register", guarded(register), methods=["POST"]),
            Route("/api/users", guarded(users), methods=["POST"]),
            Route("/api/users/change", guarded(user_change), methods=["POST"]),
            Route("/api/users/list", guarded(user_list), methods=["POST"]),
            Route("/api/station-secrets", guarded(station_secret), methods=["POST"]),
            Route("/api/magic/{step}", guarded(magic), methods=["POST"]),
            Route("/api/unsubscribe", guarded(unsubscribe), methods=["POST"]),
            Route("/api/import", guarded(import_log), methods=["POST"]),
        ],
        exception_handlers={Refusal: refused, Exception: broke},
    )


class _Server(uvicorn.Server):
    """Signals belong to the owner process, not to its HTTP door."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Door:
    """Serves an application on the running event loop."""

    def __init__(self, app: Starlette, *, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    def bind(self) -> None:
        """Take the port; with port 0 a free one is chosen and kept in `port`. Raises OSError."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self.host, self.port))
            # Listening tells at once whether somebody else does already.
            bound.listen(128)
        except OSError:
            bound.close()
            raise
        self._socket = bound
        self.port = bound.getsockname()[1]

    async def start(self) -> None:
        if self._socket is None:
            self.bind()
        if self._socket is None:
            raise DoorError("the HTTP door has no socket")
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish what is being answered, at most three seconds, then close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
            self._task = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
