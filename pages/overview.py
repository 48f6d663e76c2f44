"""The helpdesk's first page: how the fleet is, what is most urgent, where. Reads only."""

from __future__ import annotations

from datetime import timedelta
from html import escape

import polars as pl
import streamlit as st

from pages import _html as h
from pages import _names
from pages._data import ask_kept, ask_long, days_ago, now, steady
from pages._map import fleet_map
from pages._oddities import register_gap
from pages._session import require
from pages._ui import empty, link_card, section, show, title
from pages._uptime import day_shares, share_of

WAITING = timedelta(minutes=30)
SHOWN = 7
# What a caller may know of a station: the number on the pole, the place, the plate inside, whose it is.
SOUGHT = ("station", "site", "address", "customer", "serial")
GRAVEST = {"critical": 0, "high": 1, "medium": 2, "low": 3}

user, words = require("helpdesk")
stations = ask_kept(user, "stations", station=None)
incidents = ask_kept(user, "incidents", closed_since=None, counted_since=days_ago(30), limit=500)
uptime = ask_long(user, "uptime", since=steady(30), until=steady(), station=None, levels=["total", "day"])

left, right = st.columns([1, 1], vertical_alignment="center")
with left:
    title(words("overview.title"))
with right:
    labels = {
        row["station"]: " · ".join(row[part] for part in SOUGHT if row[part])
        for row in stations.iter_rows(named=True)
    }
    found = st.selectbox(
        words("overview.find"),
        list(labels),
        index=None,
        format_func=lambda name: labels[name],
        placeholder=words("overview.find"),
        label_visibility="collapsed",
        key="find",
    )
if found:
    st.switch_page("station.py", query_params={"station": found})

if stations.is_empty():
    empty(words("overview.nofleet"), words("overview.nofleet.note"), "○", "grey")
    st.stop()

incidents = incidents.with_columns(
    grave=pl.col("severity").replace_strict(GRAVEST, return_dtype=pl.Int8, default=len(GRAVEST))
)
count = {row["condition"]: row["len"] for row in stations.group_by("condition").len().iter_rows(named=True)}
unseen = incidents.filter(pl.col("acknowledged_at").is_null() & (pl.col("pending_at") < now() - WAITING))
total = share_of(uptime.filter(pl.col("level") == "total"))
of_all = words("overview.of", n=words.number(stations.height))


def oldest(rows: pl.DataFrame) -> str:
    return words("overview.oldest", ago=words.ago(min(rows["pending_at"]), now())) if rows.height else ""


tiles = [
    h.tile(
        words("overview.tile.uptime"),
        words.percent(total),
        words("overview.tile.uptime.note"),
        "blue",
        h.sparkline([share for _, share in day_shares(uptime)]),
    ),
    h.tile(
        words("overview.tile.broken"),
        words.number(count.get("faulted", 0)),
        of_all,
        "red" if count.get("faulted") else "green",
    ),
    h.tile(
        words("overview.tile.offline"),
        words.number(count.get("offline", 0)),
        of_all,
        "amber" if count.get("offline") else "green",
    ),
    h.tile(
        words("overview.tile.waiting"),
        words.number(unseen.height),
        oldest(unseen) or words("overview.none.waiting"),
        "red" if unseen.height else "green",
    ),
]
targets = [
    ("uptime", {}),
    ("triage", {"tray": "all"}),
    ("triage", {"tray": "all"}),
    ("triage", {"tray": "new"}),
]
with st.container(key="tiles"):
    for column, tile, (page, params) in zip(st.columns(4), tiles, targets, strict=True):
        with column:
            link_card(
                f"tile-{targets.index((page, params))}-{tiles.index(tile)}",
                tile,
                page,
                words(f"menu.{page}"),
                **params,
            )

left, right = st.columns([1.15, 1], gap="medium")
with left:
    section(words("overview.open.title"))
    if incidents.is_empty():
        unheard = count.get("unknown", 0)
        note = words.count("overview.unheard", unheard) if unheard else words("overview.empty.note")
        empty(words("overview.empty"), note, *(("○", "grey") if unheard else ()))
    for row in incidents.sort("grave", "pending_at").head(SHOWN).iter_rows(named=True):
        fault = _names.fault(words, row["fault"])
        where = " · ".join(part for part in (row["station"], row["site"]) if part)
        html = (
            f'<div class="lw-row">{h.severity_badge(row["severity"], words.of("severity", row["severity"]))}'
            f"<div><b>{escape(fault)}</b><span>{escape(where)}</span></div>"
            f"{h.side_badge(row['side'], words.of('side', row['side']))}"
            f"<em>{escape(words.of('owner', row['holder']))}</em>"
            f"<time>{escape(words.ago(row['pending_at'], now()))}</time></div>"
        )
        link_card(f"open-{row['incident_id']}", html, "fault", f"{fault} {where}", id=row["incident_id"])
    if incidents.height:
        section(words("overview.split.title"))
        by_owner = dict(incidents.group_by("holder").len().iter_rows())
        tones = {"operator": "blue", "installer": "violet", "customer": "amber", "none": "grey"}
        parts = [
            (f"{words.of('owner', owner)} {by_owner[owner]}", float(by_owner[owner]), tone)
            for owner, tone in tones.items()
            if owner in by_owner
        ]
        show(h.split_bar(parts, words("overview.split.title")))
with right:
    section(words("overview.map.title"))
    placed = stations.drop_nulls(["latitude", "longitude"])
    # Markdown keeps SVG where st.html drops it; every value in it is escaped.
    st.markdown(fleet_map(placed, words), unsafe_allow_html=True)
    if placed.height < stations.height:
        show(
            f'<p class="lw-hint">{escape(words("overview.map.none", n=stations.height - placed.height))}</p>'
        )
    register_gap(words, stations)
