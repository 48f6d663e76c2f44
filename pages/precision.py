"""How right the verdicts turned out, by what people found: per rule, make, firmware and side, with links.

Shows only what was judged; says how to fill it while nothing was. Never changes a verdict.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from pages import _html as h
from pages import _precision as count
from pages._data import ask_kept, steady
from pages._session import require
from pages._ui import empty, period, section, show, title

PERIODS = (30, 90, 365)
MOST = 100

user, words = require("helpdesk")
title(words("precision.title"), words("precision.lead"))
with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
    days = period(words, PERIODS, 90, "days")
    by = (
        st.segmented_control(
            words("precision.by"),
            count.GROUPS,
            default="rule",
            required=True,
            key="by",
            label_visibility="collapsed",
            format_func=lambda name: words(f"precision.by.{name}"),
        )
        or "rule"
    )

since, until = (at.replace(tzinfo=None).isoformat() for at in (steady(days), steady()))
counted = ask_kept(user, "rule_precision", since=since, until=until)
judged = ask_kept(user, "verdicts_judged", since=since, until=until)
lines = count.tallies(counted.iter_rows(named=True), judged.iter_rows(named=True), by, steady())
if judged.is_empty():
    empty(words("precision.empty"), words("precision.empty.note"), "○", "grey")
    if lines:
        waiting = words.count("precision.waiting", sum(one.incidents for one in lines))
        show(f'<p class="lw-hint">{escape(waiting)}</p>')
    st.page_link("triage.py", label=words("precision.empty.link"))
    st.stop()

total = count.together(lines)
with st.container(key="panel-total"):
    share = words.percent(total.share, 0)
    note = words(
        "precision.total", confirmed=words.number(total.confirmed), judged=words.number(total.judged)
    )
    unjudged = words(
        "precision.of", judged=words.number(total.judged), incidents=words.number(total.incidents)
    )
    show(
        f'<div class="lw-figure"><b>{escape(share)}</b><span>{escape(note)} · {escape(unjudged)}</span></div>'
    )
    with st.expander(words("precision.definition")):
        st.write(words("precision.definition.text"))

section(words(f"precision.by.{by}"), words("precision.trend"))
names = ("share", "judged", "confirmed", "wrong_side", "no_fault_found", "incidents", "trend")
head = [words(f"precision.by.{by}"), *(words(f"precision.col.{name}") for name in names)]
told = [one for one in lines if one.judged]
show(h.table(head, [count.line(words, one, by) for one in told], numeric=(1, 2, 3, 4, 5, 6)))
silent = len(lines) - len(told)
if silent:
    show(f'<p class="lw-hint">{escape(words.count("precision.unjudged", silent))}</p>')

section(words("precision.judged"), words("precision.judged.note", n=min(MOST, judged.height)))
head = [
    words("col.when"),
    words("col.fault"),
    words("col.side"),
    words("precision.found"),
    words("precision.who"),
]
show(h.table(head, [count.judged_line(words, row) for row in judged.head(MOST).iter_rows(named=True)]))
