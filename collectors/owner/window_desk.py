"""Silences and maintenance windows that people ask for: may this person, is it sound, what does it match.

Decides by role: the helpdesk may do everything; an installer may plan maintenance of the installer's own
stations, and end that, and hold danger back only for one job (a protective device that is tested trips); a
customer neither. What is decided is stored first and judged after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

from msgspec import structs

from collectors.commits import LiveIntake
from collectors.owner.decisions import recorded
from collectors.remote.commands import StationOutcome
from data.commands import AboutWindow, AddSilence, EndSilence
from data.parties import closest
from data.people import User
from data.store import Store
from data.windows import StoredWindow, subjects_of, windows_of
from rules.core.calendar.recurrence import Once, WindowError
from rules.core.calendar.window import Matcher, Subject, Window, WindowKind, belongs_to, check, only
from rules.core.model import WindowEnded, WindowSet

LONGEST_JOB = timedelta(hours=24)
NOT_KNOWN = "there is no such silence or maintenance window"


class WindowDesk:
    """Used by the command desk alone, on the event loop; what waits for the database waits in a thread."""

    def __init__(self, store: Store, intake: LiveIntake, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock

    async def decide(self, user: User, command: AboutWindow, command_id: str) -> StationOutcome:
        """What comes of it. `command_id` makes the window's own id, so that a repeat cannot make two."""
        if user.role not in {"helpdesk", "installer"} or (user.role == "installer" and not user.party):
            return StationOutcome("refused", f"this is for the helpdesk, not for the role {user.role}")
        if isinstance(command, EndSilence):
            return await self._end(user, command)
        return await self._add(user, command, command_id)

    async def _add(self, user: User, command: AddSilence, command_id: str) -> StationOutcome:
        now = self._clock()
        denied = denial(user, command, now)
        if denied is not None:
            return StationOutcome("refused", denied)
        window = Window(
            window_id=window_id(command.kind, command_id),
            kind=command.kind,
            matcher=own(user, command.matcher),
            made_by=user.email,
            why=command.why.strip(),
            made_at=now,
            # Nobody plans the past: what was down then was not planned.
            starts_at=max(command.starts_at or now, now),
            ends_at=command.ends_at,
            recurrence=command.recurrence,
            safety=command.safety,
        )
        try:
            check(window)
        except WindowError as error:
            return StationOutcome("refused", str(error))
        matched, unfit = await asyncio.to_thread(self._matched, window)
        if not matched and user.role == "installer":
            return StationOutcome("refused", "no station of yours matches")
        said = await recorded(
            self._intake,
            WindowSet(station="", at=now, record_id=self._store.next_record_id(), window=window),
        )
        if said.outcome != "accepted":
            return said
        told = f"{window.window_id}: {matched} station(s) match now"
        return StationOutcome("accepted", "; ".join([told, *([] if matched else unfit)]))

    async def _end(self, user: User, command: EndSilence) -> StationOutcome:
        stored = await asyncio.to_thread(self._window, command.window_id)
        if stored is None or not may_end(user, stored.window):
            return StationOutcome("refused", NOT_KNOWN)
        if stored.ended_at is not None:
            return StationOutcome("refused", "it is over already")
        ended = WindowEnded(
            station="",
            at=self._clock(),
            record_id=self._store.next_record_id(),
            window_id=command.window_id,
            by=user.email,
            why=command.why.strip() or None,
        )
        return await recorded(self._intake, ended)

    def _matched(self, window: Window) -> tuple[int, list[str]]:
        """How many stations match now, and what of the matcher fits none, with the name that was meant."""
        subjects = subjects_of(self._store.query("station_subjects", station=None))
        return sum(1 for one in subjects if window.matcher.takes(one)), strangers(window.matcher, subjects)

    def _window(self, wanted: str) -> StoredWindow | None:
        return next(iter(windows_of(self._store.query("windows", window_id=wanted, over_since=None))), None)


def window_id(kind: WindowKind, command_id: str) -> str:
    """Short enough to type; its first letter is the kind's."""
    return kind.value[0] + blake2b(command_id.encode(), digest_size=4).hexdigest()


def strangers(matcher: Matcher, subjects: list[Subject]) -> list[str]:
    """Each field of the matcher that fits no station, with the existing name that looks most like it."""
    told = []
    for name, pattern in structs.replace(matcher, fault=None).given().items():
        values = {value for one in subjects for value in values_of(one, name)}
        if any(Matcher(**{name: pattern}).takes(one) for one in subjects):
            continue
        meant = closest(pattern, values)
        told.append(
            f"no station has the {name} {pattern!r}" + (f", did you mean {meant!r}?" if meant else "")
        )
    return told


def values_of(one: Subject, name: str) -> tuple[str, ...]:
    value = getattr(one, name)
    return value if isinstance(value, tuple) else () if value is None else (value,)


def own(user: User, matcher: Matcher) -> Matcher:
    """An installer's window matches the installer's own stations only, whatever else it says."""
    if user.role == "helpdesk":
        return matcher
    return structs.replace(matcher, installer=only(user.party or ""))


def denial(user: User, command: AddSilence, now: datetime) -> str | None:
    """Why this role may not make this one; None when it may."""
    if user.role == "helpdesk":
        return None
    if command.kind is not WindowKind.MAINTENANCE:
        return "silences are for the helpdesk: plan maintenance instead"
    if command.safety and not _is_one_job(command, now):
        return "an installer holds danger back for one job only, of at most 24 hours"
    named = command.matcher.installer
    if named is not None and named.casefold() not in {
        (user.party or "").casefold(),
        only(user.party or "").casefold(),
    }:
        return "an installer plans work on the installer's own stations only"
    return None


def _is_one_job(command: AddSilence, now: datetime) -> bool:
    if not isinstance(command.recurrence, Once) or command.ends_at is None:
        return False
    return command.ends_at - (command.starts_at or now) <= LONGEST_JOB


def may_end(user: User, window: Window) -> bool:
    return user.role == "helpdesk" or belongs_to(window, user.party or "")
