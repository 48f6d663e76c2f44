"""What people and pages may ask of the owner process, as types, and the client that asks.

Decides the words of the command door, and that a command with the same id is carried out once. Must never
decide whether it is allowed: the owner process does.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import httpx
import msgspec

from data.errors import OwnerDown
from data.rows import naive_utc
from data.store import Store
from rules.core.calendar.recurrence import Once, Recurrence
from rules.core.calendar.window import Matcher, WindowKind
from rules.core.model import Cause, FeedbackVerdict, Owner, Side

# A remote command waits for the station's answer (30 s unless set otherwise), and for its turn after another.
TIMEOUT_S = 75.0

# The outcome of a remote command between its writing down and its answer; a crash leaves it so.
PENDING = "pending"


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="acknowledge"):
    incident_id: str


class Take(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="take"):
    """Who asks becomes the assignee; it acknowledges too."""

    incident_id: str


class OnMyWay(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="on_my_way"):
    """Takes it too. `eta`: when the one on the way expects to be there, aware UTC."""

    incident_id: str
    eta: datetime | None = None


class Fixed(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="fixed"):
    """What it was, as found on the spot; `cause` None: nothing was found. It is a feedback as well. The
    incident stays open until the station no longer shows the fault."""

    incident_id: str
    cause: Cause | None
    text: str | None = None


class Overrule(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="overrule"):
    """A person knows better: what is given replaces the verdict's `side` and `owner`."""

    incident_id: str
    side: Side | None = None
    owner: Owner | None = None
    why: str


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="hand_over"):
    """`to` is `operator`, `installer:<name>` or `customer:<name>`."""

    incident_id: str
    to: str
    why: str


class Snooze(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="snooze"):
    """Say nothing of it until `until` (aware UTC, at most 31 days), or until one of `wakes` happens: `worse`,
    `back` (it had recovered) or `member` (more stations join)."""

    incident_id: str
    until: datetime
    wakes: tuple[Literal["worse", "back", "member"], ...] = ()
    why: str = ""


class Wake(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="wake"):
    """End a snooze now."""

    incident_id: str


class Comment(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="comment"):
    incident_id: str
    text: str


class Feedback(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="feedback"):
    """What turned out to be so. `side`: the right one, where it was another. The last word counts."""

    incident_id: str
    verdict: FeedbackVerdict
    side: Side | None = None
    text: str | None = None


class Reset(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="reset"):
    """`soft` lets running sessions end first where the station can, `hard` does not. A short `Remote`."""

    station: str
    kind: Literal["soft", "hard"] = "soft"
    why: str = ""
    confirmed: bool = False


class Trigger(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="trigger"):
    """Ask the station to send `message` now; for one EVSE, or for the whole station. A short `Remote`."""

    station: str
    message: Literal["BootNotification", "Heartbeat", "StatusNotification", "MeterValues"]
    evse: int | None = None
    why: str = ""


class Remote(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="remote"):
    """Ask a station something: `action` and its `options` as in the owner process's table of commands.

    `confirmed`: the person was told what it can break (`needs_confirmation`) and wants it.
    """

    station: str
    action: str
    options: dict[str, Any] = {}
    confirmed: bool = False
    why: str


class AddSilence(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="add_silence"):
    """Make a silence or a maintenance window. `starts_at` None is now; instants are aware UTC.
    `safety`: danger is held back too, which it is not otherwise."""

    kind: WindowKind
    matcher: Matcher
    why: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    recurrence: Recurrence = Once()
    safety: bool = False


class EndSilence(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="end_silence"):
    """End a silence or a maintenance window before its time."""

    window_id: str
    why: str = ""


class RevokeLinks(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="revoke_links"):
    """Take back the links without a password that lead to an incident, or that an installer got; or both."""

    incident_id: str | None = None
    party: str | None = None
    why: str = ""


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag="subscribe"):
    """Be told of own stations (`stations` empty: all of them) at one's own address. No `kinds`: no more."""

    kinds: tuple[str, ...] = ("down", "up")
    stations: tuple[str, ...] = ()
    language: str = "nl"


AboutIncident = (
    Acknowledge | Take | OnMyWay | Fixed | Overrule | HandOver | Snooze | Wake | Comment | Feedback
)
AboutWindow = AddSilence | EndSilence
Command = AboutIncident | AboutWindow | RevokeLinks | Subscribe | Reset | Trigger | Remote


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a POST to /api/commands. `actor` is the e-mail address of the signed-in user."""

    command_id: str
    actor: str
    command: Command


class CommandOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`detail` says more, for a person. `outcome`:

    - accepted; refused: we did not do it; failed: it could not be stored;
    - of a station: rejected (it declined), error (a CALLERROR), no_answer, not_connected;
    - needs_confirmation: nothing was sent, `detail` says what it can break;
    - pending: it was begun, and this process ended before the answer was known.

    `answer` is what a station answered, without cards and passwords; told the first time only.
    """

    command_id: str
    outcome: str
    detail: str | None = None
    answer: dict[str, Any] | None = None


class CommandClient:
    """Sends commands to the owner process at `base_url`, with the data directory's token."""

    def __init__(self, base_url: str, token_file: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = base_url.rstrip("/") + "/api/commands"
        self._token_file = token_file
        self._timeout_s = timeout_s

    def send(self, command: Command, actor: str, command_id: str | None = None) -> CommandOutcome:
        """The owner's decision. Repeating a `command_id` repeats the answer, not the act.

        Raises OwnerDown when the owner process does not answer or fails.
        """
        request = CommandRequest(command_id=command_id or uuid.uuid4().hex, actor=actor, command=command)
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
            answer = httpx.post(
                self._url,
                content=msgspec.json.encode(request),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                timeout=httpx.Timeout(self._timeout_s, connect=3.0),
                trust_env=False,
            )
        except (OSError, httpx.HTTPError) as error:
            raise OwnerDown(f"the owner process does not answer: {error or type(error).__name__}") from error
        try:
            return msgspec.json.decode(answer.content, type=CommandOutcome)
        except msgspec.MsgspecError as error:
            if answer.status_code < 500:
                said = answer.text[:200]
                return CommandOutcome(command_id=request.command_id, outcome="refused", detail=said)
            raise OwnerDown(f"the owner process failed with HTTP {answer.status_code}") from error


def earlier_outcome(store: Store, command_id: str) -> CommandOutcome | None:
    """What became of a command with this id before, or None."""
    found = store.sql("SELECT command_id, outcome, detail FROM command WHERE command_id = ?", [command_id])
    return CommandOutcome(**found.row(0, named=True)) if len(found) else None


def remember(
    store: Store, request: CommandRequest, outcome: CommandOutcome, *, role: str, now: datetime
) -> CommandOutcome:
    """Writes the audit row, once per command id; returns the outcome that stands."""
    kind = str(type(request.command).__struct_config__.tag)
    body = msgspec.json.encode(request.command).decode()
    write_down(store, request, outcome, kind=kind, body=body, role=role, now=now)
    return earlier_outcome(store, request.command_id) or outcome


def write_down(
    store: Store,
    request: CommandRequest,
    outcome: CommandOutcome,
    *,
    kind: str,
    body: str,
    role: str,
    now: datetime,
) -> None:
    """The audit row as given, durable on return; one that is there already stays. `now` is aware UTC."""

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(
            "INSERT INTO command VALUES ($id, $at, $actor, $role, $kind, $body, $outcome, $detail)"
            " ON CONFLICT DO NOTHING",
            {
                "id": request.command_id,
                "at": naive_utc(now),
                "actor": request.actor,
                "role": role,
                "kind": kind,
                "body": body,
                "outcome": outcome.outcome,
                "detail": outcome.detail,
            },
        )

    store.transact(job, ordered=False)


def complete(store: Store, outcome: CommandOutcome) -> None:
    """The pending audit row gets its outcome; one that has an outcome keeps it."""

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(
            "UPDATE command SET outcome = $outcome, detail = $detail"
            " WHERE command_id = $id AND outcome = $pending",
            {
                "id": outcome.command_id,
                "outcome": outcome.outcome,
                "detail": outcome.detail,
                "pending": PENDING,
            },
        )

    store.transact(job, ordered=False)
