"""What a line says before a frame: whose it is, which way it went, and when by syslog's clock without a year.

Decides only what the words mean; without words nothing is told, and nothing is guessed here.
Source: the logging of the `ocpp` package (mobilityhouse/ocpp, charge_point.py) under Python's usual layouts;
evcc-io/evcc issues 10109, 14733 and 32078; matth-x/MicroOcpp issue 363.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

#: Characters before a frame in which its words are looked for.
LOOKED_AT: Final = 600

_PYTHON = re.compile(
    r"(?:.*(?:\b(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)(?::[\w.]+:|[\]:|\s-]*\s)|\s-\s|[\]|]:?\s)|^)\s*"
    r"(?P<station>[^\[\]|{}\"]{1,255}?)\s?: (?P<way>receive|send)(?: message)?\s*$"
)
_EVCC = re.compile(
    r"\b(?P<way>recv|received|send|sent)(?: JSON message (?:from|to))? (?P<station>[^\s\[\]{}\"]+):\s*$"
)
_WAY_ONLY = re.compile(r"\b(?P<way>recv|received|receive|send|sent|sending)\s*:?\s*$", re.IGNORECASE)

_SYSLOG = re.compile(
    r"(?P<month>[^\W\d_]{3})[^\W\d_]?\.? +(?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d)(?:\.\d+)? \S+ "
)
#: As journalctl prints them in English, Dutch, German and French.
_MONTHS: Final = (
    ("jan",), ("feb", "fév"), ("mar", "mrt", "maa", "mär"), ("apr", "avr"), ("may", "mei", "mai"), ("jun",),
    ("jul",), ("aug", "aoû"), ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez", "déc"),
)  # fmt: skip
_MONTH: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}


class Said(NamedTuple):
    """`inward`: received by who wrote the log, which may be either side. None for what is not told."""

    station: str | None = None
    inward: bool | None = None


def said(before: str) -> Said:
    """What stands before a frame, after the time."""
    before = before[-LOOKED_AT:]
    found = _PYTHON.match(before) or _EVCC.search(before)
    if found is not None:
        return Said(found["station"].strip(), found["way"].startswith("rec"))
    found = _WAY_ONLY.search(before)
    return Said(None, None if found is None else found["way"].lower().startswith("rec"))


def syslog_time(line: str, zone: tzinfo, near: datetime | None) -> datetime | None:
    """Aware UTC, in the year that is nearest to `near`; None without a time of syslog, or without `near`."""
    found = _SYSLOG.match(line)
    month = None if found is None else _MONTH.get(found["month"].lower())
    if found is None or month is None or near is None:
        return None
    days = f"{month:02}-{int(found['day']):02}T{found['time']}"
    possible = []
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            local = datetime.fromisoformat(f"{year:04}-{days}")
        except ValueError:
            continue
        possible.append(local.replace(tzinfo=zone).astimezone(UTC))
    return min(possible, key=lambda at: abs(at - near), default=None)
