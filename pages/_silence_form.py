"""The form that makes a silence or plans work: what it matches, when it holds, and a preview of both.

Asks the owner process, which decides again. The preview uses the same matching and the same calendar as
judgement does.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from html import escape
from itertools import islice
from time import sleep as pause

import polars as pl
import streamlit as st

from data.commands import AddSilence, EndSilence
from data.windows import subjects_of
from pages import _names
from pages import _silences as view
from pages._actions import send
from pages._data import ask, minute, now
from pages._session import User, require
from pages._texts import ZONE, Words
from pages._ui import show
from rules.core.calendar.recurrence import Cron, Once, Recurrence, Weekly, WindowError
from rules.core.calendar.window import Matcher, Window, WindowKind, check
from rules.core.region import region_names

SHOWN = 12
TAKEN_UP_TRIES = 30  # a tenth of a second each
QUICK = {
    "hour": timedelta(hours=1),
    "hours4": timedelta(hours=4),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}


def act(user: User, words: Words, command: AddSilence | EndSilence, what: str) -> None:
    """Ask the owner process; the page is drawn anew once judgement has taken it up, or did not in time."""
    before = ask(user, "windows", window_id=None, over_since=None)["window_id"].to_list()
    if not send(user, words, command, what):
        return
    for _ in range(TAKEN_UP_TRIES):
        if ask(user, "windows", window_id=None, over_since=None)["window_id"].to_list() != before:
            break
        pause(0.1)
    st.query_params.clear()
    st.rerun()


def choices(rows: pl.DataFrame, name: str) -> list[str]:
    if name == "region":
        found = {region_names(address)[1] for address in rows["address"] if region_names(address)}
        return sorted(found | {one for one in rows["region"] if one})
    return sorted(one for one in rows[name].unique().to_list() if one)


def field(words: Words, rows: pl.DataFrame, name: str) -> str | None:
    """What is in the register to choose from, or anything typed, with wildcards."""
    asked = st.query_params.get(name)
    options = choices(rows, name)
    if asked and asked not in options:
        options.insert(0, asked)
    chosen = st.selectbox(
        words(f"silence.{name}"),
        options,
        index=options.index(asked) if asked else None,
        placeholder=words("silence.any"),
        accept_new_options=True,
        key=f"match-{name}",
    )
    return chosen.strip() if chosen and chosen.strip() else None


def matcher_form(user: User, words: Words, rows: pl.DataFrame) -> Matcher:
    given: dict[str, str | None] = {}
    first, second, third = st.columns(3)
    with first:
        given["station"] = field(words, rows, "station")
    with second:
        given["site"] = field(words, rows, "site")
    with third:
        faults = sorted(_names.catalog().faults, key=lambda one: _names.fault(words, one))
        asked = st.query_params.get("fault")
        given["fault"] = st.selectbox(
            words("silence.fault"),
            faults,
            index=faults.index(asked) if asked in faults else None,
            placeholder=words("silence.all"),
            format_func=lambda one: _names.fault(words, one),
            key="match-fault",
        )
    with st.expander(words("silence.more")):
        rest = ("make", "model", "firmware", "region") + (("installer",) if user.role == "helpdesk" else ())
        for column, name in zip(st.columns(len(rest)), rest, strict=True):
            with column:
                given[name] = field(words, rows, name)
    return Matcher(**given)


def moment(label: str, key: str, at: datetime) -> datetime:
    """A day and a time on the clock in Brussels."""
    local = at.astimezone(ZONE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = st.date_input(label, local.date(), format="DD/MM/YYYY", key=f"{key}-day")
        clock = st.time_input(
            label, time(local.hour, local.minute), key=f"{key}-time", label_visibility="hidden"
        )
    chosen = day if isinstance(day, date) else local.date()
    return datetime.combine(chosen, clock or time(), ZONE).astimezone(UTC)


def when_form(words: Words) -> tuple[Recurrence, datetime | None, datetime | None]:
    kind = st.segmented_control(
        words("silence.repeats"),
        ("once", "weekly", "cron"),
        default="once",
        required=True,
        format_func=lambda one: words(f"silence.repeats.{one}.short"),
        key="repeats",
    )
    if kind == "weekly":
        days = st.pills(
            words("silence.days"),
            range(7),
            selection_mode="multi",
            default=[0],
            format_func=lambda day: view.day_name(words, day),
            key="days",
        )
        with st.container(horizontal=True):
            opens = st.time_input(words("exports.from"), time(22, 0), key="opens") or time()
            closes = st.time_input(words("silence.to"), time(6, 0), key="closes") or time()
        return (
            Weekly(days=tuple(sorted(days)), start=f"{opens:%H:%M}", end=f"{closes:%H:%M}"),
            None,
            last_day(words),
        )
    if kind == "cron":
        with st.container(horizontal=True):
            line = st.text_input(
                words("silence.cron"), "0 22 * * 1#1", help=words("silence.cron.help"), key="cron"
            )
            minutes = st.number_input(words("silence.minutes"), 1, 7 * 1440, 120, key="minutes")
        return Cron(line=line, minutes=int(minutes)), None, last_day(words)
    length = st.pills(
        words("silence.length"),
        (*QUICK, "own"),
        default="hours4",
        required=True,
        format_func=lambda one: words(f"silence.length.{one}"),
        key="length",
    )
    if length != "own":
        return Once(), None, minute() + QUICK[length or "hours4"]
    starts = moment(words("exports.from"), "starts", view.tomorrow(now(), 8))
    return Once(), starts, moment(words("silence.until"), "ends", view.tomorrow(now(), 17))


def last_day(words: Words) -> datetime | None:
    chosen = st.date_input(words("silence.last"), None, format="DD/MM/YYYY", key="last")
    if not isinstance(chosen, date):
        return None
    return datetime.combine(chosen + timedelta(days=1), time(), ZONE).astimezone(UTC)


@st.fragment
def form() -> None:
    """Drawn anew on its own while somebody fills it in; asks again who that is."""
    user, words = require("helpdesk", "installer")
    rows = ask(user, "station_subjects", station=None)
    kinds = tuple(WindowKind) if user.role == "helpdesk" else (WindowKind.MAINTENANCE,)
    asked = st.query_params.get("kind")
    kind = st.segmented_control(
        words("silence.kind"),
        kinds,
        default=WindowKind.MAINTENANCE if asked == "maintenance" else kinds[0],
        required=True,
        format_func=lambda one: words(f"suppress.kind.{one.value}"),
        key="kind",
        label_visibility="collapsed",
    )
    kind = kind or kinds[0]
    show(f'<p class="lw-hint">{escape(words(f"silence.{kind.value}.note"))}</p>')
    matcher = matcher_form(user, words, rows)
    recurrence, starts, ends = when_form(words)
    safety = st.checkbox(words("silence.safety"), help=words("silence.safety.note"), key="safety")
    said = words("silence.safety.note" if safety else "silence.safety.off")
    show(f'<p class="lw-hint">{escape(said)}</p>')
    why = st.text_input(words("act.why"), key="why").strip()
    window = Window(
        window_id="",
        kind=kind,
        matcher=matcher,
        made_by=user.email,
        why=why or "?",
        made_at=now(),
        starts_at=starts or now(),
        ends_at=ends,
        recurrence=recurrence,
        safety=safety,
    )
    problem = preview(words, window, rows) or (None if why else "why")
    if problem == "why":
        show(f'<p class="lw-hint">{escape(words("silence.error.why"))}</p>')
    if st.button(words("silence.make.button"), type="primary", disabled=problem is not None, key="make"):
        command = AddSilence(
            kind=kind,
            matcher=matcher,
            why=why,
            starts_at=starts,
            ends_at=ends,
            recurrence=recurrence,
            safety=safety,
        )
        act(user, words, command, words(f"suppress.kind.{kind.value}"))


def preview(words: Words, window: Window, rows: pl.DataFrame) -> str | None:
    """Which chargers it matches now and when it comes up; or what is wrong, whose code is returned."""
    try:
        check(window)
    except WindowError as error:
        show(f'<p class="lw-hint">{escape(view.mistake(words, error))}</p>')
        return error.code
    names = view.matched(window.matcher, subjects_of(rows))
    spans = [view.span_text(words, span) for span in islice(window.spans(now()), 3)]
    more = f" … (+{len(names) - SHOWN})" if len(names) > SHOWN else ""
    show(
        f'<div class="lw-quiet lw-blue"><b>{escape(words.count("silence.count", len(names)))}</b>'
        f"<small>{escape(', '.join(names[:SHOWN]))}{more}</small>"
        f"<small>{escape(words.pair(words('silence.next'), '; '.join(spans)))}</small></div>"
    )
    return None
