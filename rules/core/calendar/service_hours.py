"""Hours of service as a contract writes them ("Mo-Fr 08:00-18:00; Sa 09:00-12:00"): inside, next, and due.

Decides when such hours hold, in Europe/Brussels with its changes of the clock, and counts time in them only.
Reads no clock. The notation is that of OpenStreetMap's opening hours, its common part: two-letter English
days, hours, `24/7`, and `PH off` for Belgium's ten public holidays.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

BRUSSELS = ZoneInfo("Europe/Brussels")
DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
ALWAYS = "24/7"
EXAMPLE = "Mo-Fr 08:00-18:00"
SEARCHED_DAYS = 400  # no hours of the week are further away, holidays included

_DAY = "|".join(DAYS)
_PART = re.compile(
    rf"^(?P<days>(?:(?:{_DAY})(?:-(?:{_DAY}))?)(?:,(?:{_DAY})(?:-(?:{_DAY}))?)*)?\s*"
    r"(?P<hours>\d{1,2}:\d{2}-\d{1,2}:\d{2}(?:,\s*\d{1,2}:\d{2}-\d{1,2}:\d{2})*)$"
)
Span = tuple[int, int]  # minutes since midnight, the second not included


class Hours(Struct, frozen=True):
    """`week`: spans of each day, Monday first. `no_holidays`: closed on public holidays."""

    text: str
    week: tuple[tuple[Span, ...], ...]
    no_holidays: bool = False


@lru_cache(maxsize=1000)
def parse(text: str) -> Hours:
    """Raises ValueError that says what is wrong, and how to write it."""
    week: list[list[Span]] = [[] for _ in DAYS]
    no_holidays = False
    for part in (piece.strip().casefold() for piece in text.split(";")):
        if part == "ph off":
            no_holidays = True
        elif part == ALWAYS:
            for day in week:
                day.append((0, 1440))
        elif part:
            _add(part, week, text)
    if not any(week):
        raise ValueError(f"{text!r} names no hours: write for example {EXAMPLE}")
    return Hours(text.strip(), tuple(_merged(day) for day in week), no_holidays)


def _add(part: str, week: list[list[Span]], text: str) -> None:
    found = _PART.match(part)
    if found is None:
        raise ValueError(f"{text!r} is no hours of the week: write for example {EXAMPLE}")
    for number in _days(found["days"]):
        for span in found["hours"].split(","):
            begin, end = (_minutes(clock, text) for clock in span.strip().split("-"))
            if begin == end:
                raise ValueError(f"{text!r}: {span.strip()} has no length")
            if begin < end:
                week[number].append((begin, end))
            else:  # past midnight
                week[number].append((begin, 1440))
                week[(number + 1) % 7].append((0, end))


def _days(text: str | None) -> list[int]:
    if text is None:
        return list(range(7))
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin = DAYS.index(first)
        length = (DAYS.index(last or first) - begin) % 7
        found += [(begin + n) % 7 for n in range(length + 1)]
    return found


def _minutes(clock: str, text: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    if minute > 59 or hour * 60 + minute > 1440:
        raise ValueError(f"{text!r}: {clock} is no time of day")
    return hour * 60 + minute


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple((begin, end) for begin, end in merged if end > begin)


def is_within(hours: Hours, at: datetime) -> bool:
    """Whether `at` (aware) lies in the hours."""
    local = at.astimezone(BRUSSELS)
    return any(begin <= at < end for begin, end in _on(hours, local.date()))


def next_opening(hours: Hours, at: datetime) -> datetime:
    """`at` itself where it lies in the hours, else when they next begin, aware UTC."""
    for begin, end in _from(hours, at):
        if at < end:
            return max(begin, at.astimezone(UTC))
    return at.astimezone(UTC)


def next_closing(hours: Hours, at: datetime) -> datetime:
    """`at` itself where it lies outside the hours, else when they end, aware UTC. Midnight is no end."""
    end = at.astimezone(UTC)
    for begin, until in _from(hours, at - timedelta(days=1)):
        if begin <= end < until:
            end = until
        elif begin > end:
            break
    return end


def due(hours: Hours | None, start: datetime, seconds: float) -> datetime:
    """When `seconds` of service have gone by since `start`; without hours every second counts. Aware UTC."""
    if hours is None:
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=seconds)
    end = start.astimezone(UTC)
    for begin, end in _from(hours, start):
        open_at = max(begin, start)
        if end > open_at:
            if end - open_at >= left:
                return open_at + left
            left -= end - open_at
    return end + left  # more than a year of service: counted straight on


def _from(hours: Hours, at: datetime) -> list[tuple[datetime, datetime]]:
    return _spans(hours, at.astimezone(BRUSSELS).date())


@lru_cache(maxsize=200)
def _spans(hours: Hours, first: date) -> list[tuple[datetime, datetime]]:
    return [span for n in range(SEARCHED_DAYS) for span in _on(hours, first + timedelta(days=n))]


def _on(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    """The spans of one day of the calendar, aware UTC."""
    if hours.no_holidays and day in holidays(day.year):
        return []
    return [(_instant(day, begin), _instant(day, end)) for begin, end in hours.week[day.weekday()]]


def _instant(day: date, minute: int) -> datetime:
    if minute == 1440:
        day, minute = day + timedelta(days=1), 0
    return datetime.combine(day, time(minute // 60, minute % 60), BRUSSELS).astimezone(UTC)


@lru_cache(maxsize=50)
def holidays(year: int) -> frozenset[date]:
    """Belgium's ten legal holidays (royal decree of 18 April 1974)."""
    easter = _easter(year)
    moving = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday
    fixed = ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))
    return frozenset(
        [date(year, month, day) for month, day in fixed] + [easter + timedelta(days=n) for n in moving]
    )


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
