"""The decoder of one station: frames of any OCPP version to observations, answers matched to requests.

Decides which version's words a frame uses (a station may speak 2.0.1 on a connection taken as 1.6) and
which request an answer belongs to: by station and message id, however late it comes. Never raises on
what a station sends, never judges.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from collectors.decode import configuration, findings, ocpp2, ocpp16
from collectors.decode.command_words import outcome_of, subject_of, target_of
from collectors.decode.frame import CALL, CALLERROR, CALLRESULT, CALLRESULTERROR, SEND, Frame
from collectors.decode.memory import Memory
from collectors.decode.reading import Asked, Reading
from collectors.decode.suspicion import (
    SAMPLED,
    Waiting,
    check_answer,
    check_command,
    check_command_answer,
    check_request,
    refused_unseen,
)
from collectors.decode.values import read_text
from rules.core.model import (
    AnswerIncomplete,
    CallErrored,
    CommandAnswered,
    CommandSent,
    FindingSeen,
    Heartbeat,
    Observation,
    OddAnswered,
    PromiseBroken,
    Seen,
)

MAX_OPEN: Final = 32
"""Requests without an answer remembered for each direction; a station may have one open at a time."""

TRIGGERS: Final = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
PROMISE_S: Final = 10.0
"""Seconds for a message it agreed to send."""
DEMANDED: Final = {
    "BootNotification": ("status", "currentTime", "interval"),
    "Authorize": ("idTagInfo",),
    "StartTransaction": ("transactionId", "idTagInfo"),
}
"""Members that answers must have, in 1.6 and 2.x alike (2.x says idTokenInfo), and a station cannot miss."""

# Requests whose answers tell nothing.
_SILENT: Final = (frozenset(ocpp16.REQUESTS) | frozenset(ocpp2.REQUESTS)) - (
    frozenset(DEMANDED) | frozenset(ocpp16.ANSWERS) | frozenset(ocpp2.ANSWERS)
)

# The member that only this version's payload of an action both versions know has: (1.6, 2.x).
_MARKS: Final = {
    "StatusNotification": ("status", "connectorStatus"),
    "MeterValues": ("connectorId", "evseId"),
    "Authorize": ("idTag", "idToken"),
    "BootNotification": ("chargePointModel", "chargingStation"),
}


class Decoded(msgspec.Struct):
    """What one frame says. `action` is the request's, for answers too, where the request is known."""

    action: str | None
    findings: tuple[str, ...]
    observations: list[Observation]


def is_modern(version: str | None, action: str, payload: dict[str, Any]) -> bool:
    """Whether this request is in the words of OCPP 2.x, whatever `version` the connection agreed on."""
    marks = _MARKS.get(action)
    if marks is not None:
        if marks[1] in payload:
            return marks[0] not in payload or version not in (None, "1.6")
        if marks[0] in payload:
            return False
    elif (action in ocpp2.REQUESTS) is not (action in ocpp16.REQUESTS):
        return action in ocpp2.REQUESTS
    return version not in (None, "1.6")


def decoder_for(version: str | None) -> Decoder:
    """A decoder for one station that agreed on `version` (1.6, 2.0.1, 2.1; None: not known, guess)."""
    return Decoder(version)


class Decoder:
    """Keep one for each station, across its connections: stations repeat messages after a reconnect."""

    __slots__ = (
        "_asked", "_changes", "_commands", "_memory", "_promised", "_sampled", "_taken", "_waiting", "version"
    )  # fmt: skip

    def __init__(self, version: str | None) -> None:
        self.version = version
        self._asked: dict[str, Asked] = {}
        self._commands: dict[str, tuple[str, datetime]] = {}
        self._changes = configuration.Changes()
        self._memory = Memory()
        self._sampled = 0
        self._waiting = Waiting()
        self._taken: set[str] = set()  # findings that the back end is known to read all the same
        self._promised: dict[str, tuple[str, datetime, bool]] = {}  # trigger -> (message id, when, accepted)

    def reset(self, version: str | None = None) -> None:
        """A new connection: the station's open requests are void. Our commands may still be answered."""
        self._asked.clear()
        self._waiting.clear()
        self._promised.clear()
        if version is not None:
            self.version = version

    def decode(self, station: str, at: datetime, direction: str, frame: Frame, record_id: int) -> Decoded:
        """What `frame` says. `at` is our receipt time (aware UTC); `direction` is `in` or `out`.

        A frame from the station always gives at least one observation that proves life.
        """
        if not frame.findings and (plain := self._plain(station, at, direction, frame, record_id)):
            return plain
        reading = Reading(station, at, record_id, frame.message_id or "")
        reading.cut = bool(frame.findings)
        action = frame.action
        incoming = direction == "in"
        try:
            if frame.type in (CALL, SEND):
                if action is not None:
                    if incoming:
                        self._request(reading, action, frame.payload, frame.findings)
                    else:
                        self._command(reading, action, frame.payload)
            elif frame.type == CALLRESULT:
                action = (self._command_answer if incoming else self._answer)(reading, frame.payload)
            elif frame.type in (CALLERROR, CALLRESULTERROR):
                action = self._error(reading, frame, direction)
        except Exception as error:  # a defect of ours must not cost the station its connection, nor hide
            reading.find(findings.DECODE_FAILED, f"{type(error).__name__}: {error}")
        return _decoded(reading, action, frame, incoming)

    def _plain(
        self, station: str, at: datetime, direction: str, frame: Frame, record_id: int
    ) -> Decoded | None:
        """The short way for most of all frames: Heartbeats, and answers that only say "received"."""
        if direction == "in":
            waiting = self._waiting.open or self._waiting.commands or self._promised
            quiet = not waiting and self.version is not None
            if frame.action != "Heartbeat" or frame.type != CALL or not quiet:
                return None
            message_id = frame.message_id or ""
            _put(self._asked, message_id, Asked("Heartbeat", message_id))
            return Decoded("Heartbeat", (), [Heartbeat(station=station, at=at, record_id=record_id)])
        if frame.type != CALLRESULT:
            return None
        asked = self._asked.get(frame.message_id or "")
        if asked is None or asked.odd or asked.action not in _SILENT:
            return None
        if asked.action == "Heartbeat" and "currentTime" not in frame.payload:  # one to look at more closely
            return None
        del self._asked[frame.message_id or ""]
        self._waiting.plainly_answered(frame.message_id or "", asked.action)
        return Decoded(asked.action, (), [])

    def _request(
        self, reading: Reading, action: str, payload: dict[str, Any], found: tuple[str, ...]
    ) -> None:
        if self._promised:
            self._promised.pop(action, None)
        self._waiting.asked(reading, action)
        modern = is_modern(self.version, action, payload)
        if modern is (self.version is None or self.version == "1.6"):
            if self.version is None:
                self.version = "2.0.1"
            else:
                reading.find(findings.OTHER_VERSION, action)
        handler = (ocpp2 if modern else ocpp16).REQUESTS.get(action)
        if handler is None:
            reading.find(findings.ACTION_UNKNOWN, action)
            asked = None
        else:
            asked = handler(reading, payload, self._memory)
            sampled = action == "MeterValues" and self._sampled < SAMPLED
            self._sampled += sampled
            check_request(reading, self._words(modern), action, payload, heavy=sampled)
        asked = asked or Asked(action, reading.message_id)
        if found or reading.findings:
            odd = findings.STRICT_READERS_FAIL.intersection((*found, *reading.findings))
            if odd:
                asked = msgspec.structs.replace(asked, odd=tuple(sorted(odd)))
        _put(self._asked, reading.message_id, asked)

    def _words(self, modern: bool) -> str:
        """The version whose schemas hold for such words."""
        return (self.version if self.version not in (None, "1.6") else "2.0.1") if modern else "1.6"

    def _command(self, reading: Reading, action: str, payload: dict[str, Any]) -> None:
        _put(self._commands, reading.message_id, (action, reading.at))
        self._waiting.commanded(reading.message_id, reading.at)
        self._changes.asked(reading, action, payload)
        evse, connector = target_of(payload)
        reading.observations.append(
            CommandSent(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                action=action,
                message_id=reading.message_id,
                evse=evse,
                connector=connector,
                about=self._about(reading, action, payload),
            )
        )
        if self.version is not None:
            check_command(reading, self.version, action, payload)

    def _about(self, reading: Reading, action: str, payload: dict[str, Any]) -> str | None:
        """What the command is about; notes a trigger that has to be repeated though it was accepted."""
        if action not in TRIGGERS:
            return subject_of(action, payload)
        about = read_text(payload.get("requestedMessage"), 50)
        if about is None:
            return None
        earlier = self._promised.get(about)
        if earlier is not None and earlier[2]:
            waited = (reading.at - earlier[1]).total_seconds()
            if waited < PROMISE_S:  # the back end is quick, or two of its parts ask: no proof yet
                return about
            reading.observations.append(
                PromiseBroken(
                    station=reading.station,
                    at=reading.at,
                    record_id=reading.record_id,
                    about=about,
                    waited_s=waited,
                )
            )
        _put(self._promised, about, (reading.message_id, reading.at, False))
        return about

    def _accept(self, message_id: str, status: str | None) -> None:
        for about, (asked, at, _) in self._promised.items():
            if asked == message_id:
                self._promised[about] = (asked, at, status == "Accepted")
                return

    def _answer(self, reading: Reading, payload: dict[str, Any]) -> str | None:
        asked = self._asked.pop(reading.message_id, None)
        if asked is None:
            reading.find(findings.ANSWER_UNEXPECTED)
            return None
        self._waiting.answered(reading, asked.action)
        answers = ocpp2.ANSWERS if "idTokenInfo" in payload else ocpp16.ANSWERS
        handler = answers.get(asked.action)
        if handler is not None:
            handler(reading, payload, asked, self._memory)
        demanded = DEMANDED.get(asked.action)
        if demanded is not None and not all(name in payload for name in demanded):
            _incomplete(reading, asked.action, demanded, payload)
        modern = self.version is not None and self.version != "1.6" and "idTagInfo" not in payload
        check_answer(reading, self._words(modern), asked, payload, demanded or ())
        if asked.odd and not self._taken.issuperset(asked.odd):
            self._taken.update(asked.odd)
            _odd(reading, asked, None)
        return asked.action

    def _command_answer(self, reading: Reading, payload: dict[str, Any]) -> str | None:
        self._waiting.commands.pop(reading.message_id, None)
        command = self._commands.pop(reading.message_id, None)
        if command is None:
            reading.find(findings.ANSWER_UNEXPECTED)
            refused_unseen(reading, payload)
            return None
        if self.version is not None:
            check_command_answer(reading, self.version, command[0], payload)
        outcome = outcome_of(payload)
        if self._promised:
            self._accept(reading.message_id, outcome)
        self._answered(reading, command, outcome)
        told = configuration.ANSWERS.get(command[0])
        if told is not None:
            told(reading, payload)
        ocpp2.monitors_set(command[0], payload, self._memory)
        self._changes.answered(reading, command[0], payload)
        return command[0]

    def _answered(self, reading: Reading, command: tuple[str, datetime], status: str | None) -> None:
        waited = (reading.at - command[1]).total_seconds()
        reading.observations.append(
            CommandAnswered(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                action=command[0],
                message_id=reading.message_id,
                status=status,
                waited_s=waited if waited >= 0 else None,
            )
        )

    def _error(self, reading: Reading, frame: Frame, direction: str) -> str | None:
        action = None
        code = read_text(frame.error_code, 50) or "GenericError"
        if direction == "in":
            self._waiting.commands.pop(reading.message_id, None)
            if (command := self._commands.pop(reading.message_id, None)) is not None:
                action = command[0]
                self._answered(reading, command, code)
        elif (asked := self._asked.pop(reading.message_id, None)) is not None:
            action = asked.action
            self._waiting.answered(reading, action)
            if asked.odd:
                self._taken.difference_update(asked.odd)
                _odd(reading, asked, code)
        reading.observations.append(
            CallErrored(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                direction=direction,
                code=code,
                action=action,
                description=read_text(frame.error_description, 255),
            )
        )
        return action


def _decoded(reading: Reading, action: str | None, frame: Frame, incoming: bool) -> Decoded:
    observations, found = reading.observations, frame.findings
    if not incoming:
        return Decoded(action, (*found, *reading.findings), observations)
    if not observations:
        observations.append(Seen(station=reading.station, at=reading.at, record_id=reading.record_id))
    if not found and not reading.findings:
        return Decoded(action, (), observations)
    details: dict[str, str | None] = {**dict.fromkeys(found), **reading.findings}
    if findings.JSON_TRUNCATED in details:
        details[findings.JSON_TRUNCATED] = _how_cut(frame.raw)
    answer = frame.type in (CALLRESULT, CALLERROR, CALLRESULTERROR)
    for finding, detail in details.items():
        observations.append(
            FindingSeen(
                station=reading.station,
                at=reading.at,
                record_id=reading.record_id,
                finding=finding,
                detail=read_text(detail, 200),
                answer=answer,
            )
        )
    return Decoded(action, tuple(details), observations)


def _how_cut(raw: str) -> str | None:
    """Whether the log's viewer cut the text, or whether only its closing brackets are missing."""
    text = raw.rstrip()
    if text.endswith((">", "…", "...")):
        return findings.CUT_MARK
    return findings.UNCLOSED if text.endswith(("]", "}")) else None


def _incomplete(reading: Reading, action: str, demanded: tuple[str, ...], payload: dict[str, Any]) -> None:
    missing = tuple(name for name in demanded if name not in payload)
    if missing == ("idTagInfo",) and "idTokenInfo" in payload:  # the same member, in the words of 2.x
        return
    reading.observations.append(
        AnswerIncomplete(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            action=action,
            missing=missing,
        )
    )


def _odd(reading: Reading, asked: Asked, code: str | None) -> None:
    reading.observations.append(
        OddAnswered(
            station=reading.station,
            at=reading.at,
            record_id=reading.record_id,
            findings=asked.odd,
            action=asked.action,
            code=code,
        )
    )


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    if key not in table and len(table) >= MAX_OPEN:
        del table[next(iter(table))]
    table[key] = value
