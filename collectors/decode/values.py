"""Reads single values the way stations write them: numbers, whole numbers, texts, instants.

Each reader returns the value, or None where nothing sensible is there, with the finding that names what
was odd. They never raise and never replace "not told" by zero.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from collectors.decode import findings

EARLIEST: Final = datetime(2011, 1, 1, tzinfo=UTC)
"""OCPP 1.5 is of 2012: a station clock before this was never set (1970, 2000 and 2010 are seen)."""

FUTURE_S: Final = 300.0
"""A station clock this many seconds ahead of ours is ahead, not jittering."""
ZONE_SLACK_S: Final = 120.0
"""How near to a whole half hour a clock must be ahead to be taken for local time marked as UTC."""
LATE_S: Final = 3_600.0
STALE_S: Final = 30 * 86_400.0
IMPOSSIBLE_FUTURE_S: Final = 366 * 86_400.0

_NUMBER: Final = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_DECIMAL_COMMA: Final = re.compile(r"[-+]?\d+,\d+")
_WITH_UNIT: Final = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(?:k?Wh?|A|V|%|Percent|°?C)", re.IGNORECASE)
_INSTANT: Final = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_MAX_DIGITS: Final = 60
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def read_text(value: Any, limit: int = 500) -> str | None:
    """Text without surrounding space, at most `limit` characters. Empty text and the word "null" are None."""
    if type(value) is not str:
        if value is None or isinstance(value, dict | list | bool):
            return None
        value = str(value)[:_MAX_DIGITS]
    value = value.strip()
    if not value or value == "null":  # ABB sends info "null" when there is none
        return None
    if len(value) > limit:
        value = value[:limit]
    return value if value.isprintable() else _UNSTORABLE.sub("", value) or None


def read_int(value: Any) -> int | None:
    """A whole number, also from text ("1", " 1 ", "1.0")."""
    if type(value) is int:
        return value
    number, _ = read_number(value)
    if number is None or number != int(number):
        return None
    return int(number)


def read_number(value: Any) -> tuple[float | None, str | None]:
    """A finite number, from a JSON number or text. Whole numbers stay exact up to 2^53."""
    if isinstance(value, str):
        return _number_of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, findings.NUMBER_UNREADABLE
    if isinstance(value, int) and abs(value) >= 1 << 1000:
        return None, findings.NUMBER_UNREADABLE
    number = float(value)
    return (number, None) if math.isfinite(number) else (None, findings.NUMBER_UNREADABLE)


def _number_of_text(value: str) -> tuple[float | None, str | None]:
    text = value.strip()
    if len(text) > _MAX_DIGITS:
        return None, findings.NUMBER_UNREADABLE
    found = findings.NUMBER_PADDED if len(text) != len(value) else None
    if _NUMBER.fullmatch(text) is None:
        if _DECIMAL_COMMA.fullmatch(text):
            return float(text.replace(",", ".")), findings.NUMBER_DECIMAL_COMMA
        if match := _WITH_UNIT.fullmatch(text):
            return float(match[1]), findings.NUMBER_WITH_UNIT
        return None, findings.NUMBER_UNREADABLE
    number = float(text)
    if not math.isfinite(number):
        return None, findings.NUMBER_UNREADABLE
    if "e" in text or "E" in text:
        found = findings.NUMBER_EXPONENT
    return number, found


def read_instant(value: Any, received: datetime) -> tuple[datetime | None, str | None]:
    """The station's time stamp as aware UTC, judged against `received` (our clock, aware UTC).

    A time no station can mean (before 2011, or more than a year ahead) is None. One that is only odd is
    kept as the station said it: nobody can know which clock is right, so both are stored.
    """
    if not isinstance(value, str):
        return None, findings.TIMESTAMP_UNREADABLE
    found = None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        other = _instant_of_text(value)
        if other is None:
            return None, findings.TIMESTAMP_UNREADABLE
        instant, found = other, findings.TIMESTAMP_FORMAT
    zone = instant.tzinfo
    if zone is None:
        instant = instant.replace(tzinfo=UTC)
        found = findings.TIMESTAMP_NO_ZONE
    elif zone is not UTC:
        if not 2 < instant.year < 9998:
            return None, findings.TIMESTAMP_IMPOSSIBLE
        instant = instant.astimezone(UTC)
    if instant < EARLIEST:
        return None, findings.TIMESTAMP_IMPOSSIBLE
    ahead = (instant - received).total_seconds()
    if -LATE_S <= ahead <= FUTURE_S:
        return instant, found
    return _far_instant(instant, ahead, found)


def _far_instant(instant: datetime, ahead: float, found: str | None) -> tuple[datetime | None, str | None]:
    if ahead > IMPOSSIBLE_FUTURE_S:
        return None, findings.TIMESTAMP_IMPOSSIBLE
    if ahead < -STALE_S:
        return instant, findings.TIMESTAMP_STALE
    if ahead < 0:
        return instant, found or findings.TIMESTAMP_LATE
    nearest = round(ahead / 1800.0) * 1800.0
    if abs(ahead - nearest) <= ZONE_SLACK_S and 1800.0 <= nearest <= 14 * 3600.0:
        return instant, findings.TIMESTAMP_LOCAL_AS_UTC
    return instant, findings.TIMESTAMP_FUTURE


def _instant_of_text(text: str) -> datetime | None:
    """Time stamps that are not ISO 8601: slashes, missing zeros, missing seconds, second 60, hour 24."""
    match = _INSTANT.fullmatch(text.strip()) if len(text) <= _MAX_DIGITS else None
    if match is None:
        return None
    year, month, day, hour, minute = (int(match[i]) for i in range(1, 6))
    second = int(match[6] or 0)
    if hour > 24 or minute > 59 or second > 60:
        return None
    try:
        instant = datetime(year, month, day, tzinfo=UTC)
        instant += timedelta(
            hours=hour, minutes=minute, seconds=second, microseconds=int(f"{match[7] or 0:0<6}"[:6])
        )
        zone = match[8]
        if zone is None:
            return instant.replace(tzinfo=None)
        if zone[0] in "+-":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            instant -= offset if zone[0] == "+" else -offset
    except (ValueError, OverflowError):
        return None
    return instant
