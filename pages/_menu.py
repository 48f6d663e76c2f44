"""Which pages each role reaches, from the menu or by link only. A role's first page is the first named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages._texts import Words

HERE = Path(__file__).resolve().parent
MENU = {
    "helpdesk": ("overview", "triage", "uptime", "sessions", "silences", "notices", "precision", "exports"),
    "installer": ("installer", "uptime", "sessions", "silences", "exports"),
    "customer": ("customer", "uptime", "sessions", "exports"),
}
# Reached by links only. Alert links need a page that is nobody's first page, for a first page has no path of
# its own.
LINKED = ("fault", "station")


def menu(role: str, words: Words) -> list[Any]:
    names = MENU[role]
    shown = [
        st.Page(HERE / f"{name}.py", title=words(f"menu.{name}"), default=name == names[0]) for name in names
    ]
    hidden = [
        st.Page(HERE / f"{name}.py", title=words(f"menu.{name}"), visibility="hidden") for name in LINKED
    ]
    return shown + hidden
