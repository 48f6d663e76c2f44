"""Charts that need plotly: hours down a day, by whom. Made and sent only when somebody asks to see one.

Plotly is five megabytes of script in the visitor's browser: no page may draw one at first paint.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pages._texts import Words

COLOURS = {"operator": "#2563c9", "installer": "#7c3aed", "customer": "#b45309", "none": "#5d6673"}


def down_by_day(days: pl.DataFrame, words: Words) -> Any:
    """A plotly figure of stacked hours. `days` are rows of level `day` of the uptime query."""
    from plotly import graph_objects

    rows = days.sort("day")
    said = [words.day(day) for day in rows["day"]]
    figure: Any = graph_objects.Figure()  # type: ignore[attr-defined,no-untyped-call]
    for owner, colour in COLOURS.items():
        hours = [seconds / 3600 for seconds in rows[f"down_{owner}_s"]]
        if not any(hours):
            continue
        label = words.of("blame", owner)
        figure.add_bar(
            x=rows["day"].to_list(),
            y=hours,
            name=label,
            marker={"color": colour},
            customdata=[[day, words.span(hour * 3600)] for day, hour in zip(said, hours, strict=True)],
            hovertemplate="%{customdata[0]}<br>" + label + ": %{customdata[1]}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.15,
        height=260,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        font={"size": 13, "color": "#44505c"},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        # Month names would come in English: numbers read in every language.
        xaxis={"tickformat": "%d/%m", "fixedrange": True},
        yaxis={
            "ticksuffix": f" {words('unit.hour', n='').strip()}",
            "fixedrange": True,
            "gridcolor": "#e3e7ec",
        },
    )
    return figure
