"""Query results as polars tables whose instants are aware UTC. Decides nothing else."""

from __future__ import annotations

import duckdb
import polars as pl
import polars.selectors as cs


def table_of(result: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Fetches everything. Columns are naive UTC in the database, UTC-aware in the table."""
    frame = result.pl()
    return frame.with_columns(cs.datetime(time_zone=None).dt.replace_time_zone("UTC"))
