"""When a silence or maintenance window holds: once, on days of the week, or by a cron line.

Decides spans of time only, half-open and in UTC. Wall-clock times are those of Europe/Brussels: when the
clock goes forward, what would begin or end in the hour that is left out does so at the change; when it goes
back, a span begins at the first and ends at the last of the two equal times. Reads no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from msgspec import Struct

ZONE = ZoneInfo("Europe/Brussels")
DAY = timedelta(days=1)
WEEK_MINUTES = 7 * 24 * 60
LONGEST = timedelta(days=366)
FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class WindowError(ValueError):
    """A window that cannot be. `code` names the mistake, for a text in the reader's language; the message is
    English and names the remedy."""

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(message)
        self.code = code
        self.values = values


class Span(NamedTuple):
    """From `start` until just before `end`, aware UTC."""

    start: datetime
    end: datetime


class Once(Struct, frozen=True, kw_only=True, tag_field="repeats", tag="once"):
    """From the window's start until its end."""


class Weekly(Struct, frozen=True, kw_only=True, tag_field="repeats", tag="weekly"):
    """On each of `days` (0 is Monday) from `start` until `end`, `HH:MM` on the wall clock in Brussels. An end
    that is not after the start is on the next day, so that 00:00 to 00:00 is the whole day."""

    days: tuple[int, ...]
    start: str
    end: str


class Cron(Struct, frozen=True, kw_only=True, tag_field="repeats", tag="cron"):
    """At each time that `line` names (minute, hour, day of month, month, day of week, as cron reads them, on
    the wall clock in Brussels), for `minutes`."""

    line: str
    minutes: int


Recurrence = Once | Weekly | Cron


def check(recurrence: Recurrence, starts: datetime, ends: datetime | None) -> None:
    """Raises WindowError for what can never hold, or would hold for ever by mistake."""
    if ends is not None and ends <= starts:
        raise WindowError("order", "the end must come after the start")
    if isinstance(recurrence, Once):
        if ends is None:
            raise WindowError("no_end", "a window that does not repeat needs an end")
        if ends - starts > LONGEST:
            raise WindowError("too_long", f"a window that does not repeat lasts {LONGEST.days} days at most")
        return
    if isinstance(recurrence, Weekly):
        if not recurrence.days or any(day not in range(7) for day in recurrence.days):
            raise WindowError("days", "name at least one day of the week")
        _clock(recurrence.start), _clock(recurrence.end)
    else:
        _check_cron(recurrence)
    if ends is not None and next(spans(recurrence, starts, ends, starts), None) is None:
        raise WindowError("never", "this does not come up once between the start and the end")


def _check_cron(cron: Cron) -> None:
    if not 1 <= cron.minutes <= WEEK_MINUTES:
        raise WindowError("minutes", f"it lasts 1 to {WEEK_MINUTES} minutes (a week) each time")
    if len(cron.line.split()) != len(FIELDS):
        raise WindowError(
            "cron_fields", f"a cron line has {len(FIELDS)} fields ({' '.join(FIELDS)}), as in 0 22 * * 1"
        )
    try:
        next(CronSim(cron.line, datetime(2026, 1, 1, tzinfo=ZONE)), None)
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise WindowError("cron", f"the cron line {cron.line!r} has a wrong {field}", field=field) from error


def spans(recurrence: Recurrence, starts: datetime, ends: datetime | None, after: datetime) -> Iterator[Span]:
    """The times it holds within `starts` and `ends`, those that end after `after`, by their beginning."""
    since = max(after, starts)
    for span in _raw(recurrence, starts, ends, since):
        if ends is not None and span.start >= ends:
            return
        cut = Span(max(span.start, starts), span.end if ends is None else min(span.end, ends))
        if cut.end > since and cut.start < cut.end:
            yield cut


def covering(recurrence: Recurrence, starts: datetime, ends: datetime | None, at: datetime) -> Span | None:
    """The span in which `at` lies; of several the one that ends last. None between spans."""
    if at < starts:
        return None
    begun = takewhile(lambda span: span.start <= at, spans(recurrence, starts, ends, at))
    return max(begun, key=lambda span: span.end, default=None)


def change_after(
    recurrence: Recurrence, starts: datetime, ends: datetime | None, at: datetime
) -> datetime | None:
    """When to look again: the end of the present span, or else the next beginning. None: it is over."""
    present = covering(recurrence, starts, ends, at)
    if present is not None:
        return present.end
    return next((span.start for span in spans(recurrence, starts, ends, at)), None)


def _raw(recurrence: Recurrence, starts: datetime, ends: datetime | None, since: datetime) -> Iterator[Span]:
    """Spans before they are cut to the window's own start and end; the earliest may end before `since`."""
    if isinstance(recurrence, Once):
        if ends is not None:
            yield Span(starts, ends)
    elif isinstance(recurrence, Weekly):
        yield from _weekly(recurrence, since)
    else:
        length = timedelta(minutes=recurrence.minutes)
        for begun in CronSim(recurrence.line, (since - length).astimezone(ZONE)):
            start = begun.astimezone(UTC)
            yield Span(start, start + length)


def _weekly(weekly: Weekly, since: datetime) -> Iterator[Span]:
    opens, closes = _clock(weekly.start), _clock(weekly.end)
    day = since.astimezone(ZONE).date() - 2 * DAY
    while True:
        if day.weekday() in weekly.days:
            last = day if closes > opens else day + DAY
            span = Span(_instant(day, opens, fold=0), _closing(last, closes))
            if span.start < span.end:  # both within the hour that is left out: not this time
                yield span
        day += DAY


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise WindowError("clock", f"{text!r} is no time of day; write it as 22:00", text=text)
    return time(int(found[1]), int(found[2]))


def _closing(day: date, clock: time) -> datetime:
    """The end of the last time that the clock reads less than this. A full hour that comes twice is over at
    its first beginning: the second time no earlier reading comes before it."""
    second = _instant(day, clock, fold=1)
    before = (second - timedelta(seconds=1)).astimezone(ZONE).replace(tzinfo=None)
    return second if before < datetime.combine(day, clock) else _instant(day, clock, fold=0)


def _instant(day: date, clock: time, *, fold: int) -> datetime:
    """A wall-clock time as an instant; one that the change of clocks leaves out is the change itself."""
    local = datetime.combine(day, clock, ZONE).replace(fold=fold)
    instant = local.astimezone(UTC)
    if instant.astimezone(ZONE).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # Before and after the change the clock is read with another offset: the change lies where they part.
    offset = local.replace(fold=0).utcoffset() or timedelta()
    gap = offset - (local.replace(fold=1).utcoffset() or timedelta())
    late = (local.replace(tzinfo=None) - offset).replace(tzinfo=UTC)
    return _change_between(late + min(gap, -gap), late)


def _change_between(before: datetime, after: datetime) -> datetime:
    """The instant within (before, after] at which Brussels changes its clock."""
    was = before.astimezone(ZONE).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(ZONE).utcoffset() == was:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
