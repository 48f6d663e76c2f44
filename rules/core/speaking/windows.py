"""Silences and maintenance windows in judgement: when each begins and ends, which incidents it keeps quiet.

Decides reasons to be silent, never what is recorded. All it remembers is in the judge's state and its timers,
so that a replay or a restart in the middle of a window comes to the same. At the end of a window every
incident under it is spoken of anew: what was told before is no news, what began meanwhile is told once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rules.core.calendar.window import Window, WindowKind
from rules.core.model import (
    Effect,
    PlannedRow,
    Subscribed,
    WindowEnded,
    WindowRow,
    WindowSet,
)
from rules.core.speaking.planned import PlannedWords
from rules.core.speaking.quiet import over, subject_of
from rules.core.speaking.speak import Speaker
from rules.core.state import HeldWindow, JudgeState, Tracked
from rules.core.timers import Timers

TIMER = "window"


class Windows:
    """Made once by the judge. The speaker decides anew about each incident that is meant."""

    def __init__(
        self,
        state: JudgeState,
        timers: Timers,
        speaker: Speaker,
    ) -> None:
        self._state = state
        self._timers = timers
        self._speaker = speaker
        self._words = PlannedWords(speaker, self._planned)

    def acted(self, obs: WindowSet | WindowEnded, out: list[Effect]) -> None:
        """Somebody made a window or ended one. Ending what is over already does nothing."""
        if isinstance(obs, WindowEnded):
            held = self._state.windows.get(obs.window_id)
            if held is not None:
                self._words.ended(held, obs.at, out)
                self._close(held, obs.at, out, by=obs.by, why=obs.why)
            return
        if obs.window.window_id in self._state.windows:
            return
        held = self._state.windows[obs.window.window_id] = HeldWindow(window=obs.window)
        out.append(WindowRow(window=obs.window))
        self._words.made(held, obs.at, out)
        self._look(held, obs.at, out)

    def subscribed(self, obs: Subscribed, out: list[Effect]) -> None:
        """A customer's wish changed: what is open or planned now may be news."""
        self._speaker.subscribed(obs, out)
        self._words.subscribed(obs.at, out)

    def fire(self, due: datetime, window_id: str, out: list[Effect]) -> None:
        """A window begins or ends; a deadline that was overtaken does nothing."""
        held = self._state.windows.get(window_id)
        if held is not None and held.due == due:
            self._look(held, due, out)

    def _look(self, held: HeldWindow, at: datetime, out: list[Effect]) -> None:
        window = held.window
        span = window.holding(at)
        if span is None and held.since is not None:
            self._end(held, at, out)
        held.due = window.change_after(at)
        if held.due is None:
            self._close(held, at, out)
            return
        self._timers.set(held.due, TIMER, window.window_id)
        if span is not None and held.since is None:
            held.since = at
            held.stations = self._planned(window)
            out.extend(self._plan(held, span.end))
            self._tell("silenced", window, at, out, window.made_by, why=window.why)
        elif span is not None:  # several runs into one another
            out.extend(self._plan(held, span.end))

    def _close(
        self,
        held: HeldWindow,
        at: datetime,
        out: list[Effect],
        *,
        by: str | None = None,
        why: str | None = None,
    ) -> None:
        del self._state.windows[held.window.window_id]
        out.append(WindowRow(window=held.window, ended_at=at, ended_by=by, ended_why=why))
        if held.since is not None:
            out.extend(self._plan(held, at))
            self._end(held, at, out, by)

    def _end(self, held: HeldWindow, at: datetime, out: list[Effect], by: str | None = None) -> None:
        window = held.window
        meant = [
            tracked
            for tracked in self._tracked()
            if window.reason in tracked.row.suppression or window.window_id in tracked.passed
        ]
        held.since, held.stations = None, []
        for tracked in meant:
            if window.window_id in tracked.passed:
                tracked.passed.remove(window.window_id)
            else:
                self._speaker.note(tracked, at, "unsilenced", out, by, window=window.window_id)
            self._speaker.speak(tracked, at, out)

    def _tell(
        self, event: str, window: Window, at: datetime, out: list[Effect], by: str, **detail: Any
    ) -> None:
        for tracked in self._tracked():
            if window in over(tracked.row, self._state, self._speaker.register):
                self._speaker.note(
                    tracked, at, event, out, by, kind=window.kind.value, window=window.window_id, **detail
                )
                self._speaker.speak(tracked, at, out)

    def _tracked(self) -> Iterable[Tracked]:
        return [self._state.tracked[key] for key in sorted(self._state.tracked)]

    def _planned(self, window: Window) -> list[str]:
        """Stations whose downtime is planned meanwhile: work on the station, not on one of its faults."""
        if window.kind is not WindowKind.MAINTENANCE or window.matcher.fault is not None:
            return []
        register = self._speaker.register
        names = sorted({*register, *self._state.stations})
        return [name for name in names if window.matcher.takes(subject_of(name, self._state, register))]

    def _plan(self, held: HeldWindow, until: datetime) -> list[PlannedRow]:
        if held.since is None:
            return []
        return [
            PlannedRow(station=name, window_id=held.window.window_id, started_at=held.since, ended_at=until)
            for name in held.stations
        ]
