"""From seconds to what is shown of uptime: shares, day bars, the split of downtime. The seconds come from
SQL.

A share is up / (up + down). Unknown time is outside; nothing known gives None, never 100 %.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pages import _html as h
from pages._texts import Words

UP, DOWN = "up_s", ("offline_s", "faulted_s", "unavailable_s")
OWNERS = {"operator": "blue", "installer": "violet", "customer": "amber", "none": "grey"}


def share(row: dict[str, Any]) -> float | None:
    down = sum(row[name] for name in DOWN)
    known = row[UP] + down
    return row[UP] / known if known > 0 else None


def share_of(rows: pl.DataFrame) -> float | None:
    """Over all rows together: seconds are added before dividing, so that a short day weighs little."""
    if rows.is_empty():
        return None
    return share(rows.select(UP, *DOWN).sum().row(0, named=True))


def down_s(row: dict[str, Any]) -> float:
    return float(sum(row[name] for name in DOWN))


def day_shares(uptime: pl.DataFrame) -> list[tuple[date, float | None]]:
    days = uptime.filter(pl.col("level") == "day").sort("day")
    return [(row["day"], share(row)) for row in days.iter_rows(named=True)]


def bars(words: Words, days: pl.DataFrame, wanted: int) -> str:
    """One bar a day, oldest left; days without a row are days without data."""
    rows = list(days.sort("day").iter_rows(named=True))[-wanted:]
    drawn = []
    for row in rows:
        known = share(row)
        if known is None:
            label = words("uptime.day.none", day=words.day(row["day"]))
        else:
            spent = words.span(down_s(row))
            label = words("uptime.day", day=words.day(row["day"]), share=words.percent(known), down=spent)
        drawn.append(h.Bar(known, label))
    drawn = [h.Bar(None, words("uptime.nodata"))] * (wanted - len(drawn)) + drawn
    total = words.percent(share_of(days))
    alt = words("uptime.bars.alt", share=total, n=wanted)
    return h.bars(drawn, words("uptime.ago", n=wanted), words("uptime.today"), alt)


def legend(words: Words) -> str:
    kinds = ("ok", "mild", "poor", "bad", "none")
    items = "".join(
        f'<span><i class="lw-b-{kind}"></i>{words(f"uptime.legend.{kind}")}</span>' for kind in kinds
    )
    return f'<div class="lw-legend">{items}</div>'


def split(words: Words, row: dict[str, Any]) -> str:
    """Downtime by the owner of the incident that lasted then."""
    parts = [
        (
            words.pair(words.of("blame", owner), words.span(row[f"down_{owner}_s"])),
            float(row[f"down_{owner}_s"]),
            tone,
        )
        for owner, tone in OWNERS.items()
    ]
    return h.split_bar(parts, words("uptime.split.title"))
