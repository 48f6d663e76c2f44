"""Silences and maintenance windows in words: what each matches, when it holds, and the banner where one does.

Reads within the user's scope; never acts (see `pages/silences.py`). Who does not see every charger sees only
those windows that match one of theirs, and customers never who made one or why.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from html import escape

import streamlit as st
from babel.dates import get_day_names

from data.windows import StoredWindow, subjects_of, windows_of
from pages import _names
from pages._data import ask, now
from pages._incident import Row
from pages._session import User
from pages._texts import ZONE, Words
from pages._ui import show
from rules.core.calendar.recurrence import Once, Span, Weekly, WindowError
from rules.core.calendar.window import Matcher, Subject, Window, WindowKind, reason_of

FIELDS = Matcher.__struct_fields__
TONE = {WindowKind.SILENCE: "grey", WindowKind.MAINTENANCE: "violet"}


def stored(user: User, over_since: datetime | None = None) -> list[tuple[StoredWindow, int]]:
    """Each window with how many of the user's chargers it matches now."""
    subjects = subjects_of(ask(user, "station_subjects", station=None))
    rows = windows_of(ask(user, "windows", window_id=None, over_since=over_since))
    counted = [(one, len(matched(one.window.matcher, subjects))) for one in rows]
    return [(one, n) for one, n in counted if n or user.role == "helpdesk"]


def matched(matcher: Matcher, subjects: list[Subject]) -> list[str]:
    """The chargers it matches, its fault aside."""
    return [one.station for one in subjects if matcher.takes(one)]


def over_station(user: User, station: str) -> list[Window]:
    """What holds for this charger now."""
    subjects = subjects_of(ask(user, "station_subjects", station=station))
    rows = windows_of(ask(user, "windows", window_id=None, over_since=None))
    return [
        one.window
        for one in rows
        if one.window.holding(now()) is not None and matched(one.window.matcher, subjects)
    ]


def over_incident(user: User, row: Row) -> list[Window]:
    """What keeps this incident quiet, by the reasons in its row."""
    names = {window_id for _word, window_id in map(reason_of, row["suppression"]) if window_id}
    if not names:
        return []
    rows = windows_of(ask(user, "windows", window_id=None, over_since=None))
    return [one.window for one in rows if one.window.window_id in names]


def banner(user: User, words: Words, windows: list[Window]) -> None:
    """One line for each, above what it keeps quiet."""
    for window in windows:
        held = window.holding(now())
        until = words.when(held.end) if held is not None else words("none.said")
        said = words(f"silence.banner.{window.kind.value}", until=until)
        if window.matcher.fault is not None:
            said = words.pair(said, _names.fault(words, window.matcher.fault))
        more = (
            ""
            if user.role == "customer"
            else f"<small>{escape(window.why)} · {escape(window.made_by)}</small>"
        )
        show(f'<div class="lw-quiet lw-{TONE[window.kind]}" role="status"><b>{escape(said)}</b>{more}</div>')


def shortcut(user: User, words: Words, *, station: str | None, site: str | None, fault: str | None) -> None:
    """A link to the form, filled in: silence this fault here, or plan work at this charger."""
    given = {"station": station, "site": None if station else site, "fault": fault}
    params = {name: value for name, value in given.items() if value}
    if user.role == "customer" or not (station or site):
        return
    if user.role == "installer" or fault is None:
        params = {name: value for name, value in params.items() if name != "fault"} | {"kind": "maintenance"}
        st.page_link("silences.py", label=words("silence.plan"), query_params=params)
        return
    st.page_link("silences.py", label=words("silence.this"), query_params=params)


def reason_text(words: Words, reason: str | None) -> str:
    """A suppression reason in words; a window's with its id."""
    word, window_id = reason_of(reason or "")
    said = words.of("suppress", word)
    return f"{said} ({window_id})" if window_id else said


def matches_text(words: Words, matcher: Matcher) -> list[str]:
    """`Site: Gent*`, one for each field that is given."""
    return [
        words.pair(words(f"silence.{name}"), _names.fault(words, value) if name == "fault" else value)
        for name, value in matcher.given().items()
    ]


def repeats_text(words: Words, window: Window) -> str:
    what = window.recurrence
    if isinstance(what, Once):
        return words("silence.repeats.once")
    if isinstance(what, Weekly):
        days = ", ".join(day_name(words, day) for day in what.days)
        return words("silence.repeats.weekly", days=days, start=what.start, end=what.end)
    return words("silence.repeats.cron", line=what.line, span=words.span(what.minutes * 60))


def day_name(words: Words, day: int) -> str:
    """0 is Monday."""
    return str(get_day_names("abbreviated", locale=words.locale)[day])


def span_text(words: Words, span: Span) -> str:
    """`ma 2 nov 22:00 – di 3 nov 06:00`, the second day only where it is another."""
    start, end = span.start.astimezone(ZONE), span.end.astimezone(ZONE)
    last = "" if start.date() == end.date() else f"{words.day(end.date())} "
    return f"{words.day(start.date())} {start:%H:%M} – {last}{end:%H:%M}"


def mistake(words: Words, error: WindowError) -> str:
    """What is wrong, in the reader's language."""
    values = dict(error.values)
    if "field" in values and words.has(f"silence.{values['field']}"):
        values["field"] = words(f"silence.{values['field']}")
    return words(f"silence.error.{error.code}", **values)


def tomorrow(at: datetime, hour: int) -> datetime:
    """The next day in Brussels, at that hour."""
    day: date = at.astimezone(ZONE).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
