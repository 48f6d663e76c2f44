"""Texts of stations on pages and in files to take away: shown as they are, never run, nothing loaded."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pages._table import as_csv
from pages._ui import plain

HOSTILE = [
    "![seen](http://evil.example/pixel.png)",
    "[press here](http://evil.example)",
    "<http://evil.example>",
    "# heading",
    "1. item",
    "*A*_B_~~C~~`D`",
    ":red[alarm] :material/bolt:",
    "$x^2$",
    "<b>bold</b> &amp;",
    "- - -",
    "    indented",
    "two\n\nparagraphs",
]


def shown(markdown: str) -> tuple[str, set[str]]:
    """The text that a reader sees, and what else there is beside text."""
    inline = [token for block in MarkdownIt().parse(markdown) for token in block.children or [block]]
    kinds = {token.type for token in inline} - {"text", "text_special", "paragraph_open", "paragraph_close"}
    return "".join(token.content for token in inline), kinds


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_reads_as_itself_where_streamlit_reads_markdown(text: str) -> None:
    assert shown(plain(text)) == (" ".join(text.split()), set())


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_no_text_becomes_anything_but_text(text: str) -> None:
    assert shown(plain(text)) == (" ".join(text.split()), set())


@pytest.mark.parametrize("text", ["=1+1", "+32 2 555", "-2", "@SUM(A1)", "\t=1", "\r=1", "=cmd|'x'!A0"])
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    rows = pl.DataFrame({"code": [text, "E-12", None], "energy_wh": [-5, 0, 1], "list": [[text], ["b"], []]})
    read = list(csv.DictReader(io.StringIO(as_csv(rows).decode("utf-8-sig"), newline="")))
    assert [row["code"] for row in read] == ["'" + text, "E-12", ""]
    assert [row["energy_wh"] for row in read] == ["-5", "0", "1"]
    assert [row["list"] for row in read] == ["'" + text, "b", ""]
