"""What passed a tapped connection, written down after it was passed on.

Decides what is worth telling of the back end beside the messages themselves: answers that come late or not
at all, refusals, a lost connection. Works off its queue in slices of about a millisecond, so that a burst of
messages to read does not hold up the messages of others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from collectors.commits import LiveIntake
from collectors.decode import findings
from collectors.decode.decoder import Decoder
from collectors.decode.frame import CALL, CALLERROR, CALLRESULT, Frame
from rules.core.model import BackEndTrouble

log = logging.getLogger(__name__)

SLICE_S = 0.001
# A station gives up on a question after its own time-out, usually 30 to 60 s; its user long before.
SLOW_ANSWER_S = 10.0
UNANSWERED_S = 30.0
MAX_OPEN = 64

BINARY = (findings.BINARY_FRAME,)


class RecordQueue:
    """Work for after the passing on, in order, a slice per turn of the event loop. One per process."""

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], object]] = deque()
        self._scheduled = False
        self.defects = 0

    def put(self, job: Callable[[], object]) -> None:
        self._jobs.append(job)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._slice)

    def _slice(self) -> None:
        until = time.perf_counter() + SLICE_S
        jobs = self._jobs
        while jobs:
            self._do(jobs.popleft())
            if time.perf_counter() >= until:
                break
        if jobs:
            asyncio.get_running_loop().call_soon(self._slice)
        else:
            self._scheduled = False

    def finish(self) -> None:
        """Do all that is left, now: the process ends."""
        while self._jobs:
            self._do(self._jobs.popleft())

    def _do(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception:
            # A defect of ours must cost neither the station its connection nor the next record its place.
            log.exception("a tapped message could not be recorded")
            self.defects += 1


class TapRecorder:
    """The record of one tapped connection."""

    def __init__(
        self,
        station: str,
        version: str | None,
        intake: LiveIntake,
        queue: RecordQueue,
        clock: Callable[[], datetime],
    ) -> None:
        self.station = station
        self.version = version
        self.decoder = Decoder(version)  # the listener puts the station's own here, which knows its past
        self._intake = intake
        self._queue = queue
        self._clock = clock
        # Open questions: message id -> (action, asked at, unanswered was told).
        self._asked: dict[str, tuple[str | None, datetime, bool]] = {}
        self._commands: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def back_end_waits(self) -> bool:
        """Whether the back end has asked the station something that is not answered yet."""
        return bool(self._commands)

    def later(self, job: Callable[[], object]) -> None:
        """Do this after everything noted so far is recorded."""
        self._queue.put(job)

    def add(self, direction: str, data: bytes, binary: bool, *, own: bool = False) -> None:
        """Note a message that was passed on just now. `own`: a question of ours, or its answer."""
        at = self._clock()
        self._queue.put(lambda: self._record(direction, data, binary, at, own))

    def back_end_trouble(
        self, event: str, *, code: int | None = None, action: str | None = None, detail: str | None = None
    ) -> None:
        """`event`: refused, unreachable, closed, slow or unanswered."""
        at = self._clock()
        self._queue.put(lambda: self._trouble(event, at, code, action, detail, None))

    def closed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._asked.clear()
        self._commands.clear()

    def _record(self, direction: str, data: bytes, binary: bool, at: datetime, own: bool) -> None:
        intake = self._intake
        frame, _ = intake.frame(
            self.station,
            self.version,
            direction,
            data,
            at,
            self.decoder,
            findings=BINARY if binary else (),
        )
        if not own and frame.message_id is not None:
            self._follow(direction, frame, frame.message_id, at)
        intake.touch()

    def _follow(self, direction: str, frame: Frame, message_id: str, at: datetime) -> None:
        if frame.type == CALL:
            if direction == "out":
                _bounded(self._commands)[message_id] = None
                return
            _bounded(self._asked)[message_id] = (frame.action, at, False)
            if self._timer is None:
                self._watch(UNANSWERED_S)
        elif frame.type in (CALLRESULT, CALLERROR):
            if direction == "in":
                self._commands.pop(message_id, None)
                return
            asked = self._asked.pop(message_id, None)
            if asked is not None:
                waited_s = (at - asked[1]).total_seconds()
                if waited_s >= SLOW_ANSWER_S:
                    self._trouble("slow", at, None, asked[0], None, waited_s)

    def _watch(self, after_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(after_s, self._look)

    def _look(self) -> None:
        """Once per half minute while questions are open: which of them the back end leaves unanswered."""
        self._timer = None
        now = self._clock()
        waiting = False
        for message_id, (action, at, told) in list(self._asked.items()):
            waited_s = (now - at).total_seconds()
            if waited_s >= UNANSWERED_S - 1 and not told:
                self._asked[message_id] = (action, at, True)
                self._trouble("unanswered", now, None, action, None, waited_s)
            waiting = waiting or not self._asked[message_id][2]
        if waiting:
            self._watch(UNANSWERED_S)

    def _trouble(  # noqa: PLR0917
        self,
        event: str,
        at: datetime,
        code: int | None,
        action: str | None,
        detail: str | None,
        waited_s: float | None,
    ) -> None:
        self._intake.observed(
            BackEndTrouble(
                station=self.station,
                at=at,
                record_id=self._intake.store.next_record_id(),
                event=event,
                code=code,
                action=action,
                waited_s=waited_s,
                detail=detail,
            )
        )
        self._intake.touch()


T = TypeVar("T")


def _bounded(open_questions: dict[str, T]) -> dict[str, T]:
    """Room for one more; the oldest goes."""
    if len(open_questions) >= MAX_OPEN:
        del open_questions[next(iter(open_questions))]
    return open_questions
