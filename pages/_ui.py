"""Pieces of a page that need Streamlit: titles, links over cards, and the calm states in which a run ends.

No data, no rights. HTML is built by `pages/_html.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NoReturn

import streamlit as st

from pages import _html as h
from pages._texts import Words

STYLE = Path(__file__).parent / "static" / "pages.css"
ICON = Path(__file__).parent / "static" / "icon.png"


def plain(text: str) -> str:
    """`text` for where Streamlit reads Markdown (labels, toasts): shown letter by letter, nothing loaded.

    Names and answers of stations are anybody's: a picture's address in one would be fetched by every reader.
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def show(html: str) -> None:
    st.html(html)


def title(text: str, note: str = "") -> None:
    lead = f"<p>{escape(note)}</p>" if note else ""
    st.html(f'<div class="lw-title"><h1>{escape(text)}</h1>{lead}</div>')


def section(text: str, note: str = "") -> None:
    aside = f"<span>{escape(note)}</span>" if note else ""
    st.html(f'<div class="lw-section"><h2>{escape(text)}</h2>{aside}</div>')


def link_card(key: str, html: str, page: str, label: str, **params: str) -> None:
    """`html` as a card that is one link to `page`; `label` is what a screen reader says."""
    with st.container(key=f"hit-{key}"):
        st.html(html)
        st.page_link(f"{page}.py", label=plain(label), query_params=params or None)


def empty(title_text: str, note: str, mark: str = "✓", tone: str = "green") -> None:
    st.html(h.empty(title_text, note, mark, tone))


def stop() -> NoReturn:
    st.stop()
    raise AssertionError("st.stop ends the run")


def not_found(words: Words) -> NoReturn:
    """The same for what does not exist and for what is not yours."""
    empty(words("notfound.title"), words("notfound.note"), "?", "grey")
    stop()


def expired(words: Words) -> NoReturn:
    empty(words("expired.title"), words("expired.note"), "⏻", "grey")
    st.html(
        f'<p class="lw-center"><a class="lw-button" href="/login" target="_self">'
        f"{escape(words('signin.button'))}</a></p>"
    )
    stop()


def silent(words: Words) -> NoReturn:
    """The owner process does not answer: say so calmly, and look again by itself."""
    empty(words("silent.title"), f"{words('silent.what')} {words('silent.do')}", "…", "amber")
    _look_again()
    stop()


@st.fragment(run_every="10s")
def _look_again() -> None:
    # The first run is the page's own; each later one comes from the timer.
    if st.session_state.pop("silent_seen", False):
        st.rerun(scope="app")
    st.session_state["silent_seen"] = True


def period(words: Words, periods: Sequence[int], usual: int, key: str) -> int:
    """The choice of how many days back a page looks."""
    chosen = st.segmented_control(
        words("uptime.period"),
        periods,
        default=usual,
        required=True,
        key=key,
        label_visibility="collapsed",
        format_func=lambda days: words("uptime.days", n=days),
    )
    return chosen or usual


def route_link(words: Words, latitude: float | None, longitude: float | None) -> str:
    """A link that opens the phone's way-finder; "" without coordinates. Followed only when pressed."""
    if latitude is None or longitude is None:
        return ""
    target = f"https://www.google.com/maps/dir/?api=1&destination={latitude:.6f},{longitude:.6f}"
    return (
        f'<a class="lw-button" href="{target}" target="_blank" rel="noopener noreferrer">'
        f"{escape(words('fault.route'))}</a>"
    )
