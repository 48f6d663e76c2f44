"""Gate before Streamlit: who has no valid session gets the sign-in page, never a Streamlit session.

Pure ASGI. Decides only whether a request may pass, never what a user may see: that is each page's `require`.
Also compresses Streamlit's own bundle, which Streamlit deliberately serves uncompressed.
"""

from __future__ import annotations

import asyncio
import gzip
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages import _owner
from pages._plain import silent_page

SESSION_COOKIE = "laadwacht_session"
# Without a session: the sign-in itself, links out of messages (they are their own proof), the picture,
# liveness, and the bundle, which holds no data.
OPEN_PATHS = ("/login", "/m", "/unsubscribe", "/healthz", "/_stcore/health", "/favicon.png")
OPEN_PREFIXES = ("/m/", "/assets/", "/static/")
# Each role's first page lives at "/" only; its own path would be "page not found".
FIRST_PAGES = ("/overview", "/installer", "/customer")
HARDENING = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
}


def header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def cookie(scope: Scope, name: str) -> str | None:
    """The value of a cookie; a malformed cookie header holds none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header(scope, b"cookie"))
    except CookieError:
        return None
    return jar[name].value if name in jar else None


def local_path(target: str | None) -> str:
    """`target` when it is a path of this site, else "/". Refuses other hosts, schemes and control
    characters.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return "/"
    if "\\" in target or any(ord(char) < 32 for char in target):
        return "/"
    return target


class Gate:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        is_open = path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)
        session = cookie(scope, SESSION_COOKIE)
        silent = False
        user: _owner.User | None = None
        if session and not is_open:
            try:
                user = await run_in_threadpool(_owner.who, session)
            except _owner.OwnerSilent:
                silent = True
        if scope["type"] == "websocket":
            if user is None:
                await receive()
                await send({"type": "websocket.close", "code": 1008})  # before accept: a 403 on the wire
                return
            await self.app(scope, receive, send)
            return
        answer: Response | None = None
        if not is_open and user is None:
            answer = self._refusal(scope, path, silent)
        elif path in FIRST_PAGES:
            query = scope["query_string"].decode("latin-1")
            answer = RedirectResponse("/" + (f"?{query}" if query else ""), 303)
        await (answer or self.app)(scope, receive, _hardened(send))

    def _refusal(self, scope: Scope, path: str, silent: bool) -> Response:
        wants_html = scope["method"] in ("GET", "HEAD") and "text/html" in header(scope, b"accept")
        if silent:
            return (
                silent_page() if wants_html else PlainTextResponse("the owner process does not answer", 503)
            )
        if path == "/logout":
            return RedirectResponse("/login", 303)
        if not wants_html:
            return PlainTextResponse("sign in first", 401)
        query = scope["query_string"].decode("latin-1")
        target = path + (f"?{query}" if query else "")
        return RedirectResponse("/login" if target == "/" else f"/login?next={quote(target, safe='')}", 303)


def _hardened(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HARDENING.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers


class StaticGzip:
    """Compresses each file of the bundle once and keeps the result: names hold a hash, so files never
    change.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[str, tuple[list[tuple[bytes, bytes]], bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or not (path.startswith("/static/") and path.endswith((".js", ".css")))
            or "gzip" not in header(scope, b"accept-encoding")
            or header(scope, b"range")
        ):
            await self.app(scope, receive, send)
            return
        if path not in self._kept:
            status, headers, body = await _collect(self.app, scope)
            told = dict(headers).get(b"content-length", str(len(body)).encode())
            if status != 200 or told != str(len(body)).encode():
                await _reply(send, status, headers, body)
                return
            packed = await asyncio.to_thread(gzip.compress, body, 6)
            kept = [(k, v) for k, v in headers if k not in (b"content-length", b"content-encoding", b"etag")]
            kept += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
            kept.append((b"content-length", str(len(packed)).encode()))
            self._kept[path] = (kept, packed)
        await _reply(send, 200, *self._kept[path])


async def _collect(app: ASGIApp, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The whole answer of `app`. It is not told of a visitor who leaves halfway: a file cut short would be
    kept, and be everybody's empty page until a restart.
    """
    status, headers, parts = 500, [], []
    asked = False

    async def stay() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def take(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    # A conditional request would be answered 304 without a body to keep.
    plain = [(k, v) for k, v in scope["headers"] if k not in (b"if-none-match", b"if-modified-since")]
    await app({**scope, "headers": plain, "extensions": {}}, stay, take)
    return status, headers, b"".join(parts)


async def _reply(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
