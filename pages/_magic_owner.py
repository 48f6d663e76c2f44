"""Asks the owner process about links out of messages. Decides nothing; keeps no link and logs none.

Errors: `OwnerSilent` when the owner process does not answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from data.commands import CommandOutcome, Fixed, OnMyWay, Take
from pages import _owner

Act = Take | OnMyWay | Fixed
TOO_MANY = 429


class Link(msgspec.Struct, frozen=True):
    """`state`: good, used, expired, revoked, unknown, or wait (too many wrong ones from this address).
    `incidents` and `party` where it is good, and where the asking session is its own.
    """

    state: str
    language: str | None = None
    incidents: tuple[str, ...] = ()
    party: str | None = None


class Session(msgspec.Struct, frozen=True):
    """What the holder of a used link may act on until `expires_at`. `session` where it was just opened."""

    party: str
    language: str
    incidents: tuple[str, ...]
    expires_at: datetime
    session: str | None = None


def _post(step: str, **body: Any) -> tuple[int, bytes]:
    response = _owner.post(f"/api/magic/{step}", {name: value for name, value in body.items() if value})
    return response.status_code, response.content


def look(token: str, address: str, session: str | None) -> Link:
    status, content = _post("look", token=token, address=address, session=session)
    return Link("wait") if status == TOO_MANY else msgspec.json.decode(content, type=Link)


def redeem(token: str, address: str, session: str | None) -> Session | None:
    """Uses the link up; None when it is not good (any more)."""
    status, content = _post("redeem", token=token, address=address, session=session)
    return msgspec.json.decode(content, type=Session) if status == 200 else None


def held(session: str | None) -> Session | None:
    """What this cookie stands for; None when it is over."""
    if not session:
        return None
    status, content = _post("session", session=session)
    return msgspec.json.decode(content, type=Session) if status == 200 else None


def act(session: str, command: Act) -> bool:
    """Whether it was carried out."""
    status, content = _post("act", session=session, command=msgspec.to_builtins(command))
    return status == 200 and msgspec.json.decode(content, type=CommandOutcome).outcome == "accepted"


def fresh(token: str, address: str) -> str:
    """Ask for a fresh link: sent, wait or over."""
    status, content = _post("fresh", token=token, address=address)
    if status != 200:
        return "wait" if status == TOO_MANY else "over"
    return str(msgspec.json.decode(content)["fresh"])
