"""Commands of people: may this person do this, was it done before, carry it out, write it down.

Decides by role and by whose station it is; the helpdesk may do everything, an installer and a customer only
what concerns their own. It must never carry out a command twice, nor leave one out of the audit trail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from collectors.commits import LiveIntake
from collectors.owner.decisions import recorded
from collectors.owner.subscription_desk import SubscriptionDesk
from collectors.owner.window_desk import WindowDesk
from collectors.remote.commands import StationOutcome
from collectors.remote.desk import RemoteDesk, as_remote
from data import magic_links
from data.commands import (
    PENDING,
    AboutIncident,
    Acknowledge,
    AddSilence,
    CommandOutcome,
    CommandRequest,
    Comment,
    EndSilence,
    Feedback,
    Fixed,
    HandOver,
    OnMyWay,
    Overrule,
    Remote,
    RevokeLinks,
    Snooze,
    Subscribe,
    Take,
    earlier_outcome,
    remember,
)
from data.people import User, find_user
from data.store import Store
from rules.core.model import Asset, Cause, FeedbackVerdict, Side, UserActed

log = logging.getLogger(__name__)

OfNoPlace = AddSilence | EndSilence | RevokeLinks | Subscribe  # neither a station nor an incident to look up

# What each role may do to an incident beside the helpdesk, which may do everything; the customer may tell
# what was seen. What each may ask a station is in `remote_actions`.
MAY: dict[str, tuple[type[Any], ...]] = {
    "installer": (Acknowledge, Take, OnMyWay, Fixed, Comment, Feedback, HandOver),
    "customer": (Comment,),
}

# The side that each cause lies on, as in the catalogue of faults; unknown and external ones lie on neither.
SIDE_OF = {
    Cause.BACKEND: Side.SOFTWARE,
    Cause.AUTHORISATION: Side.SOFTWARE,
    Cause.CONFIGURATION: Side.SOFTWARE,
    Cause.FIRMWARE: Side.SOFTWARE,
    Cause.CHARGER_HARDWARE: Side.HARDWARE,
    Cause.POWER_SUPPLY: Side.HARDWARE,
    Cause.LOCAL_NETWORK: Side.HARDWARE,
    Cause.VEHICLE: Side.NONE,
    Cause.DRIVER: Side.NONE,
}

# Somebody at the command line of this machine, who holds the token and could add any user anyway.
AT_THE_SHELL = "shell:"
SHELL = "shell"

STATUS = {"refused": 403, "needs_confirmation": 409}

NOT_KNOWN = "the process ended before the answer came: whether the station did it is not known"


class Place(msgspec.Struct, frozen=True):
    """Whose a command's subject is, as far as the register and the incident know; and on whose side."""

    station: str
    installer: str | None
    customer: str | None
    side: str | None = None


class CommandDesk:
    """Runs on the event loop; what waits for the database waits in a thread."""

    def __init__(
        self,
        store: Store,
        intake: LiveIntake,
        remote: RemoteDesk,
        register: Callable[[], Mapping[str, Asset]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._intake = intake
        self.remote = remote
        self._register = register
        self._clock = clock
        self._windows = WindowDesk(store, intake, clock)
        self.subscriptions = SubscriptionDesk(store, intake, register, clock)
        self._running: dict[str, asyncio.Task[CommandOutcome | None]] = {}

    async def handle(self, body: bytes) -> tuple[int, CommandOutcome | dict[str, str]]:
        """HTTP status and outcome. The same command id gives the outcome of its first time."""
        try:
            request = msgspec.json.decode(body, type=CommandRequest)
        except msgspec.MsgspecError as error:
            return 400, {"error": f"not a command: {error}"}
        if not 1 <= len(request.command_id) <= 100:
            return 400, {"error": "a command id has 1 to 100 characters"}
        return await self.carry_out(request)

    async def carry_out(
        self, request: CommandRequest, user: User | None = None
    ) -> tuple[int, CommandOutcome | dict[str, str]]:
        """As `handle`. `user`: somebody without an account, known by another proof than a sign-in."""
        task = self._running.get(request.command_id)
        if task is None:
            task = asyncio.create_task(self._once(request, user))
            self._running[request.command_id] = task
            task.add_done_callback(lambda _done: self._running.pop(request.command_id, None))
        # A caller that hangs up does not undo what was begun.
        outcome = await asyncio.shield(task)
        if outcome is None:
            return 503, {"error": "the audit trail cannot be written: nothing was done"}
        return STATUS.get(outcome.outcome, 200), outcome

    async def _once(self, request: CommandRequest, known: User | None) -> CommandOutcome | None:
        earlier = await asyncio.to_thread(earlier_outcome, self._store, request.command_id)
        if earlier is not None:
            return (
                msgspec.structs.replace(earlier, detail=NOT_KNOWN) if earlier.outcome == PENDING else earlier
            )
        user = known or await self._user(request.actor)
        role = "unknown" if user is None else SHELL if user.name == AT_THE_SHELL else user.role
        command = as_remote(request.command)
        said = await self._decide(user, command, request.command_id)
        if isinstance(command, Remote):
            return await self.remote.handle(request, command, user, said, role=role)
        if said is None:
            return None
        outcome = CommandOutcome(
            command_id=request.command_id, outcome=said.outcome, detail=said.detail or None
        )
        log.info("%s by %s: %s", type(command).__name__, request.actor, outcome.outcome)
        return await asyncio.to_thread(remember, self._store, request, outcome, role=role, now=self._clock())

    async def _user(self, actor: str) -> User | None:
        user = await asyncio.to_thread(find_user, self._store, actor)
        if user is None and actor.startswith(AT_THE_SHELL) and "@" not in actor:
            return User(email=actor, name=AT_THE_SHELL, role="helpdesk", party=None, language="en")
        return user

    async def _decide(
        self, user: User | None, command: AboutIncident | OfNoPlace | Remote, command_id: str
    ) -> StationOutcome | None:
        """What comes of it; None for a remote command that this person may ask of this station."""
        if user is None:
            return StationOutcome("refused", "there is no such user")
        if isinstance(command, OfNoPlace):
            return await self._of_no_place(user, command, command_id)
        place = await asyncio.to_thread(self._place_of, command)
        if place is None or not allowed_to_see(user, place):
            # Not told apart, so that nobody learns of what is not theirs.
            return StationOutcome("refused", "there is no such incident or station")
        if isinstance(command, Remote):
            return None
        denied = denial(user, command)
        if denied is not None:
            return StationOutcome("refused", denied)
        return await self._record(user, place, command)

    async def _of_no_place(self, user: User, command: OfNoPlace, command_id: str) -> StationOutcome:
        if isinstance(command, RevokeLinks):
            return await asyncio.to_thread(self._revoke, user, command)
        if isinstance(command, Subscribe):
            return await self.subscriptions.decide(user, command)
        return await self._windows.decide(user, command, command_id)

    def _revoke(self, user: User, command: RevokeLinks) -> StationOutcome:
        """Links that let somebody in without a password, taken back by the helpdesk."""
        if user.role != "helpdesk":
            return StationOutcome("refused", f"this is for the helpdesk, not for the role {user.role}")
        if not (command.incident_id or command.party):
            return StationOutcome("refused", "name an incident or an installer")
        count = magic_links.revoke(
            self._store, now=self._clock(), incident=command.incident_id or None, party=command.party or None
        )
        return StationOutcome("accepted", f"{count} link(s) that still let somebody in were taken back")

    def _place_of(self, command: AboutIncident | Remote) -> Place | None:
        if isinstance(command, Remote):
            asset = self._register().get(command.station)
            if asset is not None:
                return Place(command.station, asset.installer, asset.customer)
            known = self.remote.stations.knows(command.station)
            return Place(command.station, None, None) if known else None
        found = self._store.query("incident", incident_id=command.incident_id)
        if found.is_empty():
            return None
        row = found.row(0, named=True)
        return Place(row["station"] or "", row["installer_of_record"], row["customer_of_record"], row["side"])

    async def _record(self, user: User, place: Place, command: AboutIncident) -> StationOutcome:
        """The decision goes the way of every observation: stored first, then judged."""
        return await recorded(
            self._intake, acted(command, user, place, self._clock(), self._store.next_record_id())
        )


def allowed_to_see(user: User, place: Place) -> bool:
    if user.role == "helpdesk":
        return True
    owner = place.installer if user.role == "installer" else place.customer
    return user.party is not None and owner == user.party


def denial(user: User, command: AboutIncident) -> str | None:
    """Why this role may not ask this; None when it may."""
    if user.role == "helpdesk":
        return None
    if not isinstance(command, MAY.get(user.role, ())):
        return f"this is for the helpdesk, not for the role {user.role}"
    if isinstance(command, HandOver) and command.to != "operator":
        return "an installer may hand over to the operator only"
    return None


def acted(command: AboutIncident, user: User, place: Place, at: datetime, record_id: int) -> UserActed:
    """The command as the observation that judgement and a replay read."""
    told: dict[str, Any] = {}
    if isinstance(command, Overrule):
        told = {"side": command.side, "owner": command.owner, "text": command.why}
    elif isinstance(command, HandOver):
        told = {"owner": command.to, "text": command.why}
    elif isinstance(command, Snooze):
        told = {"until": command.until, "wakes": command.wakes, "text": command.why or None}
    elif isinstance(command, Comment):
        told = {"text": command.text}
    elif isinstance(command, Feedback):
        told = {"side": command.side, "text": command.text, "verdict": command.verdict.value}
    elif isinstance(command, OnMyWay):
        told = {"eta": command.eta}
    elif isinstance(command, Fixed):
        verdict, side = found_out(command.cause, place.side)
        told = {"verdict": verdict, "side": side, "text": command.text, "cause": command.cause}
    return UserActed(
        station=place.station,
        at=at,
        record_id=record_id,
        action=str(type(command).__struct_config__.tag),
        incident_id=command.incident_id,
        by=user.email,
        party=party_of(user),
        **told,
    )


def party_of(user: User) -> str:
    """As routes name it: `operator`, `installer:<name>` or `customer:<name>`."""
    return "operator" if user.role == "helpdesk" else f"{user.role}:{user.party}"


def found_out(cause: Cause | None, side: str | None) -> tuple[FeedbackVerdict | None, Side | None]:
    """What a cause found on the spot says of a verdict for `side`, and the right side where it was another.

    (None, None) for a cause that tells no side."""
    if cause is None:
        return FeedbackVerdict.NO_FAULT_FOUND, None
    right = SIDE_OF.get(cause)
    if right is None:
        return None, None
    return (FeedbackVerdict.CONFIRMED, None) if right == side else (FeedbackVerdict.WRONG_SIDE, right)
