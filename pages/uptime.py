"""Uptime with its definition: the figure, ninety days, whose the downtime was, each charger, each connector.

The same seconds for every role, in words of the role. Unknown is grey and outside the percentage.
"""

from __future__ import annotations

from html import escape

import polars as pl
import streamlit as st

from pages import _html as h
from pages._charts import down_by_day
from pages._data import ask_kept, ask_long, steady
from pages._session import require
from pages._ui import empty, period, section, show, title
from pages._uptime import bars, down_s, legend, share, split

PERIODS = (7, 30, 90)
MOST = 200

user, words = require("helpdesk", "installer", "customer")
lead = {"helpdesk": "uptime.lead", "installer": "uptime.installer.lead", "customer": "uptime.customer.lead"}
title(words("uptime.title"), words(lead[user.role]))

stations = ask_kept(user, "stations", station=None)
if stations.is_empty():
    empty(words("overview.nofleet"), words("overview.nofleet.note"), "○", "grey")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
    days = period(words, PERIODS, 90, "days")
    sites = dict(stations.select("station", "site").rows())
    chosen = st.selectbox(
        words("menu.station"),
        stations["station"].to_list(),
        index=None,
        placeholder=words("uptime.total"),
        format_func=lambda name: f"{name} · {sites[name]}" if sites[name] else name,
        label_visibility="collapsed",
        key="station",
    )


def levels(whole: bool) -> list[str]:
    """No more than is drawn: the days of each charger only where they fit."""
    if not whole:
        return ["total", "day", "connector"]
    return ["total", "day", "station", *(["station_day"] if stations.height <= MOST else [])]


uptime = ask_long(
    user,
    "uptime",
    since=steady(days),
    until=steady(),
    station=chosen,
    levels=levels(chosen is None),
)
total = uptime.filter(pl.col("level") == "total").row(0, named=True)
days_rows = uptime.filter(pl.col("level") == "day")

with st.container(key="panel-total"):
    known = share(total)
    notes = [f"{words('uptime.down', span=words.span(down_s(total)))} ({words('uptime.summed')})"]
    if total["unknown_s"] > 0:
        notes.append(words("uptime.unknown", span=words.span(total["unknown_s"])))
    if total["planned_s"] > 0:
        notes.append(words("uptime.planned", span=words.span(total["planned_s"])))
    figure = words.percent(known) if known is not None else words("uptime.nodata")
    show(
        f'<div class="lw-figure"><b>{escape(figure)}</b><span>{escape(" · ".join(notes))}</span></div>'
        + bars(words, days_rows, days)
        + legend(words)
    )
    with st.expander(words("uptime.definition")):
        st.write(words("uptime.definition.text"))

section(words("uptime.split.title"))
show(split(words, total) or f'<p class="lw-hint">{escape(words("uptime.split.none"))}</p>')

with st.expander(words("uptime.chart"), key="chart", on_change="rerun") as opened:
    if opened.open:
        if down_s(total) >= 1:
            st.plotly_chart(down_by_day(days_rows, words), config={"displayModeBar": False}, key="down")
        else:
            show(f'<p class="lw-hint">{escape(words("uptime.chart.none"))}</p>')


def line(row: dict[str, object], name: str, note: str, drawn: str) -> list[str]:
    value = share(row)
    figure = words.percent(value) if value is not None else words("uptime.nodata")
    return [
        f"<b>{escape(name)}</b><small>{escape(note)}</small>",
        drawn,
        escape(figure),
        escape(words.span(down_s(row)) if down_s(row) >= 1 else "–"),
    ]


if chosen is None:
    section(words("uptime.stations"), words("uptime.worst"))
    by_station = dict(uptime.filter(pl.col("level") == "station_day").partition_by("station", as_dict=True))
    rows = sorted(
        uptime.filter(pl.col("level") == "station").iter_rows(named=True),
        key=lambda row: (share(row) is None, share(row) or 0.0, row["station"]),
    )[:MOST]
    lines = []
    for row in rows:
        own = by_station.get((row["station"],))
        drawn = bars(words, own, days) if own is not None else ""
        lines.append(line(row, row["station"], sites.get(row["station"]) or "", drawn))
    head = [words("col.station"), words("uptime.days", n=days), words("col.uptime"), words("col.down")]
    show(h.table(head, lines, numeric=(2, 3)))
else:
    section(words("uptime.connectors"))
    each = uptime.filter((pl.col("level") == "connector") & (pl.col("connector") > 0))
    lines = [
        line(row, words("detail.connector", n=row["connector"]).capitalize(), "", split(words, row))
        for row in each.iter_rows(named=True)
    ]
    head = [words("col.connector"), words("uptime.split.title"), words("col.uptime"), words("col.down")]
    show(
        h.table(head, lines, numeric=(2, 3))
        if lines
        else f'<p class="lw-hint">{escape(words("uptime.nodata"))}</p>'
    )
