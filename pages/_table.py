"""Rows as files to take away. Decides only that a spreadsheet runs nothing of what is in them."""

from __future__ import annotations

import io

import polars as pl

# A cell that begins so is a formula to a spreadsheet (OWASP: CSV Injection), and station texts are anybody's.
FORMULA = r"^([=+\-@\t\r\n])"


def as_csv(rows: pl.DataFrame) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read the accents; instants as ISO 8601 in UTC.

    A text that a spreadsheet would run begins with an apostrophe, which it does not show.
    """
    joined = rows.with_columns(pl.col(pl.List(pl.String)).list.join(" "))
    plain = joined.with_columns(pl.col(pl.String).str.replace(FORMULA, "'${1}"))
    return b"\xef\xbb\xbf" + plain.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()


def as_parquet(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    rows.write_parquet(out)
    return out.getvalue()
