"""The one place where a value becomes SQL text.

Quack's remote query takes no parameters, so values travel as literals. Must never return text that DuckDB
could read as anything but exactly one constant: tests compare what comes back for hostile strings.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from sqlglot import exp

from data.rows import naive_utc


def literal(value: Any) -> str:
    """The literal for None, bool, int, float, str, aware datetime (naive UTC there), date or a list of them.

    Raises ValueError for text DuckDB cannot hold (NUL, unpaired surrogates), naive datetimes and numbers that
    are not finite, TypeError for other types.
    """
    return _constant(value).sql(dialect="duckdb")


def _constant(value: Any) -> exp.Expression:  # noqa: PLR0911 one return per type reads best
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Paren(this=exp.Literal.number(value)) if value < 0 else exp.Literal.number(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return exp.cast(exp.Literal.string(repr(value)), "DOUBLE")
        raise ValueError("only finite numbers can be asked for")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(naive_utc(value).isoformat(sep=" ")), "TIMESTAMP")
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, list | tuple):
        return exp.Array(expressions=[_constant(item) for item in value])
    raise TypeError(f"a {type(value).__name__} cannot be part of a query")


def _text(value: str) -> exp.Expression:
    # str subclasses (enumerations) are taken by their plain value.
    plain = str.__str__(value)
    if "\x00" in plain:
        raise ValueError("text with a NUL character cannot be asked for")
    plain.encode("utf-8")  # raises UnicodeEncodeError, a ValueError, on unpaired surrogates
    return exp.Literal.string(plain)
