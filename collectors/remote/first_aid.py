"""Carries out first aid: what judgement asked for, once each, through the desk of remote commands.

Decides nothing about whether it should be tried (`rules.core.first_aid.refusal` did) but refuses what came
too late. Every attempt is in the audit trail before it leaves, and its outcome goes back as an observation.
It never confirms a risk: a command that would end a session is not sent. Only a running owner process makes
one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from collectors.commits import LiveIntake
from collectors.remote.desk import RemoteDesk
from collectors.remote.options import ListEntry
from data.commands import CommandOutcome, CommandRequest, Remote, earlier_outcome
from data.people import User
from data.store import Store
from rules.core.aid_policy import Remedy
from rules.core.model import AidReported, FirstAidRow

log = logging.getLogger(__name__)

ACTOR = "first aid"
# Acts with the helpdesk's rights, and is told apart from it by this role in the audit trail.
ROLE = "first_aid"
NURSE = User(email=ACTOR, name=ACTOR, role="helpdesk", party=None, language="en")
AT_ONCE = 8  # stations asked at the same time
STATIONS_OWN = frozenset(("accepted", "rejected", "error", "no_answer", "not_connected"))


class ListTrouble(Exception):
    """The file with the local list cannot be used; the message says why."""


class FirstAider:
    """Runs on the event loop; `asked` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        desk: RemoteDesk,
        intake: LiveIntake,
        clock: Callable[[], datetime],
        local_list: Path | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._intake = intake
        self._clock = clock
        self._local_list = local_list
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._ending = False

    def asked(self, rows: Sequence[FirstAidRow]) -> None:
        """Orders of the judgement, already written down. Those with an outcome are no orders any more."""
        orders = [row for row in rows if row.outcome is None and row.ended_at is None]
        if orders and not self._ending:
            self._loop.call_soon_threadsafe(self._begin, orders)

    async def stop(self) -> None:
        """Waits for what is under way; the connections are closed by then, so that is soon."""
        self._ending = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._intake.drain()

    def _begin(self, orders: list[FirstAidRow]) -> None:
        for row in orders:
            task = self._loop.create_task(self._carry_out(row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, row: FirstAidRow) -> None:
        async with self._free:
            try:
                outcome, detail = await self._try(row)
            except Exception as error:
                log.exception("first aid %s at %s failed", row.do, row.station)
                outcome, detail = "not_sent", f"{type(error).__name__}: {error}"
        log.info("first aid %s at %s: %s", row.do, row.station, outcome)
        self._report(row, outcome, detail)

    async def _try(self, row: FirstAidRow) -> tuple[str, str | None]:
        if self._clock() > row.expires_at:
            return "not_sent", "it came too late"
        earlier = await asyncio.to_thread(earlier_outcome, self._store, command_id_of(row))
        if earlier is not None:
            return "not_sent", "it was asked before this process was started again"
        unreachable = self._unreachable(row.station)
        if unreachable is not None:
            return "not_sent", unreachable
        action, options = await self._command(row)
        said = await self._ask(row, command_id_of(row), action, options)
        if said is None:
            return "not_sent", "the audit trail cannot be written"
        if said.outcome in STATIONS_OWN:
            return said.outcome, protocol_word(said)
        return "not_sent", said.detail or said.outcome

    def _unreachable(self, station: str) -> str | None:
        """Why nothing can be sent. A tapped station is asked like any other, in words that it speaks."""
        if self._desk.stations.version_of(station) is None:
            return "it is not connected any more"
        guessed = self._desk.stations.is_guessed(station)
        return "not possible: tapped, and its OCPP version is not known" if guessed else None

    async def _ask(
        self, row: FirstAidRow, command_id: str, action: str, options: dict[str, Any]
    ) -> CommandOutcome | None:
        """None when the audit trail cannot be written: then nothing was sent."""
        why = f"first aid for {row.fault}, incident {row.incident_id}, by policy {row.policy}"
        remote = Remote(station=row.station, action=action, options=options, why=why[:500])
        request = CommandRequest(command_id=command_id, actor=ACTOR, command=remote)
        return await self._desk.handle(request, remote, NURSE, None, role=ROLE)

    async def _command(self, row: FirstAidRow) -> tuple[str, dict[str, Any]]:
        place = {name: value for name in ("evse", "connector") if (value := getattr(row, name)) is not None}
        remedy = Remedy(row.do)
        if remedy is Remedy.SOFT_RESET:
            return "Reset", {"kind": "soft"}
        if remedy is Remedy.UNLOCK:
            return "UnlockConnector", place
        if remedy is Remedy.TRIGGER_STATUS:
            return "TriggerMessage", {"message": "StatusNotification", **place}
        if remedy is Remedy.TRIGGER_HEARTBEAT:
            return "TriggerMessage", {"message": "Heartbeat"}
        if remedy is Remedy.CLEAR_CACHE:
            return "ClearCache", {}
        return "SendLocalList", await self._list_for(row)

    async def _list_for(self, row: FirstAidRow) -> dict[str, Any]:
        """The whole list under the next version number, which the station tells."""
        entries = await asyncio.to_thread(read_local_list, self._local_list)
        told = await self._ask(row, f"{command_id_of(row)}-version", "GetLocalListVersion", {})
        answer = told.answer if told is not None and told.answer else {}
        number = answer.get("versionNumber", answer.get("listVersion", 0))
        version = max(number, 0) + 1 if isinstance(number, int) else 1
        return {"list_version": version, "update": "full", "entries": entries}

    def _report(self, row: FirstAidRow, outcome: str, detail: str | None) -> None:
        """The outcome goes the way of every observation: stored first, then judged."""
        self._intake.observed(
            AidReported(
                station=row.station,
                at=self._clock(),
                record_id=self._store.next_record_id(),
                try_id=row.try_id,
                incident_id=row.incident_id,
                outcome=outcome,
                detail=detail,
            )
        )
        self._intake.touch()


def protocol_word(said: CommandOutcome) -> str | None:
    """The status or error code itself, which reads the same in every language; else the desk's sentence."""
    status = (said.answer or {}).get("status")
    if said.outcome in ("accepted", "rejected") and isinstance(status, str):
        return status
    if said.outcome == "error":  # "the station could not do X: NotImplemented: ..."
        return (said.detail or "").partition(": ")[2] or said.detail
    return said.detail


def command_id_of(row: FirstAidRow) -> str:
    """The audit trail takes each attempt once."""
    return f"first-aid-{row.try_id}"


def read_local_list(file: Path | None) -> list[dict[str, Any]]:
    """The operator's list of cards, JSON: `[{"id_tag": "04A2", "status": "Accepted"}, ...]`.

    Raises `ListTrouble` with file and reason.
    """
    if file is None:
        raise ListTrouble("first_aid.local_list names no file with the cards to send")
    try:
        entries = msgspec.json.decode(file.read_bytes(), type=list[ListEntry])
    except OSError as error:
        raise ListTrouble(f"{file}: cannot be read: {error.strerror or error}") from error
    except msgspec.MsgspecError as error:
        raise ListTrouble(f"{file}: {error}") from error
    built: list[dict[str, Any]] = msgspec.to_builtins(entries)
    return built
