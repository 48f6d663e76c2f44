"""Rows as files to take away. Decides nothing about what is in them."""

from __future__ import annotations

import io

import polars as pl


def as_csv(rows: pl.DataFrame) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read the accents; instants as ISO 8601 in UTC."""
    plain = rows.with_columns(pl.col(pl.List(pl.String)).list.join(" "))
    return b"\xef\xbb\xbf" + plain.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()


def as_parquet(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    rows.write_parquet(out)
    return out.getvalue()
