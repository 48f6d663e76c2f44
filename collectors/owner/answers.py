"""What the owner process answers at its HTTP door: metrics, readiness, sign-in, register, users, import.

Decides when the process is ready for work. Everything slow runs in a thread, so that stations are not kept
waiting by a scrape or an import.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from collectors.logs.importer import import_log, judges
from collectors.logs.logfile import read_log
from collectors.owner.door import Refusal, SignInReply, UserReply
from collectors.settings.parties import named_parties
from data.parties import unknown_party
from data.people import (
    PeopleError,
    SignIn,
    TooManyTries,
    WrongCredentials,
    add_user,
    disable_user,
    list_users,
    set_password,
)
from data.register import load_register, write_register
from data.station_secrets import load_secrets, set_secret
from rules.core.model import Asset

if TYPE_CHECKING:
    from collectors.owner.process import Owner

# Judgement this far behind the stations is no watch any more.
MAX_LAG_S = 30.0


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """`party` is the installer's or customer's name as in the register, None for the helpdesk."""

    email: str
    password: str
    name: str
    role: str
    party: str | None = None
    language: str = "nl"


class ChangedUser(msgspec.Struct, forbid_unknown_fields=True):
    """`password` None: lets the user in no more."""

    email: str
    password: str | None


class StationSecret(msgspec.Struct, forbid_unknown_fields=True):
    """`hashed` as `data.station_secrets.hash_secret` makes it; None takes the secret away."""

    station: str
    hashed: str | None


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """What a message's link says of the subscription it ends."""

    subscription: str
    token: str


class DoorPeople:
    """Sign-in behind the door: `data.people` in the door's words."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._sign_in = SignIn(owner.store)

    def sign_in(self, email: str, password: str, address: str) -> SignInReply:
        now = self._owner.clock()
        try:
            user = self._sign_in.verify(email, password, address, now)
        except TooManyTries as error:
            raise Refusal(429, f"too many tries: wait {error.retry_after_s:.0f} seconds") from error
        except WrongCredentials as error:
            raise Refusal(401, str(error)) from error
        session = self._sign_in.open_session(user.email, now)
        return SignInReply(session=session.token, expires_at=session.expires_at.isoformat())

    def who(self, session: str) -> UserReply | None:
        user = self._sign_in.session(session, self._owner.clock())
        if user is None:
            return None
        return UserReply(user.email, user.name, user.role, user.party, user.language)

    def sign_out(self, session: str) -> None:
        self._sign_in.close_session(session)


class OwnerAnswers:
    """The owner as the door sees it."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self.people = DoorPeople(owner)
        self._scraping = threading.Lock()
        self._counted: dict[tuple[str | None, str | None, str], int] = {}

    def metrics(self) -> bytes:
        """The exposition, with what only the store knows as of now."""
        with self._scraping:
            return self._scrape()

    def _scrape(self) -> bytes:
        owner = self._owner
        for key, total in owner.intake.counts.copy().items():
            owner.metrics.message(*key, count=total - self._counted.get(key, 0))
            self._counted[key] = total
        owner.metrics.stations_connected(len(owner.listener.connected))
        owner.metrics.queue_depth("engine", owner.engine.stats().queued)
        owner.metrics.queue_depth("intake", owner.intake.unstored)
        if owner.spooling is not None:
            spool = owner.spooling.spool
            owner.metrics.spool(spool.bytes, spool.lost, spool.set_aside)
        if owner.certificates is not None:
            owner.metrics.certificate(usable=owner.certificates.trouble is None)
        owner.metrics.refresh(owner.store)
        return owner.metrics.render()

    def not_ready(self) -> list[str]:
        """Why this process should get no work, in words; empty when all is well."""
        owner = self._owner
        reasons = []
        if owner.intake.last_error is not None:
            reasons.append(f"the store does not take frames: {owner.intake.last_error}")
        elif owner.intake.congested:
            reasons.append(f"{owner.intake.unstored} records wait for the store")
        stored = owner.store.stats()
        if stored.last_error is not None:
            reasons.append(f"{stored.queued_rows} rows wait for the database: {stored.last_error}")
        if owner.spooling is not None and not owner.spooling.spool.empty:
            reasons.append(f"{owner.spooling.spool.bytes} bytes of tapped messages wait in the spool")
        if not owner.listener.listening:
            reasons.append("the listener is not up")
        engine = owner.engine.stats()
        if not engine.running:
            reasons.append(f"judgement has stopped: {engine.last_error or 'see the log'}")
        elif engine.lag_s > MAX_LAG_S:
            reasons.append(f"judgement is {engine.lag_s:.0f} seconds behind")
        return reasons

    def notes(self) -> list[str]:
        trouble = self._owner.reload_trouble
        return [] if trouble is None else [f"changed settings are not taken up: {trouble}"]

    async def command(self, body: bytes) -> tuple[int, Any]:
        return await self._owner.commands.handle(body)

    async def magic(self, step: str, body: bytes) -> Any:
        return await self._owner.magic.handle(step, body)

    async def import_lines(self, chunks: AsyncIterator[bytes]) -> Any:
        """A recorded log, judged apart from live traffic, in a thread of its own."""
        owner, loop = self._owner, asyncio.get_running_loop()

        async def next_chunk() -> bytes:
            return await anext(chunks, b"")

        def sent() -> Iterator[bytes]:
            # The request's body is read on the event loop, a chunk at a time, as fast as the import takes it.
            # An empty chunk is the stream's end: Starlette sends one last.
            while chunk := asyncio.run_coroutine_threadsafe(next_chunk(), loop).result():
                yield chunk

        make_judge = judges(owner.catalog, owner.register, owner.policy, owner.destinations)
        return await asyncio.to_thread(
            import_log, read_log(sent()), owner.store, owner.pseudonymiser, make_judge
        )

    async def write_register(self, body: bytes, *, replace: bool) -> Any:
        """Stations of the asset register, as JSON; judgement takes them up with the next observation."""
        try:
            assets = msgspec.json.decode(body, type=list[Asset])
        except msgspec.MsgspecError as error:
            raise Refusal(400, f"not a register: {error}") from error
        change = await asyncio.to_thread(write_register, self._owner.store, assets, replace=replace)
        self._owner.register = await asyncio.to_thread(load_register, self._owner.store)
        return msgspec.to_builtins(change)

    async def set_station_secret(self, body: bytes) -> Any:
        """The hash of a station's secret, or none; holds from the station's next connection on."""
        try:
            new = msgspec.json.decode(body, type=StationSecret)
        except msgspec.MsgspecError as error:
            raise Refusal(400, str(error)) from error
        owner = self._owner
        await asyncio.to_thread(set_secret, owner.store, new.station, new.hashed)
        owner.secrets.replace(await asyncio.to_thread(load_secrets, owner.store))
        return {"station": new.station, "known": new.station in owner.register}

    async def unsubscribe(self, body: bytes) -> Any:
        """A customer wants no more messages, by the link of one."""
        try:
            asked = msgspec.json.decode(body, type=Ending)
        except msgspec.MsgspecError as error:
            raise Refusal(400, str(error)) from error
        owner = self._owner
        if not await owner.commands.subscriptions.end(owner.link_key, asked.subscription, asked.token):
            raise Refusal(404, "this link is not good")
        return {"ended": True}

    def _unknown_party(self, user: NewUser) -> str | None:
        if user.party is None or user.role not in ("installer", "customer"):
            return None
        named = named_parties(self._owner.settings, self._owner.catalog.routing)
        return unknown_party(self._owner.store, user.role, user.party, named)

    async def add_user(self, body: bytes) -> Any:
        try:
            user = msgspec.json.decode(body, type=NewUser)
            if trouble := await asyncio.to_thread(self._unknown_party, user):
                raise Refusal(400, trouble)
            await asyncio.to_thread(add_user, self._owner.store, **msgspec.structs.asdict(user))
        except (msgspec.MsgspecError, PeopleError) as error:
            raise Refusal(400, str(error)) from error
        return {"email": user.email}

    async def change_user(self, body: bytes) -> Any:
        store = self._owner.store
        try:
            asked = msgspec.json.decode(body, type=ChangedUser)
            if asked.password is None:
                await asyncio.to_thread(disable_user, store, asked.email)
            else:
                await asyncio.to_thread(set_password, store, asked.email, asked.password)
        except (msgspec.MsgspecError, PeopleError) as error:
            raise Refusal(400, str(error)) from error
        return {"email": asked.email}

    async def list_users(self) -> Any:
        return await asyncio.to_thread(list_users, self._owner.store)
