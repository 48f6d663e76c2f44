"""Belgium with its stations, drawn from coordinates alone: no tiles, no request to anybody.

State is told by shape as well as colour. One function, so that another map can take its place.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from plotly import graph_objects

from pages._texts import Words

# The border, drawn by hand from the towns along it, good to a few kilometres: for orientation only.
OUTLINE = (
    "2.55 51.09,2.75 51.16,2.92 51.24,3.13 51.33,3.37 51.37,3.38 51.28,3.44 51.24,3.53 51.29,"
    "3.59 51.30,3.79 51.26,3.80 51.21,3.95 51.22,4.03 51.25,4.17 51.29,4.24 51.35,4.24 51.38,"
    "4.34 51.38,4.41 51.36,4.43 51.37,4.39 51.42,4.40 51.45,4.48 51.48,4.54 51.48,4.55 51.43,"
    "4.64 51.42,4.70 51.47,4.77 51.50,4.84 51.48,4.84 51.46,4.78 51.43,4.87 51.41,4.93 51.40,"
    "5.04 51.49,5.10 51.43,5.08 51.39,5.13 51.35,5.14 51.31,5.20 51.32,5.24 51.30,5.23 51.26,"
    "5.33 51.26,5.41 51.26,5.48 51.30,5.52 51.29,5.56 51.22,5.65 51.20,5.75 51.18,5.84 51.16,"
    "5.78 51.06,5.73 50.96,5.76 50.95,5.73 50.91,5.65 50.87,5.64 50.84,5.69 50.80,5.69 50.76,"
    "5.78 50.75,5.89 50.75,6.02 50.75,6.04 50.72,6.12 50.72,6.18 50.64,6.27 50.62,6.18 50.54,"
    "6.20 50.52,6.34 50.48,6.37 50.45,6.40 50.33,6.31 50.32,6.28 50.27,6.18 50.23,6.14 50.13,"
    "6.03 50.18,5.96 50.17,5.89 50.11,5.82 50.01,5.74 49.92,5.75 49.85,5.75 49.79,5.83 49.74,"
    "5.89 49.70,5.90 49.66,5.86 49.57,5.82 49.55,5.73 49.55,5.60 49.52,5.47 49.50,5.42 49.60,"
    "5.31 49.61,5.27 49.69,5.16 49.69,5.09 49.76,4.99 49.80,4.87 49.79,4.86 49.87,4.88 49.91,"
    "4.78 49.96,4.80 50.03,4.83 50.15,4.76 50.14,4.69 50.08,4.69 49.99,4.45 49.94,4.23 49.96,"
    "4.14 49.98,4.18 50.05,4.22 50.07,4.15 50.13,4.20 50.14,4.20 50.27,4.08 50.31,4.02 50.35,"
    "3.88 50.33,3.74 50.34,3.66 50.46,3.52 50.49,3.46 50.52,3.36 50.50,3.28 50.53,3.27 50.60,"
    "3.24 50.66,3.26 50.70,3.19 50.74,3.15 50.79,3.08 50.77,2.95 50.75,2.90 50.70,2.84 50.72,"
    "2.71 50.81,2.63 50.81,2.59 50.92,2.60 50.99,2.55 51.09"
)
# (condition, colour, symbol), drawn in this order: what is wrong lies on top.
MARKS = (
    ("unknown", "#6b7280", "circle-open"),
    ("available", "#1b7f4d", "circle"),
    ("charging", "#2563c9", "triangle-right"),
    ("unavailable", "#7c3aed", "square"),
    ("offline", "#b45309", "diamond"),
    ("faulted", "#b42318", "x"),
)


def spread(stations: pl.DataFrame) -> pl.DataFrame:
    """Stations of one site side by side, a few kilometres apart, so that none hides another."""
    corner = pl.concat_str(pl.col("latitude").round(2), pl.col("longitude").round(2), separator=" ")
    turn = pl.int_range(pl.len()).over(pl.coalesce("site", corner))
    reach = turn.cast(pl.Float64).sqrt() * 0.05  # degrees; a sunflower's spiral of golden angles
    return stations.with_columns(
        latitude=pl.col("latitude") + reach * (turn * 2.4).sin() / 1.57,
        longitude=pl.col("longitude") + reach * (turn * 2.4).cos(),
    )


def fleet_map(stations: pl.DataFrame, words: Words) -> Any:
    """A plotly figure. `stations` needs station, site, latitude, longitude (WGS 84) and condition."""
    points = [tuple(map(float, pair.split())) for pair in OUTLINE.split(",")]
    figure: Any = graph_objects.Figure()  # type: ignore[attr-defined,no-untyped-call]
    stations = spread(stations)
    figure.add_scatter(
        x=[x for x, _ in points],
        y=[y for _, y in points],
        mode="lines",
        fill="toself",
        hoverinfo="skip",
        line={"color": "#c3ccd6", "width": 1.2},
        fillcolor="#ffffff",
        showlegend=False,
    )
    for condition, colour, symbol in MARKS:
        some = stations.filter(pl.col("condition") == condition)
        if some.is_empty():
            continue
        label = words.of("condition", condition)
        wrong = condition in ("faulted", "offline")
        figure.add_scatter(
            x=some["longitude"].to_list(),
            y=some["latitude"].to_list(),
            mode="markers",
            name=f"{label} ({some.height})",
            customdata=some.select("station", pl.col("site").fill_null("")).rows(),
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>" + label + "<extra></extra>",
            marker={
                "color": colour,
                "symbol": symbol,
                "size": 12 if wrong else 9,
                "line": {"color": "#ffffff" if symbol != "circle-open" else colour, "width": 1.2},
            },
        )
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(
        height=430,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        showlegend=True,
        legend={"orientation": "h", "y": -0.02, "x": 0, "font": {"size": 13, "color": "#44505c"}},
        xaxis={**hidden, "range": [2.4, 6.55]},
        # One degree of latitude is 1.57 times a degree of longitude at 50.5° north.
        yaxis={**hidden, "scaleanchor": "x", "scaleratio": 1.57, "range": [49.4, 51.6]},
    )
    return figure
