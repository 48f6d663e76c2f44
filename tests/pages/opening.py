"""Opening a page as somebody, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages import _session

PAGES = Path(_session.__file__).parent
SHELL = PAGES / "_shell.py"
Opener = Callable[..., AppTest]


def html_of(page: AppTest) -> str:
    """All HTML that the page drew itself."""
    return " ".join(str(element.proto.body) for element in page.get("html"))
