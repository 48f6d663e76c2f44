"""The inbox's table: which incidents lie in which tray, what a search finds, what each cell says. No
Streamlit.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pages import _handling
from pages import _html as h
from pages._data import now
from pages._texts import Words

TRAYS = ("new", "mine", "operator", "installer", "all", "closed")
# Pixels; together what the left column holds on a 1440 pixel screen.
WIDTHS = {
    "severity": 96,
    "fault": 236,
    "station": 104,
    "site": 122,
    "side": 80,
    "owner": 84,
    "since": 84,
    "term": 82,
    "times": 40,
}
# Characters that the fault's column holds on one line; Streamlit wraps cells only in rows above 60 pixels.
ONE_LINE = 34
LOW, TALL = 40, 62


def in_tray(rows: pl.DataFrame, tray: str, email: str) -> pl.DataFrame:
    is_open = pl.col("state") != "resolved"
    mine = (pl.col("acknowledged_by") == email) | (pl.col("assignee") == email)
    wanted = {
        "new": is_open & pl.col("acknowledged_at").is_null(),
        "mine": is_open & mine,
        "operator": is_open & (pl.col("holder") == "operator"),
        "installer": is_open & (pl.col("holder") == "installer"),
        "all": is_open,
        "closed": ~is_open,
    }
    return rows.filter(wanted[tray].fill_null(False))


def matching(rows: pl.DataFrame, wanted: str) -> pl.DataFrame:
    """Every word of the search must occur in the charger, place, address, parties or fault's name."""
    for word in wanted.casefold().split():
        hay = pl.concat_str(
            "station", "site", "address", "installer", "customer", "name", separator=" ", ignore_nulls=True
        )
        rows = rows.filter(hay.str.to_lowercase().str.contains(word, literal=True))
    return rows


def members(words: Words, row: dict[str, Any]) -> str:
    """How many stations; what is about our own messages is about none."""
    if not row["member_count"]:
        return words("triage.own")
    return words.count("triage.members", row["member_count"])


def height_of_row(names: list[str]) -> int:
    """Pixels: room for two lines as soon as one name needs them, so that none is cut."""
    return TALL if any(len(name) > ONE_LINE for name in names) else LOW


def cells(words: Words, rows: pl.DataFrame) -> pl.DataFrame:
    def line(row: dict[str, Any]) -> dict[str, Any]:
        severity = row["severity"]
        return {
            words("col.severity"): f"{h.SEVERITY_MARK.get(severity, '')} {words.of('severity', severity)}",
            words("col.fault"): row["name"],
            words("col.station"): row["station"] or members(words, row),
            words("col.site"): row["site"] or "",
            words("col.side"): words.of("side", row["side"]),
            words("col.owner"): words.of("owner", row["holder"]),
            words("col.since"): words.span((now() - (row["opened_at"] or row["pending_at"])).total_seconds()),
            words("col.term"): _handling.term(words, row),
            words("col.times"): row["times"],
        }

    return pl.DataFrame([line(row) for row in rows.iter_rows(named=True)])


def labels(words: Words, rows: pl.DataFrame) -> list[str]:
    """Each incident in one line, for a list on a phone."""
    return [
        f"{h.SEVERITY_MARK.get(row['severity'], '')} {row['station'] or members(words, row)} · {row['name']}"
        for row in rows.iter_rows(named=True)
    ]


def look_of(rows: pl.DataFrame) -> int:
    """What of the inbox, when it changes elsewhere, is worth drawing the page anew."""
    return hash(tuple(rows.select("incident_id", "state", "acknowledged_at", "holder").rows()))
