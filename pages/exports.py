"""Take-away data: sessions, faults and uptime of a period as CSV or Parquet, of the user's own stations
only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import polars as pl
import streamlit as st

from pages._data import ask, minute
from pages._session import require
from pages._table import as_csv, as_parquet
from pages._texts import ZONE
from pages._ui import empty, show, title
from pages._uptime import DOWN, UP

MOST = 200_000
PREVIEW = 10

user, words = require("helpdesk", "installer", "customer")
title(words("exports.title"), words("exports.lead"))
KINDS = ("sessions", "incidents", "uptime") + (("notices",) if user.role != "customer" else ())
today = minute().astimezone(ZONE).date()
with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
    what = st.segmented_control(
        words("exports.what"),
        KINDS,
        default="sessions",
        required=True,
        key="what",
        format_func=lambda name: words(f"exports.{name}"),
    )
    first = st.date_input(
        words("exports.from"), today - timedelta(days=30), max_value=today, format="DD/MM/YYYY"
    )
    last = st.date_input(words("exports.to"), today, max_value=today, format="DD/MM/YYYY")
if not isinstance(first, date) or not isinstance(last, date) or last < first:
    st.warning(words("exports.order"))
    st.stop()

since = datetime.combine(first, time(), ZONE)
until = min(datetime.combine(last + timedelta(days=1), time(), ZONE), minute())


def rows_of(kind: str) -> pl.DataFrame:
    if kind == "incidents":
        return ask(user, "export_incidents", since=since, until=until)
    if kind == "notices":
        return ask(user, "export_notices", incident_id=None, station=None, since=since, until=until)
    if kind == "uptime":
        found = ask(user, "uptime", since=since, until=until, station=None, levels=["connector"])
        down = pl.sum_horizontal(*DOWN)
        per_connector = found.filter(pl.col("level") == "connector").drop("level", "day")
        return per_connector.with_columns((pl.col(UP) / (pl.col(UP) + down)).fill_nan(None).alias("uptime"))
    return ask(user, "sessions", since=since, until=until, station=None, limit=MOST + 1, offset=0).sort(
        "started_at"
    )


if until <= since:
    empty(words("exports.empty"), words("exports.empty.note"), "○", "grey")
    st.stop()
rows = rows_of(what or "sessions")
if rows.is_empty():
    empty(words("exports.empty"), words("exports.empty.note"), "○", "grey")
    st.stop()
if rows.height > MOST:
    rows = rows.head(MOST)
    st.warning(words("exports.capped", n=words.number(MOST)))
show(f'<p class="lw-hint">{words.count("exports.rows", rows.height)}</p>')
st.dataframe(rows.head(PREVIEW), hide_index=True, key="preview")
stem = f"laadwacht-{what}-{first:%Y%m%d}-{last:%Y%m%d}"


def download(label: str, suffix: str, mime: str, make: Callable[[pl.DataFrame], bytes]) -> None:
    # Made only when pressed: the file then lives in this process's memory until the session ends.
    st.download_button(
        words(label),
        lambda: make(rows),
        f"{stem}.{suffix}",
        mime,
        key=suffix,
        on_click="ignore",
        icon=":material/download:",
    )


with st.container(horizontal=True):
    download("exports.csv", "csv", "text/csv", as_csv)
    download("exports.parquet", "parquet", "application/vnd.apache.parquet", as_parquet)
