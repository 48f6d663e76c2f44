"""Silences and maintenance windows as stored, and the stations they may match, as the types of judgement.

Decides nothing. Rows come from the named queries `windows` and `station_subjects`, on either side of the
read door.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import polars as pl

from rules.core.calendar.recurrence import Recurrence
from rules.core.calendar.window import Matcher, Subject, Window, WindowKind, subject

_recurrence = msgspec.json.Decoder(Recurrence).decode
_FIELDS = Matcher.__struct_fields__


class StoredWindow(msgspec.Struct, frozen=True, kw_only=True):
    """`ended_at`: it is over; `ended_by`: somebody ended it early."""

    window: Window
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None


def windows_of(rows: pl.DataFrame) -> list[StoredWindow]:
    """In the order of the rows."""
    return [
        StoredWindow(
            window=Window(
                window_id=row["window_id"],
                kind=WindowKind(row["kind"]),
                matcher=Matcher(**{name: row[name] for name in _FIELDS}),
                made_by=row["made_by"],
                why=row["why"],
                made_at=row["made_at"],
                starts_at=row["starts_at"],
                ends_at=row["ends_at"],
                recurrence=_recurrence(row["recurrence"]),
                safety=bool(row["safety"]),
            ),
            ended_at=row["ended_at"],
            ended_by=row["ended_by"],
            ended_why=row["ended_why"],
        )
        for row in rows.iter_rows(named=True)
    ]


def subjects_of(rows: pl.DataFrame) -> list[Subject]:
    """One for each station, as a matcher sees it."""
    return [subject(**row) for row in rows.iter_rows(named=True)]
