"""Query results as polars tables whose instants are aware UTC. Decides nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import polars as pl


def table_of(result: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Fetches everything. Columns are naive UTC in the database, UTC-aware in the table."""
    # Loaded here: half a second that who only writes (an import) need not spend.
    import polars.selectors as cs

    frame = result.pl()
    return frame.with_columns(cs.datetime(time_zone=None).dt.replace_time_zone("UTC"))
