"""Proof of notice of one incident: who was told what and when, what their server said, what was held back.

Reads within the user's scope. Never shows an address: a destination has a name and a kind of channel.
"""

from __future__ import annotations

from html import escape

import polars as pl
import streamlit as st

from pages import _html as h
from pages._data import ask
from pages._incident import Row
from pages._session import User
from pages._silences import reason_text
from pages._table import as_csv
from pages._texts import Words
from pages._ui import show

TONE = {"sent": "green", "dead": "red", "queued": "amber", "leased": "amber"}


def told(user: User, words: Words, row: Row) -> None:
    """A line for each notice with its attempts, and all of it to take away."""
    notices = ask(user, "incident_notices", incident_id=row["incident_id"])
    show(f'<h4 class="lw-h4">{escape(words("detail.told"))}</h4>')
    if notices.is_empty():
        show(f'<p class="lw-hint">{escape(words("detail.told.none"))}</p>')
        return
    attempts = ask(user, "incident_attempts", incident_id=row["incident_id"])
    by_notice = attempts.partition_by("dedup_key", as_dict=True)
    steps = [
        _step(words, notice, by_notice.get((notice["dedup_key"],)))
        for notice in notices.iter_rows(named=True)
    ]
    show(h.timeline(steps))
    st.download_button(
        words("told.download"),
        lambda: as_csv(
            ask(user, "export_notices", incident_id=row["incident_id"], station=None, since=None, until=None)
        ),
        f"laadwacht-{row['incident_id']}.csv",
        "text/csv",
        key=f"proof-{row['incident_id']}",
        on_click="ignore",
        icon=":material/download:",
    )


def _step(words: Words, notice: Row, attempts: pl.DataFrame | None) -> h.Step:
    reason = words.of("notice.reason", notice["reason"])
    if notice["state"] == "suppressed":
        line = f"{reason} · {words('told.held', why=reason_text(words, notice['suppressed']))}"
        return h.Step(words.when(notice["created_at"]), notice["destination"], f"<p>{escape(line)}</p>")
    code = f" ({notice['last_code']})" if notice["last_code"] else ""
    trouble = f" · {notice['last_detail']}" if notice["state"] != "sent" and notice["last_detail"] else ""
    channel = f" · {notice['channel']}" if notice["channel"] else ""
    body = (
        f"<p>{escape(reason + channel)} · {escape(words.of('notice', notice['state']) + code + trouble)}</p>"
    )
    if attempts is not None and attempts.height > 1:
        body += "".join(f"<p>{escape(_attempt(words, one))}</p>" for one in attempts.iter_rows(named=True))
    at = words.when(notice["sent_at"] or notice["created_at"])
    return h.Step(at, notice["destination"], body, TONE.get(notice["state"], "grey"))


def _attempt(words: Words, one: Row) -> str:
    answer = words.of("told.answer", one["class"]) + (f" ({one['code']})" if one["code"] else "")
    return words("told.attempt", n=one["attempt"], when=words.exact(one["ended_at"]), answer=answer)
