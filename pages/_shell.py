"""The script that Streamlit runs: frame, menu of the role, language, sign-out, freshness; then the page
itself.

Decides which pages a role can reach. Never data: pages ask for that themselves, each after its own
`require`.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from pages._data import ask_kept, now
from pages._menu import menu
from pages._session import User, csrf_token, require, words_of
from pages._texts import LANGUAGES, Words
from pages._ui import ICON, STYLE

# Even a single station beats every five minutes by default: a fleet that is silent for longer is worth a
# look.
STALE_S = 330
NAME_FITS = 22


@st.fragment(run_every="15s")
def freshness() -> None:
    user, words = require()
    row = ask_kept(user, "fleet_freshness").row(0, named=True)
    seen = row["last_seen_at"]
    stale = seen is None or (now() - seen).total_seconds() > STALE_S
    said = words("fresh.never") if seen is None else words("fresh.live", ago=words.ago(seen, now()))
    st.html(
        f'<div class="lw-fresh lw-{"amber" if stale else "green"}"><i aria-hidden="true"></i><span>'
        f"{escape(said)}</span></div>"
    )


def short_name(user: User) -> str:
    """Whole where it fits the corner: the first word of a company's name says little."""
    return user.name if len(user.name) <= NAME_FITS else user.name.split()[0] or user.email


def account(user: User, words: Words) -> None:
    with (
        st.container(key="account"),
        st.popover(short_name(user), icon=":material/person:"),
    ):
        st.html(
            f'<div class="lw-who"><b>{escape(user.name)}</b><span>{escape(words.of("role", user.role))}'
            f"{' · ' + escape(user.party) if user.party else ''}</span><span>"
            f"{escape(user.email)}</span></div>"
        )
        st.segmented_control(
            words("menu.language"),
            list(LANGUAGES),
            format_func=lambda code: LANGUAGES[code],
            default=words.language,
            required=True,
            key="language",
        )
        st.html(
            f'<form method="post" action="/logout"><input type="hidden" name="csrf" '
            f'value="{escape(csrf_token())}">'
            f'<button class="lw-button lw-quiet" type="submit">{escape(words("menu.signout"))}</button>'
            f"</form>"
        )


st.set_page_config(page_title="Laadwacht", page_icon=str(ICON), layout="wide")
st.html(STYLE)
st.logo(str(ICON), size="large")
signed_in, _ = require()
# Asked again: the language may have been changed by the click that started this run.
language = words_of(signed_in)
page = st.navigation(menu(signed_in.role, language), position="top")
st.set_page_config(page_title=f"{page.title} · Laadwacht")  # several tabs, a bookmark, a screen reader
with st.container(key="corner", horizontal=True, vertical_alignment="center"):
    with st.container(key="fresh"):
        freshness()
    account(signed_in, language)
page.run()
