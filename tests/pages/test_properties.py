"""A station's properties as its page lists them."""

from __future__ import annotations

import polars as pl

from data.store import Store
from pages._properties import properties
from pages._texts import Words
from rules.core.model import PropertyRow, StationRow
from tests.data.rows import NOON, after


def test_what_holds_now_comes_with_what_was_before_and_nothing_runs_as_html(store: Store) -> None:
    def told(name: str, value: str, at_s: int) -> PropertyRow:
        return PropertyRow(station="S", property=name, value=value, at=after(at_s), source="boot")

    store.apply(
        [
            StationRow(station="S", first_seen_at=NOON, last_seen_at=NOON),
            told("HeartbeatInterval", "<b>300</b>", 0),
            told("firmware", "1.0", 0),
            told("firmware", "1.1", 60),
        ]
    )
    rows = store.query("station_properties", station="S")
    assert isinstance(rows, pl.DataFrame)
    html = properties(Words("en"), rows)
    assert html.index("Firmware") < html.index("HeartbeatInterval")
    assert "1.1<small>before 1.0, until" in html
    assert "&lt;b&gt;300" in html
    assert "<b>300" not in html
