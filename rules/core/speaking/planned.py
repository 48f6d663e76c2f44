"""Planned work for customers who asked to hear of it: told once, and once when it is called off.

Decides who hears of a maintenance window and of which of their own stations. Never of a silence, of work on
one fault only, or of stations that nobody asked about; never why it is done. A message that would come in
quiet hours waits for their end, unless the work begins before that. It counts in the budget of its reader:
what is over waits for an hour with room, for so much planned work at once is a mistake or a flood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from rules.core.calendar.service_hours import is_within, next_closing
from rules.core.calendar.window import Window, WindowKind
from rules.core.model import Effect, NoticeReason, NoticeRow, PlannedWork
from rules.core.routing.route import Destination
from rules.core.speaking.speak import Speaker
from rules.core.state import HeldWindow
from rules.core.subscription import PLANNED, Subscription
from rules.core.words import Severity


class PlannedWords:
    """Made once by `Windows`. What was told stands in the window's own state."""

    def __init__(self, speaker: Speaker, stations_of: Callable[[Window], list[str]]) -> None:
        """`stations_of`: the stations at which a window plans work."""
        self._speaker = speaker
        self._stations_of = stations_of

    def made(self, held: HeldWindow, at: datetime, out: list[Effect]) -> None:
        """Who has not heard of this window yet, hears of it."""
        wishes = self._wishes()
        if held.window.kind is not WindowKind.MAINTENANCE or not wishes:
            return
        stations = self._stations_of(held.window)
        for wish in wishes:
            own = self._own(stations, wish)
            if own and wish.destination not in held.announced:
                work = _work(held, own, at)
                if work is not None:
                    held.announced[wish.destination] = own
                    out.append(self._notice(held, wish, work, at, NoticeReason.PLANNED))

    def ended(self, held: HeldWindow, at: datetime, out: list[Effect]) -> None:
        """Somebody ended it before its time: who was told of it, is told."""
        for wish in self._wishes():
            own = held.announced.get(wish.destination)
            work = _work(held, own, at) if own else None
            if work is not None:
                out.append(self._notice(held, wish, work, at, NoticeReason.CALLED_OFF))

    def subscribed(self, at: datetime, out: list[Effect]) -> None:
        """Somebody's wish changed: what is planned already may be news."""
        for _, held in sorted(self._speaker.state.windows.items()):
            self.made(held, at, out)

    def _wishes(self) -> list[Subscription]:
        if self._speaker.imported or self._speaker.policy.customer_wait_s is None:  # no way out to them
            return []
        known = self._speaker.state.subscriptions
        return [wish for _, wish in sorted(known.items()) if PLANNED in wish.kinds]

    def _own(self, stations: Sequence[str], wish: Subscription) -> list[str]:
        register = self._speaker.register
        return [
            name
            for name in stations
            if name in register
            and register[name].customer == wish.party
            and (not wish.stations or name in wish.stations)
        ]

    def _notice(
        self, held: HeldWindow, wish: Subscription, work: PlannedWork, at: datetime, reason: NoticeReason
    ) -> NoticeRow:
        window_id = held.window.window_id
        seq = 0 if reason is NoticeReason.PLANNED else 1
        destination = self._speaker.groups.destinations[wish.destination]
        quiet_until = _quiet_until(destination, at)
        waits = quiet_until is not None and (seq == 1 or work.since >= quiet_until)
        wanted = quiet_until if quiet_until is not None and waits else at
        # Dated when it may leave: how long delivery tries, and how late it is, count from then.
        leaves = self._speaker.groups.book(wish.destination, wanted)
        return NoticeRow(
            dedup_key=f"{window_id}:{wish.destination}:{seq}",
            incident_id=window_id,
            destination=wish.destination,
            party=destination.party,
            seq=seq,
            reason=reason,
            created_at=leaves,
            not_before=leaves,
            work=work,
        )


def _work(held: HeldWindow, stations: list[str], at: datetime) -> PlannedWork | None:
    """This occurrence or the next; None when there is none any more."""
    window = held.window
    span = window.holding(at) or next(window.spans(at), None)
    if span is None:
        return None
    return PlannedWork(
        window_id=window.window_id,
        stations=stations,
        since=span.start,
        until=span.end,
        recurrence=window.recurrence,
        repeats_until=window.ends_at,
        begun=span.start <= at,
    )


def _quiet_until(destination: Destination, at: datetime) -> datetime | None:
    """When the quiet hours end that hold now for what is not urgent."""
    ends = [
        next_closing(quiet.hours, at)
        for quiet in destination.quiet
        if Severity.LOW in quiet.severities and is_within(quiet.hours, at)
    ]
    return max(ends, default=None)
