"""When windows hold, against a count of every quarter of an hour, over both changes of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.core.calendar import recurrence
from rules.core.calendar.recurrence import ZONE, Cron, Once, Recurrence, Span, Weekly, WindowError
from tests.rules_core.helpers import ROOT

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)  # every wall-clock time below is a multiple of it
# Around the changes of the clock (29 March and 25 October 2026), and in between.
STARTS = [
    datetime(2026, 3, 26, tzinfo=UTC),
    datetime(2026, 10, 22, tzinfo=UTC),
    datetime(2026, 6, 3, tzinfo=UTC),
]
CASES = yaml.safe_load((Path(ROOT) / "tests" / "cases" / "windows.yaml").read_text(encoding="utf-8"))


def quarters(start: datetime, days: int) -> Iterator[datetime]:
    return (start + QUARTER * n for n in range(days * 96))


def weekly_by_counting(weekly: Weekly, start: datetime, days: int) -> set[datetime]:
    """Quarters of an hour from the first to the last that read between from and to, each day apart."""
    found: set[datetime] = set()
    wall = {at: at.astimezone(ZONE) for at in quarters(start - timedelta(days=3), days + 6)}
    first = start.astimezone(ZONE).date() - timedelta(days=2)
    for day in (first + timedelta(days=n) for n in range(days + 4)):
        if day.weekday() not in weekly.days:
            continue
        opens = datetime.fromisoformat(f"{day}T{weekly.start}")
        closes = datetime.fromisoformat(f"{day}T{weekly.end}")
        if closes <= opens:
            closes += timedelta(days=1)
        inside = [at for at, local in wall.items() if opens <= local.replace(tzinfo=None) < closes]
        if inside:
            found.update(at for at in wall if min(inside) <= at <= max(inside))
    return found


def held(
    what: Recurrence, starts: datetime, ends: datetime | None, asked: Iterator[datetime]
) -> set[datetime]:
    return {at for at in asked if recurrence.covering(what, starts, ends, at) is not None}


clocks = st.builds(
    lambda h, m: f"{h:02}:{m:02}", st.sampled_from((0, 1, 2, 3, 4, 12, 22)), st.sampled_from((0, 15, 30))
)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(STARTS), st.sets(st.integers(0, 6), min_size=1), clocks, clocks)
def test_a_weekly_window_holds_the_times_that_the_wall_clock_says(
    start: datetime, days: set[int], opens: str, closes: str
) -> None:
    weekly = Weekly(days=tuple(sorted(days)), start=opens, end=closes)
    spans = list(
        takewhile(lambda s: s.start < start + timedelta(days=6), recurrence.spans(weekly, start, None, start))
    )
    covered = {at for at in quarters(start, 6) if any(s.start <= at < s.end for s in spans)}
    counted = weekly_by_counting(weekly, start, 6)
    assert covered == {at for at in quarters(start, 6) if at in counted}


@pytest.mark.parametrize(
    ("closes", "ends"), [("02:00", "00:00"), ("02:30", "01:30"), ("03:00", "02:00"), ("01:45", "23:45")]
)
def test_in_the_night_with_an_hour_twice_a_window_ends_after_the_last_earlier_reading(
    closes: str, ends: str
) -> None:
    night = datetime(2026, 10, 24, tzinfo=UTC)  # the clock goes back in the small hours of the 25th
    span = next(recurrence.spans(Weekly(days=(5,), start="22:00", end=closes), night, None, night))
    assert f"{span.end:%H:%M}" == ends


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(STARTS),
    st.integers(0, 59),
    st.sampled_from(("0", "1", "2", "2,3", "4-6", "22")),
    st.sampled_from(("*", "1-5", "0,6")),
    st.integers(1, 90),
)
def test_a_cron_line_begins_once_for_each_wall_clock_time_it_names(
    start: datetime, minute: int, hours: str, dow: str, lasts: int
) -> None:
    cron = Cron(line=f"{minute} {hours} * * {dow}", minutes=lasts)
    expected = []
    named = [
        h
        for part in hours.split(",")
        for h in range(int(part[0:2].rstrip("-")), int(part.split("-")[-1]) + 1)
    ]
    weekdays = {"*": range(7), "1-5": range(5), "0,6": (5, 6)}[dow]
    zero = start.astimezone(ZONE).date()
    for day in (zero + timedelta(days=n) for n in range(8)):
        for hour in named if day.weekday() in weekdays else ():
            local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)
            at = local.astimezone(UTC)
            if at.astimezone(ZONE).replace(tzinfo=None) != local.replace(tzinfo=None):
                # Left out: right at the change, 02:00 becomes 03:00.
                at = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
            if at >= start and at not in expected:
                expected.append(at)
    found = takewhile(
        lambda s: s.start < start + timedelta(days=6), recurrence.spans(cron, start, None, start)
    )
    begun = [s.start for s in found if s.start > start]
    assert begun == [at for at in expected if start < at < start + timedelta(days=6)]


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(STARTS), st.sampled_from(("weekly", "cron", "often")), st.integers(0, 6 * 1440))
def test_to_look_at_every_change_only_is_to_look_every_minute(start: datetime, kind: str, cut: int) -> None:
    what: Recurrence = {
        "weekly": Weekly(days=(0, 3, 5, 6), start="23:30", end="02:30"),
        "cron": Cron(line="30 2 * * *", minutes=600),
        "often": Cron(line="*/20 6-9 * * *", minutes=25),
    }[kind]
    starts, ends = start + MINUTE * 333, start + timedelta(days=5)
    asked = list(quarters(start, 6))
    changes, at = [], start
    while (change := recurrence.change_after(what, starts, ends, at)) is not None:
        changes.append(change)
        assert change > at
        at = change
    state, walked, queue = None, set(), list(changes)
    for moment in asked:
        while queue and queue[0] <= moment:
            state = recurrence.covering(what, starts, ends, queue.pop(0))
        if state is not None:
            walked.add(moment)
    assert walked == held(what, starts, ends, iter(asked))
    assert not any(at < starts or at >= ends for at in walked)
    probe = start + MINUTE * cut
    present = recurrence.covering(what, starts, ends, probe)
    assert present is None or present.start <= probe < present.end


@pytest.mark.parametrize("case", CASES["spans"], ids=lambda case: str(case["case"]))
def test_the_spans_are_those_of_the_table(case: dict[str, Any]) -> None:
    what = msgspec.convert(case["when"], Recurrence)
    starts = datetime.fromisoformat(case["starts"]).replace(tzinfo=ZONE).astimezone(UTC)
    ends = datetime.fromisoformat(case["ends"]).replace(tzinfo=ZONE) if "ends" in case else None
    recurrence.check(what, starts, ends)
    found = islice(recurrence.spans(what, starts, ends, starts), len(case["expect"]) + ("ends" in case))
    shown = [
        f"{s.start.astimezone(ZONE):%a %d %b %H:%M%z} - {s.end.astimezone(ZONE):%a %d %b %H:%M%z}"
        for s in found
    ]
    assert shown == case["expect"]


@pytest.mark.parametrize("case", CASES["mistakes"], ids=lambda case: str(case["says"]))
def test_a_mistake_is_told_with_its_remedy(case: dict[str, Any]) -> None:
    starts = datetime(2026, 11, 2, 10, tzinfo=UTC)
    ends = starts + timedelta(days=case["days"]) if "days" in case else None
    with pytest.raises(WindowError, match=case["says"]) as raised:
        recurrence.check(msgspec.convert(case["when"], Recurrence), starts, ends)
    assert raised.value.code == case["code"]


def test_what_does_not_repeat_holds_from_its_start_until_its_end() -> None:
    starts = datetime(2026, 11, 2, 10, tzinfo=UTC)
    ends = starts + timedelta(hours=1)
    assert list(recurrence.spans(Once(), starts, ends, starts - MINUTE)) == [Span(starts, ends)]
    assert recurrence.covering(Once(), starts, ends, ends) is None
    assert recurrence.change_after(Once(), starts, ends, ends) is None
