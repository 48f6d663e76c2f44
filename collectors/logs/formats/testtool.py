"""Text logs of the Open Charge Alliance's test tool: `[time] [msg-in] [2,…]` and `time >>> [2,…]`.

Source: the two line forms that Battelle's public log parser (2025) takes; the tool's own logs are not public.
The tool plays the back end or the station, so what is `in` for it may be either way: requests settle it. It
names no station.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from collectors.logs.formats.direction import Directions, asks
from collectors.logs.formats.text import LocalClock, LogFormatError, Reading, Skipped, entries
from collectors.logs.logfile import BadLine, LogRecord, Unfit, station_name

_HEAD = re.compile(
    r"^\W{0,2}(?P<date>\d{4}[-/]\d\d[-/]\d\d)?[T ]?(?P<time>\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)\s?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?[\s\]].{0,200}?(?P<way>\[msg-in\]|\[msg-out\]|>>>|<<<)\s*(?P<frame>\[.*)",
    re.DOTALL,
)
_MARK = re.compile(r"(?:\[msg-(?:in|out)\]|>>>|<<<)\s*\[")
_ACTION = re.compile(r'\s*\[\s*2\s*,\s*"[^"]*"\s*,\s*"(\w+)"')
_INWARD = frozenset({"[msg-in]", ">>>"})


def fits(lines: Sequence[str]) -> bool:
    return any(_MARK.search(line) for line in lines)


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    """LogFormatError when no station is named, or no day for times without one."""
    if reading.station is None:
        raise LogFormatError("a log of the test tool names no station: add --station ID")
    station = station_name(reading.station)
    clock = LocalClock(reading.zone)
    day = _Day(reading)
    directions = Directions()
    inward_is_from_station = True
    for entry in entries(chunks, _HEAD):
        if isinstance(entry, Skipped):
            yield BadLine(entry.line, entry.reason)
            continue
        head = entry.head
        inward = head["way"] in _INWARD
        if (request := _ACTION.match(entry.text)) and (asker := asks(request[1])):
            inward_is_from_station = inward is (asker == "in")
        told = "in" if inward is inward_is_from_station else "out"
        try:
            time = head["time"].replace(",", ".")
            date = (head["date"] or day.of(time)).replace("/", "-")
            at = clock.of(f"{date}T{time}", head["zone"])
        except Unfit as fault:
            yield BadLine(entry.line, str(fault))
            continue
        direction = directions.of(station, entry.text, told)
        yield LogRecord(entry.line, at, station, direction=direction, raw=entry.text.rstrip())


class _Day:
    """The day of times that have none: the day the log begins, and the next after every midnight."""

    def __init__(self, reading: Reading) -> None:
        self._day = None if reading.begin is None else reading.begin.astimezone(reading.zone).date()
        self._last = ""

    def of(self, time: str) -> str:
        if self._day is None:
            raise LogFormatError(
                "this log prints times without a date: add --begin YYYY-MM-DD, its first day"
            )
        # Lines may be a little out of order; midnight takes nearly a day off.
        if self._last and int(time[:2]) < int(self._last[:2]) - 12:
            self._day += timedelta(days=1)
        self._last = time
        return self._day.isoformat()
