"""The owner process's door for people: who is signed in, signing in and out.

Asks the owner every time; decides nothing about rights. Never keeps a password. Errors: `OwnerSilent` when
the owner process does not answer or answers with a server error.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

# One page run asks several times (shell, page, fragment): one answer serves them, a revoked session ends
# within this.
REMEMBER_S = 1.0


class OwnerSilent(Exception):
    """The owner process does not answer."""


class User(msgspec.Struct, frozen=True):
    """Somebody signed in. `party` is the installer's or customer's name as in the register; None for the
    helpdesk.
    """

    email: str
    name: str
    role: str
    party: str | None = None
    language: str = "nl"


class SignIn(msgspec.Struct, frozen=True):
    """`session` is None when refused; `wait` when refused for too many tries."""

    session: str | None
    expires_at: str | None = None
    wait: bool = False


_client = httpx.Client(timeout=5.0, trust_env=False)
_recent: dict[str, tuple[float, User | None]] = {}
_lock = threading.Lock()


def base_url() -> str:
    return os.environ.get("LAADWACHT_HTTP_URL", "http://127.0.0.1:9100").rstrip("/")


def token_file() -> Path:
    return Path(os.environ.get("LAADWACHT_READ_TOKEN_FILE", "read.token"))


def _headers(session: str | None = None) -> dict[str, str]:
    try:
        bearer = token_file().read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise OwnerSilent(f"token file unreadable: {problem}") from problem
    headers = {"Authorization": f"Bearer {bearer}"}
    if session is not None:
        headers["X-Laadwacht-Session"] = session
    return headers


def _ask(
    method: str, path: str, headers: dict[str, str], json: dict[str, Any] | None = None
) -> httpx.Response:
    try:
        response = _client.request(method, base_url() + path, headers=headers, json=json)
    except httpx.HTTPError as problem:
        raise OwnerSilent(type(problem).__name__) from problem
    if response.status_code >= 500:
        raise OwnerSilent(f"status {response.status_code}")
    return response


def who(session: str) -> User | None:
    """The user behind a session cookie, None when there is none (any more)."""
    now = time.monotonic()
    with _lock:
        known = _recent.get(session)
    if known is not None and now - known[0] < REMEMBER_S:
        return known[1]
    response = _ask("GET", "/api/session", _headers(session))
    user = msgspec.json.decode(response.content, type=User) if response.status_code == 200 else None
    with _lock:
        if len(_recent) > 500:
            _recent.clear()
        _recent[session] = (now, user)
    return user


def open_session(email: str, password: str, address: str) -> SignIn:
    """Ask for a session; `address` is the visitor's, for throttling."""
    body = {"email": email, "password": password, "address": address}
    response = _ask("POST", "/api/login", _headers(), body)
    if response.status_code == 200:
        return msgspec.json.decode(response.content, type=SignIn)
    return SignIn(session=None, wait=response.status_code == 429)


def close_session(session: str) -> None:
    with _lock:
        _recent.pop(session, None)
    _ask("POST", "/api/logout", _headers(session))


def post(path: str, body: dict[str, Any]) -> httpx.Response:
    """Any answer of the owner process that is no server error."""
    return _ask("POST", path, _headers(), body)


def unsubscribe(subscription: str, token: str) -> bool:
    """End the subscription that a message's link names; whether the link was good."""
    body = {"subscription": subscription, "token": token}
    return _ask("POST", "/api/unsubscribe", _headers(), body).status_code == 200
