"""Remote commands out to stations: asking one that is connected, and telling apart what came of it.

Decides between accepted, rejected (the station declined), error (a CALLERROR), no_answer and not_connected,
in words for a person. Who may ask what is decided elsewhere, before this is called.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from collectors.remote.actions import Verdict
from collectors.stations.connection import CallAnswer, CallTimedOut, NotSent, StationGone


class StationOutcome(Struct, frozen=True):
    """`outcome` as in `data.commands.CommandOutcome`; `detail` says why; `answer` as the station gave it."""

    outcome: str
    detail: str
    answer: Any = None


class Callee(Protocol):
    """A live connection, as far as commands need it."""

    version: str
    version_agreed: bool

    async def call(self, action: str, payload: dict[str, Any], timeout_s: float) -> CallAnswer: ...


class StationCommands:
    """Asks connected stations. Everything runs on the event loop."""

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

    def version_of(self, station: str) -> str | None:
        """The OCPP version of a connected station; None when it is not connected."""
        connection = self._connection_of(station)
        return None if connection is None else connection.version

    def is_guessed(self, station: str) -> bool:
        """Whether the version of a connected station is a guess: a tapped one, whose back end named none."""
        connection = self._connection_of(station)
        return connection is not None and not connection.version_agreed

    def away(self, station: str) -> StationOutcome:
        """What there is to say of a station that is not connected."""
        since = self._last_known(station)
        told = f"not connected since {since:%Y-%m-%d %H:%M:%S} UTC" if since else "never connected"
        return StationOutcome("not_connected", told)

    async def ask(
        self,
        station: str,
        action: str,
        payload: dict[str, Any],
        verdict: Callable[[dict[str, Any]], Verdict],
        version: str | None = None,
    ) -> StationOutcome:
        """Send one request and wait for its answer.

        `version` is the one the request was made for: a station that came back with another is not asked.
        """
        connection = self._connection_of(station)
        if connection is None:
            return self.away(station)
        if version is not None and connection.version != version:
            return StationOutcome("failed", f"it connected again with OCPP {connection.version}: ask again")
        try:
            answer = await connection.call(action, payload, self.timeout_s)
        except NotSent as error:
            return StationOutcome("not_connected", str(error))
        except (CallTimedOut, StationGone) as error:
            return StationOutcome("no_answer", str(error))
        return judge_answer(action, answer, verdict)


def judge_answer(
    action: str, answer: CallAnswer, verdict: Callable[[dict[str, Any]], Verdict]
) -> StationOutcome:
    """What the station's answer to `action` means."""
    if answer.error_code is not None:
        said = ": ".join(filter(None, [answer.error_code, answer.error_description]))
        return StationOutcome("error", f"the station could not do {action}: {said}", answer.payload)
    if not isinstance(answer.payload, dict):
        return StationOutcome("rejected", f"the station answered {action} with no JSON object")
    judged = verdict(answer.payload)
    if judged.accepted:
        return StationOutcome("accepted", judged.detail, answer.payload)
    return StationOutcome("rejected", f"the station answered {judged.detail} to {action}", answer.payload)
