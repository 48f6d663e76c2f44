"""Silences and planned work: what is quiet now and soon, make one with a preview, end one.

The helpdesk for every charger; an installer plans work on the installer's own. Every act goes to the owner
process.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from itertools import islice

import streamlit as st

from data.commands import EndSilence
from data.windows import StoredWindow
from pages import _html as h
from pages import _silences as view
from pages._actions import say_done
from pages._data import now
from pages._session import require
from pages._silence_form import act, form
from pages._ui import empty, section, show, title
from rules.core.calendar.recurrence import Once
from rules.core.calendar.window import Window, belongs_to

OVER_DAYS = 30
SHOWN = 12

user, words = require("helpdesk", "installer")
say_done()
title(words("silence.title"), words("silence.lead" if user.role == "helpdesk" else "silence.lead.installer"))


def card(stored: StoredWindow, count: int) -> None:
    window, at = stored.window, now()
    held = window.holding(at)
    if stored.ended_at is not None:
        state = h.badge(words("silence.over"), "grey", "○")
    elif held is not None:
        state = h.badge(words("silence.holds"), view.TONE[window.kind], "●")
    else:
        state = h.badge(words("silence.coming"), "blue", "◔")
    lines = [" · ".join(view.matches_text(words, window.matcher)), words.count("silence.count", count)]
    if not isinstance(window.recurrence, Once):
        lines[-1] += f" · {view.repeats_text(words, window)}"
    if window.safety:
        lines.append(words("silence.safety.on"))
    coming = [view.span_text(words, span) for span in islice(window.spans(at), 3) if span.start > at]
    if stored.ended_at is not None:
        lines.append(words("silence.ended", when=words.when(stored.ended_at), name=stored.ended_by or "–"))
    elif held is not None:
        lines.append(words("silence.holding", until=words.when(held.end)))
    if coming and stored.ended_at is None:
        lines.append(words.pair(words("silence.next"), "; ".join(coming)))
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    who = f"{window.made_by} · {words.when(window.made_at)} · {window.window_id}"
    head = words.pair(words(f"suppress.kind.{window.kind.value}"), window.why)
    with st.container(key=f"panel-{window.window_id}"):
        show(
            f'<div class="lw-card"><div class="lw-card-top"><b>{escape(head)}</b>{state}</div>'
            f"{body}<p><small>{escape(who)}</small></p></div>"
        )
        if stored.ended_at is None and (user.role == "helpdesk" or belongs_to(window, user.party or "")):
            end_button(window)


def end_button(window: Window) -> None:
    with st.popover(words("silence.end"), key=f"pop-end-{window.window_id}"):
        why = st.text_input(words("act.why"), key=f"end-why-{window.window_id}").strip()
        st.caption(words("silence.end.note"))
        command = EndSilence(window_id=window.window_id, why=why)
        if st.button(words("silence.end.now"), key=f"end-{window.window_id}", type="primary"):
            act(user, words, command, words("silence.end"))


def board() -> None:
    found = view.stored(user, over_since=now() - timedelta(days=OVER_DAYS))
    open_ones = [pair for pair in found if pair[0].ended_at is None]
    over = [pair for pair in found if pair[0].ended_at is not None]
    section(words("silence.list"), words.count("silence.windows", len(open_ones)) if open_ones else "")
    if not open_ones:
        empty(words("silence.empty"), words("silence.empty.note"), "○", "grey")
    for stored, count in sorted(open_ones, key=lambda pair: pair[0].window.holding(now()) is None):
        card(stored, count)
    if over:
        with st.expander(words("silence.past", n=OVER_DAYS)):
            for stored, count in over[:SHOWN]:
                card(stored, count)


asked_for = any(name in st.query_params for name in view.FIELDS)
with st.expander(words("silence.new"), expanded=asked_for, icon=":material/add:", key="new"):
    form()
board()
