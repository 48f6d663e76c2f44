"""Two lists for the helpdesk: what is odd about a station's frames, and stations that the register lacks."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from data.finding_texts import finding_texts
from pages import _html as h
from pages._data import now
from pages._texts import Words
from pages._ui import link_card, show

SHOWN = 30


def findings(words: Words, rows: pl.DataFrame) -> str:
    """HTML. `rows` are of the query station_findings; an unknown id is shown as it is."""
    texts = finding_texts()
    lines = []
    for row in rows.iter_rows(named=True):
        text = texts.get(row["finding"])
        severity = text.severity if text else "unknown"
        tone, mark = ("amber", "◆") if severity == "functional" else ("grey", "○")
        what = text.what.get(words.language, text.id) if text else row["finding"]
        lines.append(
            [
                f"{escape(what)}<small>{escape(row['finding'])}</small>",
                h.badge(words.of("finding", severity), tone, mark),
                words.number(row["times"]),
                f'<span class="lw-nowrap">{escape(words.when(row["last_seen_at"]))}</span>',
            ]
        )
    head = [words(f"col.{name}") for name in ("finding", "severity", "count", "last")]
    return h.table(head, lines, numeric=(2,))


def register_gap(words: Words, stations: pl.DataFrame) -> None:
    """Stations that were heard but are not in the register, so that nobody but the helpdesk hears of them."""
    missing = stations.filter(~pl.col("registered")).sort("last_seen_at", descending=True, nulls_last=True)
    if missing.is_empty():
        return
    label = words.count("overview.gap", missing.height)
    with st.expander(label, icon=":material/help:", key="gap", on_change="rerun") as opened:
        if not opened.open:
            return
        show(f'<p class="lw-hint">{escape(words("overview.gap.note"))}</p>')
        for row in missing.head(SHOWN).iter_rows(named=True):
            link_card(
                f"gap-{row['station']}", _line(words, row), "station", row["station"], station=row["station"]
            )


def _line(words: Words, row: dict[str, Any]) -> str:
    make = h.make_and_model(row["make"], row["model"])
    badge = h.condition_badge(row["condition"], words.of("condition", row["condition"]))
    return (
        f'<div class="lw-row lw-row-short">{badge}<div><b>{escape(row["station"])}</b>'
        f"<span>{escape(make)}</span></div><time>{escape(words.ago(row['last_seen_at'], now()))}</time></div>"
    )
