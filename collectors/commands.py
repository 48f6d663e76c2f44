"""Remote commands out to stations: what to send in each OCPP version, and what the answer means.

Decides whether a station carried a command out (`accepted`), declined it (`refused`) or could not be asked
(`failed`), in words for a person. Who may ask is decided elsewhere, before this is called.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from collectors.connection import CallAnswer, CallFailed

# Answers that mean "done" or "will be done": ResetStatus, TriggerMessageStatus (1.6 and 2.x).
ACCEPTED = {"Accepted", "Scheduled"}


class StationOutcome(Struct, frozen=True):
    """`outcome` is accepted, refused or failed; `detail` says why."""

    outcome: str
    detail: str


class Callee(Protocol):
    """A live connection, as far as commands need it."""

    version: str

    async def call(self, action: str, payload: dict[str, Any], timeout_s: float) -> CallAnswer: ...


def reset_call(version: str, kind: str) -> tuple[str, dict[str, Any]]:
    """`kind` is soft (after the running session where the station can) or hard (at once)."""
    if version == "1.6":
        return "Reset", {"type": "Hard" if kind == "hard" else "Soft"}
    return "Reset", {"type": "Immediate" if kind == "hard" else "OnIdle"}


def trigger_call(version: str, message: str, evse: int | None) -> tuple[str, dict[str, Any]]:
    """Ask the station to send `message` (StatusNotification, BootNotification, ...) now."""
    payload: dict[str, Any] = {"requestedMessage": message}
    if evse is not None:
        payload.update({"connectorId": evse} if version == "1.6" else {"evse": {"id": evse}})
    return "TriggerMessage", payload


class StationCommands:
    """Carries out commands on connected stations. Everything runs on the event loop."""

    def __init__(
        self,
        connection_of: Callable[[str], Callee | None],
        last_known: Callable[[str], datetime | None],
        timeout_s: float,
    ) -> None:
        self._connection_of = connection_of
        self._last_known = last_known
        self.timeout_s = timeout_s

    def knows(self, station: str) -> bool:
        """Whether this station is, or was, connected to this process."""
        return self._connection_of(station) is not None or self._last_known(station) is not None

    async def reset(self, station: str, kind: str) -> StationOutcome:
        """Restart a station; a hard reset can lose a StopTransaction it has not sent yet."""
        return await self._ask(station, lambda version: reset_call(version, kind))

    async def trigger(self, station: str, message: str, evse: int | None = None) -> StationOutcome:
        return await self._ask(station, lambda version: trigger_call(version, message, evse))

    async def _ask(self, station: str, build: Callable[[str], tuple[str, dict[str, Any]]]) -> StationOutcome:
        connection = self._connection_of(station)
        if connection is None:
            since = self._last_known(station)
            told = f"not connected since {since:%Y-%m-%d %H:%M:%S} UTC" if since else "never connected"
            return StationOutcome("failed", told)
        action, payload = build(connection.version)
        try:
            answer = await connection.call(action, payload, self.timeout_s)
        except CallFailed as error:
            return StationOutcome("failed", str(error))
        return judge_answer(action, answer)


def judge_answer(action: str, answer: CallAnswer) -> StationOutcome:
    """What the station's answer to `action` means."""
    if answer.error_code is not None:
        said = ": ".join(filter(None, [answer.error_code, answer.error_description]))
        return StationOutcome("refused", f"the station refused {action}: {said}")
    status = answer.status
    if status in ACCEPTED:
        return StationOutcome("accepted", status)
    return StationOutcome("refused", f"the station answered {status or 'without a status'} to {action}")
