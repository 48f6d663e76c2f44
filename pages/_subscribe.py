"""The customer's wish to be told: on or off, which stations, whether the end is told too, and
planned work.

Reads the wish as it stands and asks the owner process to change it. Decides nothing about who may.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

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
        want = st.toggle(words("subscribe.want"), value=_has(now, "down"), key="sub-want")
        up = st.checkbox(
            words("subscribe.up"),
            value=_has(now, "up", fresh=True),
            disabled=not want,
            key="sub-up",
        )
        planned = st.toggle(words("subscribe.planned"), value=_has(now, "planned"), key="sub-planned")
        chosen = st.multiselect(
            words("subscribe.stations"),
            stations,
            default=[name for name in now["stations"] if name in stations] if now else [],
            placeholder=words("subscribe.all"),
            disabled=not (want or planned),
            key="sub-stations",
        )
        st.write(words("subscribe.note"))
        if st.button(words("subscribe.save"), type="primary", key="sub-save"):
            asked = {"down": want, "up": want and up, "planned": planned}
            kinds = tuple(kind for kind, wanted in asked.items() if wanted)
            command = Subscribe(kinds=kinds, stations=tuple(chosen) if kinds else (), language=words.language)
            if send(user, words, command, words("subscribe.title")):
                st.rerun()


def _has(now: dict[str, Any] | None, kind: str, *, fresh: bool = False) -> bool:
    """Whether the wish names it; `fresh` where there is none yet, or none about faults."""
    if now is None or (kind == "up" and "down" not in now["kinds"]):
        return fresh
    return kind in now["kinds"]
