"""Belgium with its stations as one drawing: no tiles, no chart library, no request to anybody.

State is told by shape as well as colour; what is wrong lies on top and is a link to its station. One
function, so that another map can take its place. The outline's source is named in `static/belgium.json`.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from math import cos, radians
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from pages import _html as h
from pages._texts import Words

OUTLINE = Path(__file__).parent / "static" / "belgium.json"
WEST, NORTH, HIGH = 2.4, 51.62, 2.22  # degrees; the drawing reaches from 49.40 to 51.62 north
SCALE = 200.0  # units a degree of latitude
NARROWER = cos(radians(50.5))  # a degree of longitude against one of latitude
WIDE = 4.1 * NARROWER * SCALE
# (condition, colour, where the pen starts, its way from there, filled), in order of drawing: what is wrong
# lies on top.
MARKS = (
    ("unknown", "#5d6673", (-3.5, 0.0), "a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", False),
    ("available", "#1b7f4d", (-3.5, 0.0), "a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", True),
    ("charging", "#2563c9", (-3.5, -4.2), "l8 4.2l-8 4.2z", True),
    ("unavailable", "#7c3aed", (-3.6, -3.6), "h7.2v7.2h-7.2z", True),
    ("offline", "#b45309", (0.0, -6.0), "l6 6l-6 6l-6 -6z", True),
    ("faulted", "#b42318", (-5.0, -5.0), "l10 10m0 -10l-10 10", False),
)
WRONG = ("offline", "faulted")
LINKED = 200  # marks with a link of their own; more would only slow the page down


def spread(stations: pl.DataFrame) -> pl.DataFrame:
    """Stations of one site side by side, a few kilometres apart, so that none hides another."""
    corner = pl.concat_str(pl.col("latitude").round(2), pl.col("longitude").round(2), separator=" ")
    turn = pl.int_range(pl.len()).over(pl.coalesce("site", corner))
    reach = turn.cast(pl.Float64).sqrt() * 0.03  # degrees; a sunflower's spiral of golden angles
    return stations.with_columns(
        latitude=pl.col("latitude") + reach * (turn * 2.4).sin(),
        longitude=pl.col("longitude") + reach * (turn * 2.4).cos() / NARROWER,
    )


def _place(longitude: float, latitude: float) -> tuple[float, float]:
    return (longitude - WEST) * NARROWER * SCALE, (NORTH - latitude) * SCALE


@cache
def _border() -> str:
    ring = json.loads(OUTLINE.read_text(encoding="utf-8"))["ring"]
    points = " ".join(f"{x:.1f} {y:.1f}" for x, y in (_place(*point) for point in ring))
    return f'<path d="M{points}z" fill="#fff" stroke="#b6c1cc" stroke-width="1.3" stroke-linejoin="round"/>'


def _paint(colour: str, filled: bool, wrong: bool) -> str:
    if filled:
        return f'fill="{colour}" stroke="#fff" stroke-width=".9"'
    return f'fill="none" stroke="{colour}" stroke-width="{3.4 if wrong else 1.4}" stroke-linecap="round"'


def fleet_map(stations: pl.DataFrame, words: Words) -> str:
    """SVG. `stations` needs station, site, latitude, longitude (WGS 84) and condition."""
    stations = spread(stations)
    drawn, legend = [], []
    for condition, colour, start, way, filled in MARKS:
        some = stations.filter(pl.col("condition") == condition)
        if some.is_empty():
            continue
        label = words.of("condition", condition)
        wrong = condition in WRONG
        legend.append(h.badge(f"{label} {words.number(some.height)}", *_badge(condition)))
        paint = _paint(colour, filled, wrong)
        single = some.head(LINKED) if wrong else some.clear()
        rest = some.slice(single.height)
        if rest.height:  # one path for all of a kind: two thousand elements would be slow to lay out
            marks = "".join(_mark(row, start, way) for row in rest.iter_rows(named=True))
            drawn.append(f'<path {paint} d="{marks}"/>')
        drawn += [_link(row, _mark(row, start, way), paint, label) for row in single.iter_rows(named=True)]
    alt = escape(words("overview.map.alt"))
    return (
        f'<svg class="lw-map" role="group" aria-label="{alt}" viewBox="0 0 {WIDE:.0f} {HIGH * SCALE:.0f}">'
        f'{_border()}{"".join(drawn)}</svg><div class="lw-badges">{"".join(legend)}</div>'
    )


def _badge(condition: str) -> tuple[str, str]:
    return h.CONDITION_TONE[condition], h.CONDITION_MARK[condition]


def _mark(row: dict[str, Any], start: tuple[float, float], way: str) -> str:
    x, y = _place(row["longitude"], row["latitude"])
    return f"M{x + start[0]:.1f} {y + start[1]:.1f}{way}"


def _link(row: dict[str, Any], mark: str, paint: str, label: str) -> str:
    said = escape(" · ".join(part for part in (row["station"], row["site"], label) if part))
    return (
        f'<a href="/station?station={quote(row["station"], safe="")}" target="_self" aria-label="{said}">'
        f'<title>{said}</title><path {paint} d="{mark}"/></a>'
    )
