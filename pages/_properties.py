"""What a station told of itself and of its settings: what holds now, since when, and what was before."""

from __future__ import annotations

from html import escape

import polars as pl

from pages import _html as h
from pages._texts import Words

NAMES = {
    "make": "property.make",
    "model": "property.model",
    "serial": "station.serial",
    "firmware": "fault.firmware",
    "protocol": "station.protocol",
    "iccid": "property.iccid",
    "imsi": "property.imsi",
    "heartbeat_s": "property.heartbeat_s",
    "connectors": "station.connectors",
}
"""Our own properties, in the order shown; configuration keys follow under their own names."""
EARLIER = 3


def properties(words: Words, rows: pl.DataFrame) -> str:
    """HTML. `rows` are of the query station_properties, the newest period of each property first."""
    lines = []
    for name in sorted(rows["property"].unique(), key=_place):
        present, *earlier = rows.filter(pl.col("property") == name).iter_rows(named=True)
        before = ", ".join(
            words("property.before", value=row["value"] or "–", until=words.when(row["until"]))
            for row in earlier[:EARLIER]
        )
        lines.append(
            [
                escape(words(NAMES[name]) if name in NAMES else name),
                escape(present["value"] or "–") + (f"<small>{escape(before)}</small>" if before else ""),
                f'<span class="lw-nowrap">{escape(words.when(present["since"]))}</span>',
            ]
        )
    return h.table([words(f"col.{name}") for name in ("property", "value", "since")], lines)


def _place(name: str) -> tuple[int, str]:
    return (list(NAMES).index(name) if name in NAMES else len(NAMES), name)
