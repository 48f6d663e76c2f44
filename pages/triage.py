"""The helpdesk's inbox: what is open, whose it is and why, with the proof beside it; acknowledge and go on.

Decides nothing about incidents: every act goes to the owner process.
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from pages import _incident as view
from pages import _names
from pages._actions import acknowledge, decide, say_done
from pages._data import ask, days_ago
from pages._inbox import TRAYS, WIDTHS, cells, height_of_row, in_tray, labels, look_of, matching
from pages._session import require
from pages._told import told
from pages._ui import empty, title

MOST = 500
HEADER = 38

user, words = require("helpdesk")
say_done()


def inbox() -> pl.DataFrame:
    return ask(user, "incidents", closed_since=days_ago(7), counted_since=days_ago(30), limit=MOST)


def grid(rows: pl.DataFrame) -> str:
    """The table; returns the chosen incident's id (the first one when nothing was chosen)."""
    ids = rows["incident_id"].to_list()
    # A new key draws a new grid. Its first selection stays while it lives: changing it would undo a choice.
    key = f"grid-{hash(tuple(ids))}-{st.session_state.get('decided', 0)}"
    if st.session_state.get("grid") != key:
        chosen = st.session_state.get("chosen")
        st.session_state["grid"] = key
        st.session_state["start"] = ids.index(chosen) if chosen in ids else 0
    start = st.session_state["start"]
    row_height = height_of_row(rows["name"].to_list())
    with st.container(key="pick"):
        pick(rows, ids, start, key)
    with st.container(key="sheet"):
        event = st.dataframe(
            cells(words, rows),
            hide_index=True,
            row_height=row_height,
            height=min(700, HEADER + row_height * len(ids)),
            on_select="rerun",
            selection_mode="single-row",
            key=key,
            selection_default={"selection": {"rows": [start], "columns": [], "cells": []}},
            column_config={
                words(f"col.{name}"): st.column_config.Column(width=width) for name, width in WIDTHS.items()
            },
        )
    picked = event.selection.rows
    chosen = ids[picked[0]] if picked and picked[0] < len(ids) else ids[start]
    st.session_state["chosen"] = chosen
    return str(chosen)


def pick(rows: pl.DataFrame, ids: list[str], start: int, key: str) -> None:
    """The same choice as a list, for a phone: there the style shows it instead of the table."""

    def choose() -> None:
        st.session_state["chosen"] = st.session_state[f"pick-{key}"]
        st.session_state["decided"] = st.session_state.get("decided", 0) + 1

    names = dict(zip(ids, labels(words, rows), strict=True))
    st.selectbox(
        words("triage.pick"),
        ids,
        index=start,
        format_func=lambda number: names[number],
        key=f"pick-{key}",
        on_change=choose,
    )


@st.fragment
def desk(shown: pl.DataFrame) -> None:
    """Grid and proof side by side; choosing a row redraws these two only."""
    require("helpdesk")
    left, right = st.columns([2.35, 1], gap="medium")
    with left:
        chosen = grid(shown)
    row = view.one(user, chosen)
    if row is None:
        return
    with right, st.container(key="detail"):
        view.head(words, row)
        acted = acknowledge(user, words, row, words("act.acknowledge"))
        acted |= decide(user, words, row)
        view.why(words, row)
        view.aid(words, row)
        view.proof(user, words, row)
        view.handling(words, row)
        told(user, words, row)
        view.history(user, words, row)
        st.page_link("fault.py", label=words("detail.open"), query_params={"id": chosen})
    if acted:  # decided: the next one opens by itself
        ids = shown["incident_id"].to_list()
        st.session_state["chosen"] = ids[(ids.index(chosen) + 1) % len(ids)]
        st.session_state["decided"] = st.session_state.get("decided", 0) + 1
        st.rerun()


@st.fragment(run_every="10s")
def watch(drawn: int) -> None:
    """Draws the page anew when the inbox changed elsewhere; quiet otherwise."""
    if look_of(inbox()) != drawn:
        st.rerun(scope="app")


rows = inbox().with_columns(
    pl.col("fault")
    .map_elements(lambda fault: _names.fault(words, fault), return_dtype=pl.String)
    .alias("name")
)
title(words("triage.title"))
# The address names the tray by its own word; Streamlit's binding would put the label with its count there.
asked = st.query_params.get("tray", "new")
st.session_state.setdefault("tray", asked if asked in TRAYS else "new")
with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
    tray = st.segmented_control(
        words("triage.title"),
        TRAYS,
        required=True,
        key="tray",
        format_func=lambda name: f"{words(f'triage.tab.{name}')} {in_tray(rows, name, user.email).height}",
        label_visibility="collapsed",
    )
    wanted = st.text_input(
        words("triage.search"), placeholder=words("triage.search"), label_visibility="collapsed", key="wanted"
    )
if tray != asked:
    st.query_params["tray"] = tray or "new"
in_it = in_tray(rows, tray or "new", user.email)
shown = matching(in_it, wanted or "")
if shown.is_empty() and not in_it.is_empty():
    empty(words("triage.nomatch"), words("triage.nomatch.note"), "?", "grey")
elif shown.is_empty():
    empty(words("triage.empty"), words("triage.empty.note"))
else:
    desk(shown)
watch(look_of(rows))
