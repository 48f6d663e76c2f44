"""The installer's first page, read on a phone: what needs me, where, since when, who is on it; buttons to
take it, to be on the way and to say that it is fixed.

Cards only: no table, no chart. Own stations only.
"""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from pages import _incident as view
from pages import _names
from pages._actions import say_done
from pages._data import ask, ask_kept, ask_long, days_ago, now, steady
from pages._on_site import on_site
from pages._session import require
from pages._ui import empty, link_card, route_link, section, show, title
from pages._uptime import bars, share_of

DAYS = 90
WITH_BARS = 12

user, words = require("installer")
say_done()
incidents = ask(user, "incidents", closed_since=None, counted_since=days_ago(30), limit=200)
mine = incidents.filter(pl.col("holder") == "installer")
others = incidents.filter(pl.col("holder") != "installer")
uptime = ask_long(user, "uptime", since=steady(DAYS), until=steady(), station=None, levels=["station_day"])
by_station = uptime.filter(pl.col("level") == "station_day").partition_by("station", as_dict=True)

title(words("installer.title"), words.count("installer.count", mine.height) if mine.height else "")
if mine.is_empty():
    count = ask_kept(user, "stations", station=None).height
    if count:
        empty(words("installer.lead.none"), words.count("installer.watched", count))
    else:
        empty(words("installer.nothing"), words("installer.nothing.note"), "○", "grey")


def card(row: dict[str, Any], with_bars: bool) -> str:
    began = row["opened_at"] or row["pending_at"]
    since = words("detail.since", when=words.when(began), ago=words.ago(began, now()))
    strong = row["station"] or words.count("detail.members", row["member_count"])
    where = " · ".join(part for part in (row["site"], row["address"]) if part)
    going = row["acknowledged_at"] is not None
    taken = f"<p class='lw-strong'>{escape(_names.progress(words, row, now()))}</p>" if going else ""
    days = by_station.get((row["station"],))
    drawn = ""
    if with_bars and days is not None:
        drawn = (
            f"<p>{escape(words('uptime.figure', share=words.percent(share_of(days))))}</p>"
            f"{bars(words, days, DAYS)}"
        )
    return (
        f'<div class="lw-card"><div class="lw-badges">{view.badges(words, row)}</div>'
        f"<h3>{escape(_names.fault(words, row['fault']))}</h3>"
        f'<p class="lw-strong"><b>{escape(strong)}</b></p><p>{escape(where)}</p><p>{escape(since)}</p>'
        f"{taken}{drawn}</div>"
    )


for number, row in enumerate(mine.iter_rows(named=True)):
    with st.container(key=f"panel-{row['incident_id']}"):
        show(card(row, number < WITH_BARS))
        if on_site(user, words, row):
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                "fault.py",
                label=words("installer.details"),
                query_params={"id": row["incident_id"]},
                icon=":material/arrow_forward:",
            )
            if route := route_link(words, row["latitude"], row["longitude"]):
                show(route)

if others.height:
    section(words("installer.other"))
    for row in others.iter_rows(named=True):
        link_card(
            f"other-{row['incident_id']}",
            card(row, False),
            "fault",
            row["station"] or "",
            id=row["incident_id"],
        )
