"""What somebody found out about an incident, told where the work is: confirmed, wrong side, no fault found.

Writes only through the command door. Shows what was found before; never changes the verdict itself.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from data.commands import Feedback
from pages import _html as h
from pages._actions import send
from pages._data import ask
from pages._incident import Row
from pages._precision import TONE, VERDICTS
from pages._session import User
from pages._texts import Words
from pages._ui import show
from rules.core.model import FeedbackVerdict, Side

SIDES = tuple(side.value for side in Side)


def feedback(user: User, words: Words, row: Row) -> bool:
    """The question, its answers and what was said before. True when something was saved."""
    key = row["incident_id"]
    with st.container(key="panel-found"):
        show(f'<h4 class="lw-h4">{escape(words("found.title"))}</h4>')
        _said(user, words, row)
        verdict = st.segmented_control(
            words("found.title"),
            VERDICTS,
            format_func=lambda name: words(f"verdict.{name}"),
            key=f"found-{key}",
            label_visibility="collapsed",
        )
        if verdict is None:
            show(f'<p class="lw-hint">{escape(words("found.hint"))}</p>')
            return False
        side = None
        if verdict == "wrong_side":
            others = [side for side in SIDES if side != row["side"]]
            side = st.segmented_control(
                words("found.side"),
                others,
                format_func=lambda name: words.of("side", name),
                key=f"found-side-{key}",
            )
        text = st.text_area(words("fault.note"), key=f"found-text-{key}", height=80).strip()
        if not st.button(words("found.save"), key=f"found-save-{key}", type="primary", width="stretch"):
            return False
        if verdict == "wrong_side" and side is None:
            st.warning(words("found.needside"))
            return False
        command = Feedback(
            incident_id=key,
            verdict=FeedbackVerdict(verdict),
            side=None if side is None else Side(side),
            text=text or None,
        )
        return send(user, words, command, words(f"verdict.{verdict}"))


def _said(user: User, words: Words, row: Row) -> None:
    """Each person's last word; what was said weeks later too, which the history no longer takes."""
    for found in ask(user, "incident_feedback", incident_id=row["incident_id"]).iter_rows(named=True):
        tone, mark = TONE.get(found["verdict"], ("grey", "?"))
        said = words.of("verdict", found["verdict"])
        if found["side"]:
            said = words.pair(said, words.of("side", found["side"]))
        when = f"{found['actor']} · {words.when(found['happened_at'])}"
        text = f"<p>{escape(found['text'])}</p>" if found["text"] else ""
        show(f'<div class="lw-said">{h.badge(said, tone, mark)} <small>{escape(when)}</small>{text}</div>')
