"""Dates as spreadsheets write them: `22-11-2026 10:00:00`, `22.11.2026 10:00`, `11/22/2026 3:14:29 PM`.

Decides the order of day and month once for a log. With dots and dashes the day is first, with AM and PM the
month; with slashes alone a day above 12 tells, and where none does such a time is refused, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from collectors.logs.logfile import Unfit

_WRITTEN = (
    r"(?P<one>\d{1,2})(?P<sign>[-./])(?P<two>\d{1,2})(?P=sign)(?P<year>\d{4}),?[ T]+"
    r"(?P<hour>\d{1,2}):(?P<rest>\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_DATE = re.compile(_WRITTEN)
#: Above this the first number of a date is its day.
MONTHS = 12


def is_day_first(lines: Iterable[str]) -> bool | None:
    """What the dates with slashes in these lines tell; None when they do not."""
    for line in lines:
        for found in _DATE.finditer(line):
            if found["sign"] != "/":
                continue
            if found["half"] or int(found["two"]) > MONTHS:
                return False
            if int(found["one"]) > MONTHS:
                return True
    return None


def as_iso(text: str, day_first: bool | None) -> str | None:
    """ISO 8601 without a zone; None when it is no such date. Unfit where day or month may be first."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    if found["sign"] != "/":
        day_first = True
    if day_first is None:
        raise Unfit(f"{text[:40]!r} may have day or month first: write it as {found['year']}-MM-DD")
    day, month = (found["one"], found["two"]) if day_first else (found["two"], found["one"])
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] in "Pp" else 0)
    rest = found["rest"].replace(",", ".")
    return f"{found['year']}-{int(month):02}-{int(day):02}T{hour:02}:{rest}"
