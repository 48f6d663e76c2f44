"""Logs of SteVe: `[INFO ] 2025-12-13 15:50:19,594 …WebSocketLogger - [chargeBoxId=…, sessionId=…] …`.

Source: WebSocketLogger.java and the logging configurations of steve-community/steve; lines of its issues 129,
1916 and 2058. Times are local, without a zone. `Received` is from the station, `Sending` to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from collectors.logs.formats.text import STAMP, LocalClock, Reading, Skipped, entries
from collectors.logs.logfile import BadLine, LogRecord, Unfit, station_name

_HEAD = re.compile(
    rf"{STAMP}.*?\[chargeBoxId=(?P<station>[^,\]]*)(?:,\s*sessionId=[^\]]*)?\]\s+"
    r"(?:(?P<way>Received|Sending):\s*(?P<frame>.*)|Connection is (?P<event>established|closed)\b.*)",
    re.DOTALL,
)


def fits(lines: Sequence[str]) -> bool:
    return any("[chargeBoxId=" in line for line in lines)


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    clock = LocalClock(reading.zone)
    for entry in entries(chunks, _HEAD):
        if isinstance(entry, Skipped):
            yield BadLine(entry.line, entry.reason)
            continue
        head = entry.head
        try:
            at, station = clock.at(head), station_name(head["station"].strip())
        except Unfit as fault:
            yield BadLine(entry.line, str(fault))
            continue
        if head["event"]:
            event = "connected" if head["event"] == "established" else "disconnected"
            yield LogRecord(entry.line, at, station, event=event)
        else:
            direction = "in" if head["way"] == "Received" else "out"
            yield LogRecord(entry.line, at, station, direction=direction, raw=entry.text.rstrip())
