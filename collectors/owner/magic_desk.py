"""The owner's answers about links out of messages: what a link is good for, using it, acting, a fresh one.

Decides who may act on what after a link: the installer it was sent to, on the incidents of used links, by the
three acts of somebody on the spot. Never shows nor logs a link or a session.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from collectors.owner.command_desk import CommandDesk
from collectors.owner.door import Refusal
from data import magic_links
from data.commands import CommandOutcome, CommandRequest, Fixed, OnMyWay, Take
from data.magic_links import Fresh, Link, LinkSession, LinkState
from data.people import TooManyTries, Tries, User
from data.store import Store
from rules.core.catalog.entries import Catalog

log = logging.getLogger(__name__)


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """`token` is the link's, `session` the cookie's, `address` the visitor's as the dashboard saw it."""

    token: str = ""
    session: str = ""
    address: str = ""
    command: Take | OnMyWay | Fixed | None = None
    command_id: str | None = None


class LinkSays(msgspec.Struct):
    """`incidents` and `party` only where the link is good, or its own session asks."""

    state: LinkState
    language: str | None = None
    incidents: tuple[str, ...] = ()
    party: str | None = None


class SessionSays(msgspec.Struct):
    """`session` is told once, when a link opens it."""

    party: str
    language: str
    incidents: tuple[str, ...]
    expires_at: datetime
    session: str | None = None


class FreshSays(msgspec.Struct):
    fresh: Fresh


def actor(party: str) -> str:
    """Who acted, as history and the audit trail name it: it was the link's holder, no account's."""
    return f"installer:{party} (link)"


class MagicDesk:
    """Runs on the event loop; what waits for the database waits in a thread. One per owner process: the count
    of wrong links is in memory."""

    def __init__(
        self,
        store: Store,
        commands: CommandDesk,
        catalog: Catalog,
        clock: Callable[[], datetime],
        *,
        session_minutes: int,
    ) -> None:
        self._store = store
        self._commands = commands
        self.catalog = catalog  # replaced when its files are read anew
        self._clock = clock
        self._lasts = timedelta(minutes=session_minutes)
        self._tries = Tries()

    async def handle(self, step: str, body: bytes) -> Any:
        """The answer to one step. Raises `Refusal`: 400, 404 unknown step, 401 no session, 429 too many."""
        try:
            asked = msgspec.json.decode(body, type=Asked)
        except msgspec.MsgspecError as error:
            raise Refusal(400, str(error)) from error
        if step == "act":
            return await self._act(asked)
        steps = {
            "look": self._look,
            "redeem": self._redeem,
            "session": self._session,
            "fresh": self._fresh,
            "close": self._close,
        }
        if step not in steps:
            raise Refusal(404, "no such step")
        return await asyncio.to_thread(steps[step], asked)

    def _link(self, asked: Asked) -> Link | None:
        """The link, or None and one wrong try more of this address. Raises `Refusal` after too many."""
        now, tried = self._clock(), magic_links.digest(asked.token)
        try:
            self._tries.begin(tried, asked.address, now)
        except TooManyTries as error:
            raise Refusal(429, f"too many tries: wait {error.retry_after_s:.0f} seconds") from error
        link = magic_links.find(self._store, asked.token)
        if link is not None:
            self._tries.succeeded(tried, asked.address, now)
        return link

    def _held(self, asked: Asked) -> LinkSession | None:
        return magic_links.session(self._store, asked.session, self._clock()) if asked.session else None

    def _left(self, party: str, incidents: tuple[str, ...]) -> tuple[str, ...]:
        """Those that this installer may still act on. An incident that is over stays: what was wrong is often
        told afterwards."""
        lost = magic_links.lost(self._store, party, incidents)
        return tuple(one for one in incidents if one not in lost)

    def _look(self, asked: Asked) -> LinkSays:
        link = self._link(asked)
        if link is None:
            return LinkSays(LinkState.UNKNOWN)
        state = link.state(self._clock())
        if state is LinkState.REVOKED or not self._left(link.party, link.incidents):
            return LinkSays(LinkState.REVOKED, link.language)
        held = self._held(asked)
        own = held is not None and held.party == link.party and set(link.incidents) <= set(held.incidents)
        if state is LinkState.GOOD or own:
            left = self._left(link.party, link.incidents)
            return LinkSays(state, link.language, left, link.party)
        return LinkSays(state, link.language)

    def _redeem(self, asked: Asked) -> SessionSays:
        link = self._link(asked)
        gone = Refusal(410, "the link was used, is over, or never was")
        if link is None or not self._left(link.party, link.incidents):
            raise gone
        opened = magic_links.redeem(
            self._store, asked.token, now=self._clock(), lasts=self._lasts, before=asked.session or None
        )
        if opened is None:
            raise gone
        token, ends = opened
        held = magic_links.session(self._store, token, self._clock())
        incidents = self._left(link.party, held.incidents if held is not None else link.incidents)
        log.info("a link for %s was used by %s", ", ".join(link.incidents), actor(link.party))
        return SessionSays(link.party, link.language, incidents, ends, token)

    def _session(self, asked: Asked) -> SessionSays:
        held = self._held(asked)
        if held is None:
            raise Refusal(401, "no session, or it is over")
        left = self._left(held.party, held.incidents)
        if not left:
            raise Refusal(401, "none of its faults is this installer's any more")
        return SessionSays(held.party, held.language, left, held.expires_at)

    async def _act(self, asked: Asked) -> CommandOutcome | dict[str, str]:
        held = await asyncio.to_thread(self._session, asked)
        if asked.command is None or asked.command.incident_id not in held.incidents:
            raise Refusal(403, "this link is not for that")
        name = actor(held.party)
        user = User(email=name, name=name, role="installer", party=held.party, language=held.language)
        request = CommandRequest(
            command_id=asked.command_id or uuid.uuid4().hex, actor=name, command=asked.command
        )
        _status, outcome = await self._commands.carry_out(request, user)
        return outcome

    def _fresh(self, asked: Asked) -> FreshSays:
        link = self._link(asked)
        if link is None:
            raise Refusal(404, "no such link")
        if link.state(self._clock()) is LinkState.REVOKED or not self._left(link.party, link.incidents):
            return FreshSays(Fresh.OVER)
        head = tuple(
            self.catalog.text(f"message.fresh.{part}", link.language) for part in ("subject", "body")
        )
        return FreshSays(magic_links.ask_fresh(self._store, link, head=(head[0], head[1]), now=self._clock()))

    def _close(self, asked: Asked) -> dict[str, str]:
        magic_links.close(self._store, asked.session)
        return {"status": "closed"}
