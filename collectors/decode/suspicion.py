"""What a conversation itself gives away: payloads of a wrong form, requests that nobody answers, refusals of
questions that we did not see.

Decides what is worth an observation, never what it means. Cheap where all is well: it runs for every frame.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from collectors.decode import findings
from collectors.decode.form import TYPES, problems
from collectors.decode.reading import Asked, Reading
from collectors.decode.values import read_instant, read_text
from rules.core.model import BackEndMalformed, BackEndTrouble, CommandAnswered, CommandUnanswered

UNANSWERED_S: Final = 10.0
"""A station asks one thing at a time (OCPP-J 1.6, 4.1.1): when it asks again this much later, unanswered, it
gave up waiting. Sooner, the log merely leaves answers out."""
MAX_WAITING: Final = 8
IGNORED_S: Final = 30.0
"""Back ends wait for half a minute or less for the answer to a command."""
VITAL: Final = frozenset({"StartTransaction", "StopTransaction", "Authorize", "TransactionEvent"})
"""Requests that a driver waits for: unanswered, they are told as soon as something asked later was answered,
though the log shows no answer to any of their kind."""
TIMED: Final = frozenset({"StartTransaction"})
"""Those whose answer the rules time themselves."""
VITAL_S: Final = 300.0
"""Seconds that one is remembered for that."""
EARLIEST: Final = "2015"
"""The year of OCPP 1.6: no back end can mean an earlier time."""
SAMPLED: Final = 5
"""Heavy requests of one station that are looked at: a firmware writes the first as the thousandth."""
HEAVY: Final = frozenset(
    {"BootNotification", "MeterValues", "TransactionEvent", "Heartbeat", "NotifyReport", "NotifyEvent"}
)
"""Frequent or long requests, and the boot, which has findings of its own: checked while they are read."""
UNREADABLE: Final = ("missing", "empty", *(f"no {kind}" for kind in TYPES))
FAULTLESS: Final = (None, "", "NoError")


class Waiting:
    """Requests of one station that have no answer yet, and commands to it, oldest first."""

    __slots__ = ("_answers", "_latest", "commands", "open")

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, datetime]] = {}
        self.commands: dict[str, datetime] = {}
        self._answers: set[str] = set()  # actions that the log shows answers to: some logs leave those out
        self._latest: datetime | None = None  # when the latest request that has an answer was asked

    def clear(self) -> None:
        self.open.clear()
        self.commands.clear()

    def commanded(self, message_id: str, at: datetime) -> None:
        """Something was asked of the station."""
        while len(self.commands) >= MAX_WAITING:
            del self.commands[next(iter(self.commands))]
        self.commands[message_id] = at

    def _ignored(self, reading: Reading, action: str) -> None:
        """The station talks on and leaves commands unanswered. One that boots has forgotten them."""
        if action == "BootNotification":
            self.commands.clear()
        for name, at in list(self.commands.items()):
            waited = (reading.at - at).total_seconds()
            if waited >= IGNORED_S:
                del self.commands[name]
                reading.observations.append(
                    CommandUnanswered(
                        station=reading.station, at=reading.at, record_id=reading.record_id, waited_s=waited
                    )
                )

    def plainly_answered(self, message_id: str, action: str) -> tuple[str, datetime] | None:
        """Notes the answer, and gives what it answers."""
        self._answers.add(action)
        asked = self.open.pop(message_id, None)
        if asked is not None and (self._latest is None or asked[1] > self._latest):
            self._latest = asked[1]
        return asked

    def answered(self, reading: Reading, action: str) -> None:
        """The back end answered; late, where a driver waits for it, is told."""
        asked = self.plainly_answered(reading.message_id, action)
        waited = 0.0 if asked is None else (reading.at - asked[1]).total_seconds()
        if waited >= UNANSWERED_S and action in VITAL and action not in TIMED:
            reading.observations.append(
                BackEndTrouble(
                    station=reading.station,
                    at=reading.at,
                    record_id=reading.record_id,
                    event="slow",
                    action=action,
                    waited_s=waited,
                )
            )

    def asked(self, reading: Reading, action: str) -> None:
        """The station asks; what it waited for in vain before is told, and what was asked of it in vain."""
        if self.commands:
            self._ignored(reading, action)
        table = self.open
        for name, (before, at) in list(table.items()):
            waited = (reading.at - at).total_seconds()
            if waited < UNANSWERED_S:
                continue
            told = before in self._answers or (before in VITAL and self._passed_over(at))
            if not told and before in VITAL and waited < VITAL_S:
                continue  # it may still show
            del table[name]
            if told:
                reading.observations.append(
                    BackEndTrouble(
                        station=reading.station,
                        at=reading.at,
                        record_id=reading.record_id,
                        event="unanswered",
                        action=before,
                        waited_s=waited,
                    )
                )
        while len(table) >= MAX_WAITING:
            del table[next(iter(table))]
        table[reading.message_id] = (action, reading.at)

    def _passed_over(self, at: datetime) -> bool:
        """Whether something asked later than `at` has its answer."""
        return self._latest is not None and self._latest > at


def check_request(
    reading: Reading, version: str, action: str, payload: dict[str, Any], *, heavy: bool = False
) -> None:
    """A station's request in which a strict reader misses something. One that reports an error is left alone:
    what it reports matters more than how. `heavy`: look at the long ones too."""
    if findings.STRICT_READERS_FAIL.intersection(reading.findings):
        return  # it is named already
    if reading.cut or (action in HEAVY and not heavy) or payload.get("errorCode") not in FAULTLESS:
        return
    # A word outside a closed list has findings of its own, and most readers live with it.
    wrong = [one for one in problems(version, 2, action, payload) if one.endswith(UNREADABLE)]
    if wrong:
        reading.find(findings.MEMBER_INVALID, f"{action} {', '.join(wrong)}")


def check_command_answer(reading: Reading, version: str, action: str, payload: dict[str, Any]) -> None:
    """A station's answer that a strict reader cannot read."""
    wrong = () if reading.cut else problems(version, 3, action, payload)
    if wrong:
        reading.find(findings.ANSWER_INVALID, f"{action} {', '.join(wrong)}")


def check_command(reading: Reading, version: str, action: str, payload: dict[str, Any]) -> None:
    """What the back end asks."""
    if not reading.cut:
        _malformed(reading, action, problems(version, 2, action, payload), answer=False)


def check_answer(
    reading: Reading, version: str, asked: Asked, payload: dict[str, Any], demanded: tuple[str, ...]
) -> None:
    """What the back end answers; members in `demanded` that are missing are told elsewhere."""
    if reading.cut:
        return
    wrong = problems(version, 3, asked.action, payload)
    if wrong:
        wrong = tuple(one for one in wrong if one not in {f"{name}: missing" for name in demanded})
    if asked.action == "BootNotification":
        told = payload.get("currentTime")
        if isinstance(told, str) and told[:4].isdecimal() and told[:4] < EARLIEST:
            wrong = (*wrong, f"currentTime: {told[:30]}")
    info = payload.get("idTagInfo")
    if asked.sent_at is not None and isinstance(info, dict) and info.get("status") == "Accepted":
        ends, _ = read_instant(info.get("expiryDate"), reading.at)
        if ends is not None and ends <= asked.sent_at:
            wrong = (*wrong, "idTagInfo.expiryDate: Accepted, but over")
    _malformed(reading, asked.action, wrong, answer=True)


def refused_unseen(reading: Reading, payload: dict[str, Any]) -> None:
    """An answer to a command that the log does not hold: only whether it was taken or refused is known."""
    status = read_text(payload.get("status"), 50) if len(payload) == 1 else None
    if status is not None:
        reading.observations.append(
            CommandAnswered(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                action="",
                message_id=reading.message_id,
                status=status,
            )
        )


def _malformed(reading: Reading, action: str, wrong: tuple[str, ...], *, answer: bool) -> None:
    if wrong:
        reading.observations.append(
            BackEndMalformed(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                action=action,
                answer=answer,
                problems=wrong,
            )
        )
