"""Remote commands from asking to audit: refused, confirmed, written down, sent, and completed.

Decides whether a command leaves: the row's roles, its risk and a second identical one. It must never send a
frame before its audit row is durable with outcome `pending`: a crash in between leaves that trace. Cards,
passwords and logins in addresses are hidden in the audit trail as they are in stored frames.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from collectors.decode.frame import CALLRESULT, Frame
from collectors.decode.privacy import Pseudonymiser
from collectors.remote.actions import ACTIONS, RemoteAction, Situation, action_named
from collectors.remote.commands import StationCommands, StationOutcome
from collectors.remote.options import Options
from collectors.remote.payloads import Call, CannotSay
from data.commands import (
    PENDING,
    AboutIncident,
    AboutWindow,
    Command,
    CommandOutcome,
    CommandRequest,
    Remote,
    Reset,
    RevokeLinks,
    Subscribe,
    Trigger,
    complete,
    write_down,
)
from data.people import User
from data.store import Store

log = logging.getLogger(__name__)

WHY_AT_MOST = 500


class Prepared(msgspec.Struct, frozen=True):
    """A command that may leave, made for the OCPP version the station is connected with."""

    action: RemoteAction
    version: str
    call: Call


class RemoteDesk:
    """Runs on the event loop; what waits for the database waits in a thread."""

    def __init__(
        self,
        store: Store,
        stations: StationCommands,
        pseudonymiser: Pseudonymiser,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self.stations = stations
        self._pseudonymiser = pseudonymiser
        self._clock = clock
        # What is under way: station, action and options, and who asked it when.
        self._under_way: dict[tuple[str, str, bytes], str] = {}

    async def handle(
        self,
        request: CommandRequest,
        remote: Remote,
        user: User | None,
        refused: StationOutcome | None,
        *,
        role: str,
    ) -> CommandOutcome | None:
        """What came of it, as the audit trail has it; None when that cannot be written (nothing was sent).

        `refused`: what was decided before about this person and this station.
        """
        action = action_named(remote.action)
        if refused is not None or user is None:
            said = refused or StationOutcome("refused", "there is no such user")
            return await self._settle(request, remote, action, said, role)
        try:
            action, options = allowed(remote, user)
        except CannotSay as error:
            return await self._settle(request, remote, action, StationOutcome("refused", str(error)), role)
        same = (remote.station, action.name, msgspec.json.encode(options, order="sorted"))
        other = self._under_way.get(same)
        if other is not None:
            said = StationOutcome("refused", f"the same command is under way, {other}: wait for its answer")
            return await self._settle(request, remote, action, said, role)
        self._under_way[same] = f"asked by {request.actor} at {self._clock():%H:%M:%S} UTC"
        try:
            prepared = await self._prepare(remote, action, options)
            if isinstance(prepared, StationOutcome):
                return await self._settle(request, remote, action, prepared, role)
            return await self._send(request, remote, prepared, role)
        finally:
            del self._under_way[same]

    async def _prepare(
        self, remote: Remote, action: RemoteAction, options: Options
    ) -> Prepared | StationOutcome:
        version = self.stations.version_of(remote.station)
        if version is None:
            return self.stations.away(remote.station)
        try:
            call = action.build(version, options, secrets.randbelow(2**31 - 1) + 1)
        except CannotSay as error:
            return StationOutcome("refused", str(error))
        running = await asyncio.to_thread(self._in_session, remote.station, getattr(options, "evse", None))
        risk = action.risk(options, Situation(version, running))
        if risk is not None and not remote.confirmed:
            return StationOutcome("needs_confirmation", risk)
        return Prepared(action, version, call)

    def _in_session(self, station: str, evse: int | None) -> bool:
        """Whether a session runs at this EVSE, or at any when none is named; one of unknown place counts."""
        found = self._store.query("sessions_running", station=station)
        return any(evse is None or place is None or place == evse for place in found["evse"])

    async def _send(
        self, request: CommandRequest, remote: Remote, prepared: Prepared, role: str
    ) -> CommandOutcome | None:
        begun = StationOutcome(PENDING, "given to the station; its answer is not known yet")
        if await self._settle(request, remote, prepared.action, begun, role) is None:
            return None
        said = await self.stations.ask(
            remote.station, *prepared.call, prepared.action.verdict, prepared.version
        )
        answer = hidden(self._pseudonymiser, said.answer) if isinstance(said.answer, dict) else None
        outcome = CommandOutcome(
            command_id=request.command_id,
            outcome=said.outcome,
            detail=hidden(self._pseudonymiser, {"detail": said.detail})["detail"],
            answer=answer,
        )
        log.info("%s to %s by %s: %s", prepared.action.name, remote.station, request.actor, outcome.outcome)
        try:
            await asyncio.to_thread(complete, self._store, outcome)
        except Exception:
            # It stays pending in the trail, which is true as far as the trail can know.
            log.exception("the outcome of command %s could not be written down", request.command_id)
        return outcome

    async def _settle(
        self,
        request: CommandRequest,
        remote: Remote,
        action: RemoteAction | None,
        said: StationOutcome,
        role: str,
    ) -> CommandOutcome | None:
        """Write the audit row; None when that fails."""
        outcome = CommandOutcome(
            command_id=request.command_id, outcome=said.outcome, detail=said.detail or None
        )
        body = hidden(self._pseudonymiser, msgspec.to_builtins(remote))
        try:
            await asyncio.to_thread(
                write_down,
                self._store,
                request,
                outcome,
                kind="remote" if action is None else action.name,
                body=msgspec.json.encode(body).decode(),
                role=role,
                now=self._clock(),
            )
        except Exception:
            log.exception("command %s could not be written down: it is not carried out", request.command_id)
            return None
        return outcome


def as_remote(command: Command) -> AboutIncident | AboutWindow | RevokeLinks | Subscribe | Remote:
    """The short forms as what they stand for; every other command as it is."""
    if isinstance(command, Reset):
        return Remote(
            station=command.station,
            action="Reset",
            options={"kind": command.kind},
            confirmed=command.confirmed,
            why=command.why,
        )
    if isinstance(command, Trigger):
        options: dict[str, Any] = {"message": command.message}
        if command.evse is not None:
            options["evse"] = command.evse
        return Remote(station=command.station, action="TriggerMessage", options=options, why=command.why)
    return command


def allowed(remote: Remote, user: User) -> tuple[RemoteAction, Options]:
    """The row and its options, when this role may ask that. Raises `CannotSay` with the reason."""
    action = action_named(remote.action)
    if action is None:
        raise CannotSay(f"there is no command {remote.action[:40]}; there are {', '.join(ACTIONS)}")
    if user.role not in action.roles:
        others = "the helpdesk" if len(action.roles) == 1 else "the helpdesk and the installer"
        raise CannotSay(f"{action.name} is for {others}, not for the role {user.role}")
    if not remote.why.strip():
        raise CannotSay("say why: the reason is kept in the audit trail")
    if len(remote.why) > WHY_AT_MOST:
        raise CannotSay(f"the reason has at most {WHY_AT_MOST} characters")
    options = action.read(remote.options)
    denied = action.limit(user.role, options)
    if denied is not None:
        raise CannotSay(denied)
    return action, options


def hidden(pseudonymiser: Pseudonymiser, members: dict[str, Any]) -> dict[str, Any]:
    """`members` without cards, passwords and logins, by the rules of stored frames."""
    raw = msgspec.json.encode(members).decode()
    return pseudonymiser.frame(Frame(CALLRESULT, "", None, members, None, None, raw)).payload
