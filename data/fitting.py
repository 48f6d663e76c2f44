"""Sets rows aside that do not fit their columns, so that they hold up no others.

Decides row by row, and only after all together did not fit. Such a row is a mistake of the program which the
journal's check of kinds cannot see (a number too large, say). Must never leave one out unnoticed: all are
handed back.
"""

from __future__ import annotations

from typing import Any

from data.rows import Batch, Tables, tables_of

# What Arrow raises too: its own errors are among these.
UNFIT = (TypeError, ValueError, OverflowError)


def fitting_tables(batch: Batch) -> tuple[Tables, list[Any]]:
    """The columns of all rows that fit, and the rows that do not."""
    try:
        return tables_of(batch), []
    except UNFIT:
        kept = Batch(frames=[], links=[], observations=[])
        unfit: list[Any] = []
        for name in ("frames", "links", "observations"):
            for row in getattr(batch, name):
                (getattr(kept, name) if _fits(name, row) else unfit).append(row)
        return tables_of(kept), unfit


def _fits(name: str, row: Any) -> bool:
    try:
        tables_of(Batch(**{name: [row]}))
    except UNFIT:
        return False
    return True
