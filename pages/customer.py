"""The customer's first page, in plain words: works or not, who is on it since when, uptime. No codes, no
chart library.
"""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from pages import _plain_words
from pages._data import ask_kept, ask_long, days_ago, minute, now, steady
from pages._session import require
from pages._station import PLAIN, plain_badge
from pages._subscribe import wishes
from pages._texts import ZONE
from pages._ui import empty, link_card, show
from pages._uptime import bars, legend, share_of

DAYS = 90

user, words = require("customer")
stations = ask_kept(user, "stations", station=None)
if stations.is_empty():
    empty(words("customer.none"), words("customer.none.note"), "○", "grey")
    st.stop()
incidents = ask_kept(user, "incidents", closed_since=None, counted_since=days_ago(30), limit=500)
by_id = {row["incident_id"]: row for row in incidents.iter_rows(named=True)}
uptime = ask_long(user, "uptime", since=steady(DAYS), until=steady(), station=None, levels=["station_day"])
by_station = uptime.filter(pl.col("level") == "station_day").partition_by("station", as_dict=True)


def broken(row: dict[str, Any]) -> bool:
    return PLAIN[row["condition"]] == "broken"


def headline() -> str:
    rows = list(stations.iter_rows(named=True))
    bad, unknown = sum(map(broken, rows)), sum(row["condition"] == "unknown" for row in rows)
    off = sum(row["condition"] == "unavailable" for row in rows)
    if bad:
        tone, text = "red", words("customer.somes" if bad > 1 else "customer.some", bad=bad, n=len(rows))
    elif off:
        tone, text = "amber", words("customer.offs" if off > 1 else "customer.off", off=off, n=len(rows))
    elif unknown:
        tone, text = "grey", words.count("customer.unknown", unknown)
    else:
        tone, text = "green", words.count("customer.all", len(rows))
    start = minute().astimezone(ZONE).replace(day=1, hour=0, minute=0)
    month = ask_kept(user, "sessions_by_day", since=start, until=minute(), station=None)
    total = month.filter(pl.col("day").is_null()).row(0, named=True)
    note = words("customer.month", n=words.number(total["sessions"]), kwh=words.kwh(total["energy_wh"] or 0))
    return f'<div class="lw-sentence lw-{tone}">{escape(text)}<small>{escape(note)}</small></div>'


def card(row: dict[str, Any]) -> str:
    lines = [part for part in (row["site"], row["address"]) if part]
    incident = by_id.get(row["incident_id"]) if row["incident_id"] else None
    told = ""
    if incident and broken(row):
        began = incident["opened_at"] or incident["pending_at"]
        since = words("detail.since", when=words.when(began), ago=words.ago(began, now()))
        told = (
            f"<p class='lw-strong'>{escape(words.of('customer.who', _plain_words.holder(incident)))} · "
            f"{escape(since)}</p>"
        )
        if incident["acknowledged_at"]:
            taken = words("fault.customer.taken", when=words.when(incident["acknowledged_at"]))
            told += f"<p>{escape(taken)}</p>"
    days = by_station.get((row["station"],))
    drawn = ""
    if days is not None:
        share = share_of(days)
        figure = words("uptime.nodata") if share is None else words.percent(share)
        drawn = f"<p>{escape(words('uptime.figure', share=figure))}</p>{bars(words, days, DAYS)}"
    return (
        f'<div class="lw-card"><div class="lw-card-top"><b>{escape(row["station"])}</b>'
        f"{plain_badge(words, row['condition'])}</div><p>{escape(' · '.join(lines))}</p>{told}{drawn}</div>"
    )


show(headline())
ordered = sorted(stations.iter_rows(named=True), key=lambda row: (not broken(row), row["station"]))
for start in range(0, len(ordered), 2):
    for column, row in zip(st.columns(2), ordered[start : start + 2], strict=False):
        with column:
            page, params = "station", {"station": row["station"]}
            if broken(row) and row["incident_id"]:
                page, params = "fault", {"id": row["incident_id"]}
            link_card(f"st-{row['station']}", card(row), page, row["station"], **params)
show(legend(words))
wishes(user, words, stations["station"].sort().to_list())
