"""What an installer tells from the road and from the spot, as buttons: I take it, on my way, fixed.

Writes only through the command door; the owner decides whether it is allowed.
"""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from data.commands import Fixed, OnMyWay, Take
from pages._actions import send
from pages._data import now
from pages._incident import Row
from pages._magic_page import ETAS_MIN, FOUND
from pages._session import User
from pages._texts import Words
from rules.core.model import Cause


def on_site(user: User, words: Words, row: Row) -> bool:
    """True when something was told. Nothing is offered for what is resolved, but what it was."""
    key, done = row["incident_id"], False
    if row["state"] != "resolved" and row["fixed_at"] is None:
        if row["acknowledged_at"] is None and st.button(
            words("act.take"), type="primary", key=f"take-{key}", width="stretch"
        ):
            done |= send(user, words, Take(incident_id=key), words("act.take"))
        done |= _on_my_way(user, words, row)
    return done | _fixed(user, words, row)


def _on_my_way(user: User, words: Words, row: Row) -> bool:
    key = row["incident_id"]
    label = words("act.on_my_way.again" if row["on_my_way_at"] else "act.on_my_way")
    with st.popover(label, key=f"pop-way-{key}", width="stretch"):
        minutes = st.selectbox(
            words("act.eta"),
            [None, *ETAS_MIN],
            format_func=lambda m: words("act.eta.none") if m is None else words.span(m * 60),
            key=f"eta-{key}",
        )
        if st.button(label, type="primary", key=f"way-{key}", width="stretch"):
            eta = None if minutes is None else now() + timedelta(minutes=minutes)
            return send(user, words, OnMyWay(incident_id=key, eta=eta), words("act.on_my_way"))
    return False


def _fixed(user: User, words: Words, row: Row) -> bool:
    key = row["incident_id"]
    with st.popover(words("act.fixed"), key=f"pop-fixed-{key}", width="stretch"):
        found = st.radio(
            words("act.found"),
            FOUND,
            index=None,
            format_func=lambda one: words(f"found.{one}"),
            key=f"cause-{key}",
        )
        text = st.text_area(words("fault.note"), key=f"cause-text-{key}", height=80).strip()
        if st.button(words("act.fixed.send"), type="primary", key=f"fixed-{key}", width="stretch"):
            if found is None:
                st.warning(words("magic.choose"))
                return False
            cause = None if found == "nothing" else Cause(found)
            command = Fixed(incident_id=key, cause=cause, text=text or None)
            return send(user, words, command, words("act.fixed.send"))
    return False
