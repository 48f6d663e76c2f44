"""Proof of notice: who was told what and when, whether their server accepted it, and how each destination
fares.
"""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from pages import _html as h
from pages import _names
from pages._data import ask, days_ago, now
from pages._session import require
from pages._silences import reason_text
from pages._ui import empty, section, show, title

DAYS = 30
MOST = 200
SHOWN_GAPS = 20
LONGEST = 80
TONE = {
    "sent": ("green", "✓"),
    "dead": ("red", "✕"),
    "queued": ("amber", "…"),
    "leased": ("amber", "…"),
    "suppressed": ("grey", "–"),
    "superseded": ("grey", "–"),
}

user, words = require("helpdesk")
title(words("notices.title"), words("notices.lead"))


@st.fragment(run_every="15s")
def board() -> None:
    health = ask(user, "destinations", since=days_ago(DAYS))
    if health.height:
        section(words("notices.health"))
        for start in range(0, health.height, 3):
            for column, row in zip(
                st.columns(3), health[start : start + 3].iter_rows(named=True), strict=False
            ):
                with column:
                    show(destination(row))
    gaps = ask(user, "incidents_without_their_party", limit=SHOWN_GAPS)
    if gaps.height:
        section(words("gaps.title"), words("gaps.lead", n=words.number(gaps["total"][0])))
        head = [words(f"col.{name}") for name in ("about", "reason_why", "owner", "since")]
        show(h.table(head, [gap_line(row) for row in gaps.iter_rows(named=True)]))
    section(words("notices.list", n=DAYS))
    swallowed = st.toggle(words("notices.swallowed"), key="swallowed")
    notices = ask(user, "notices", since=days_ago(DAYS), limit=MOST, swallowed=swallowed)
    if notices.is_empty():
        empty(words("notices.empty"), words("notices.empty.note"), "○", "grey")
        return
    head = [words(f"col.{name}") for name in ("when", "to", "about", "outcome")]
    show(h.table(head, [line(row) for row in notices.iter_rows(named=True)]))


def destination(row: dict[str, Any]) -> str:
    failures = row["consecutive_failures"]
    if failures:
        state = h.badge(words.count("notices.trouble", failures), "red", "✕")
    elif row["last_ok_at"]:
        state = h.badge(words("notices.ok"), "green", "✓")
    else:
        state = h.badge(words("notices.idle"), "grey", "○")
    counts = words("notices.counts", sent=row["sent"], waiting=row["waiting"], dead=row["dead"])
    lines = [_names.party(words, row["party"]), counts]
    if row["last_ok_at"]:
        lines.append(words("notices.lastok", ago=words.ago(row["last_ok_at"], now())))
    if failures and row["last_detail"]:
        lines.append(row["last_detail"])
    body = "".join(f"<p>{escape(text)}</p>" for text in lines)
    return (
        f'<div class="lw-card"><div class="lw-card-top"><b>{escape(row["destination"])}</b>{state}</div>'
        f"{body}</div>"
    )


def gap_line(row: dict[str, Any]) -> list[str]:
    about = " · ".join(part for part in (row["station"], row["site"]) if part)
    fault = _names.fault(words, row["fault"])
    link = f'<a href="/fault?id={escape(row["incident_id"])}" target="_self">{escape(fault)}</a>'
    return [
        f"{link}<small>{escape(about)}</small>",
        h.badge(words.of("gap", row["gap"]), "red" if row["gap"] == "unrouted" else "amber", "?"),
        escape(_names.party(words, row["route_party"])),
        f'<span class="lw-nowrap">{escape(words.when(row["opened_at"]))}</span>',
    ]


def line(row: dict[str, Any]) -> list[str]:
    tone, mark = TONE.get(row["state"], ("grey", "?"))
    why = reason_text(words, row["suppressed"]) if row["suppressed"] else row["last_detail"]
    tried = (
        f"{row['last_code'] or ''} {why or ''}".strip()
        if row["state"] != "sent"
        else str(row["last_code"] or "")
    )
    return [
        f'<span class="lw-nowrap">{escape(words.when(row["sent_at"] or row["created_at"]))}</span>',
        f"<b>{escape(row['destination'])}</b><small>{escape(_names.party(words, row['party']))}</small>",
        about(row),
        f"{h.badge(words.of('notice', row['state']), tone, mark)}<small>{escape(tried)}</small>",
    ]


def about(row: dict[str, Any]) -> str:
    """The fault with where it is; of planned work, the stations."""
    where = " · ".join(part for part in (row["station"], row["site"]) if part)
    reason = words.of("notice.reason", row["reason"])
    if row["window_id"] is not None:
        text = reason[:1].upper() + reason[1:]
        return f'<a href="/silences" target="_self">{escape(text)}</a><small>{escape(clipped(where))}</small>'
    fault = _names.fault(words, row["fault"])
    link = f'<a href="/fault?id={escape(row["incident_id"])}" target="_self">{escape(fault)}</a>'
    return f"{link}<small>{escape(reason)} · {escape(where)}</small>"


def clipped(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


board()
