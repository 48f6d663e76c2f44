"""The customer's wish to be told: on or off, which stations, and whether the end is told too.

Reads the wish as it stands and asks the owner process to change it. Decides nothing about who may.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from data.commands import Subscribe
from pages._actions import send
from pages._data import ask
from pages._owner import User
from pages._texts import Words


def wishes(user: User, words: Words, stations: Sequence[str]) -> None:
    """The control, closed at first. `stations`: the customer's own. Absent where this installation sends no
    messages to customers."""
    if os.environ.get("LAADWACHT_CUSTOMER_MESSAGES") == "0":
        return
    found = ask(user, "subscription", email=user.email)
    now = found.row(0, named=True) if found.height else None
    with st.expander(words("subscribe.title"), icon=":material/notifications:"):
        st.write(words("subscribe.on", email=user.email) if now else words("subscribe.off"))
        want = st.toggle(words("subscribe.want"), value=now is not None, key="sub-want")
        up = st.checkbox(
            words("subscribe.up"),
            value=now is None or "up" in now["kinds"],
            disabled=not want,
            key="sub-up",
        )
        chosen = st.multiselect(
            words("subscribe.stations"),
            stations,
            default=[name for name in now["stations"] if name in stations] if now else [],
            placeholder=words("subscribe.all"),
            disabled=not want,
            key="sub-stations",
        )
        st.write(words("subscribe.note"))
        if st.button(words("subscribe.save"), type="primary", key="sub-save"):
            kinds = (("down", "up") if up else ("down",)) if want else ()
            command = Subscribe(kinds=kinds, stations=tuple(chosen) if want else (), language=words.language)
            if send(user, words, command, words("subscribe.title")):
                st.rerun()
