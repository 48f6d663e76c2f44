"""Charging sessions of a period: how many, how much energy, per day, and the list a page at a time."""

from __future__ import annotations

from html import escape

import polars as pl
import streamlit as st

from pages import _html as h
from pages._data import ask_kept, days_ago, minute
from pages._session import require
from pages._ui import empty, period, section, show, title

PERIODS = (7, 30, 90)
A_PAGE = 25

user, words = require("helpdesk", "installer", "customer")
title(words("sessions.title"))
stations = ask_kept(user, "stations", station=None)
with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
    days = period(words, PERIODS, 30, "session-days")
    chosen = st.selectbox(
        words("menu.station"),
        stations["station"].to_list(),
        index=None,
        placeholder=words("uptime.total"),
        label_visibility="collapsed",
        key="session-station",
    )
since, until = days_ago(days), minute()
by_day = ask_kept(user, "sessions_by_day", since=since, until=until, station=chosen)
total = by_day.filter(pl.col("day").is_null()).row(0, named=True)
if total["sessions"] == 0:
    empty(words("sessions.empty"), words("sessions.empty.note"), "○", "grey")
    st.stop()

tiles = [
    h.tile(
        words("sessions.tile.count"),
        words.number(total["sessions"]),
        words("sessions.running", n=total["running"]),
        "blue",
    ),
    h.tile(
        words("sessions.tile.energy"), words.kwh(total["energy_wh"]), words("uptime.days", n=days), "blue"
    ),
    h.tile(
        words("sessions.tile.median"),
        words.span(total["median_s"]),
        words("sessions.tile.median.note"),
        "blue",
    ),
    h.tile(
        words("sessions.tile.failed"),
        words.number(total["without_energy"]),
        words("sessions.tile.failed.note"),
        "amber" if total["without_energy"] else "green",
    ),
]
with st.container(key="tiles"):
    for column, tile in zip(st.columns(4), tiles, strict=True):
        with column:
            show(tile)

per_day = by_day.filter(pl.col("day").is_not_null()).sort("day")
most = max((wh or 0.0 for wh in per_day["energy_wh"]), default=0.0) or 1.0
columns = "".join(
    f'<i style="height:{100 * (row["energy_wh"] or 0) / most:.1f}%" title="'
    + escape(
        words("sessions.day", day=words.day(row["day"]), kwh=words.kwh(row["energy_wh"]), n=row["sessions"])
    )
    + '"></i>'
    for row in per_day.iter_rows(named=True)
)
section(words("sessions.perday"), words("sessions.perday.most", kwh=words.kwh(most)))
with st.container(key="panel-days"):
    first, last = per_day["day"][0], per_day["day"][-1]
    show(
        f'<div class="lw-columns" role="img" aria-label="{escape(words("sessions.perday"))}">{columns}</div>'
        f'<div class="lw-bars-legend"><span>{escape(words.day(first))}</span><span>'
        f"{escape(words.day(last))}</span></div>"
    )

pages = -(-total["sessions"] // A_PAGE)
number = st.session_state.get("session-page", 1)
number = min(number, pages)
rows = ask_kept(
    user, "sessions", since=since, until=until, station=chosen, limit=A_PAGE, offset=(number - 1) * A_PAGE
)
head = [
    words(f"col.{name}") for name in ("start", "station", "site", "connector", "duration", "energy", "power")
]
if user.role != "customer":
    head.append(words("col.reason"))
lines = []
for row in rows.iter_rows(named=True):
    # Energy came while every power that was told is 0: then the peak was not told.
    untold = row["max_power_w"] is None or (row["max_power_w"] == 0 and (row["energy_wh"] or 0) > 0)
    power = "–" if untold else f"{words.number(row['max_power_w'] / 1000, 1)} kW"
    line = [
        f'<span class="lw-nowrap">{escape(words.when(row["started_at"]))}</span>',
        f'<span class="lw-nowrap">{escape(row["station"])}</span>',
        escape(row["site"] or ""),
        str(row["connector"] or "–"),
        escape(words.span(row["duration_s"]))
        if row["ended_at"]
        else h.badge(words("sessions.busy"), "blue", "▸"),
        escape(words.kwh(row["energy_wh"])),
        escape(power),
    ]
    if user.role != "customer":
        line.append(escape(words.of("reason", row["reason"]) if row["reason"] else "–"))
    lines.append(line)
show(h.table(head, lines, numeric=(3, 4, 5, 6), stacked=True))
if pages > 1:
    st.pagination(pages, key="session-page")
