"""Debug logs of Home Assistant's OCPP integration: `2025-01-30 14:41:45.253 INFO (…) [ocpp] NAME: send […`.

Source: lines of lbbrhzn/ocpp issues 2, 1426 and 1505, its custom_components/ocpp/api.py, and the logging of
the `ocpp` package (mobilityhouse/ocpp). Times are local, without a zone. `receive message` is from the
station, `send` to it. The lines of `websockets.server` repeat the frames cut short and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from collectors.logs.formats.text import STAMP, LocalClock, Reading, Skipped, entries
from collectors.logs.logfile import VERSIONS, BadLine, LogRecord, Unfit, station_name

_FRAME = r"\[ocpp\]\s+(?P<station>.+?): (?P<way>receive message|send(?: message)?) (?P<frame>\[.*)"
_LINK = (
    r"\[custom_components\.ocpp[\w.]*\]\s+(?:"
    r"Websocket Subprotocol matched: ocpp(?P<version>[\d.]+)"
    r"|Charger websocket path=(?P<path>\S+)"
    r"|Charger (?P<gone>.+) disconnected from .*)"
)
_HEAD = re.compile(rf"{STAMP}\s.*?(?:{_FRAME}|{_LINK})", re.DOTALL)
_OWN = re.compile(r"\[ocpp\]\s+.+?: (?:receive message|send(?: message)?) \[|\[custom_components\.ocpp")


def fits(lines: Sequence[str]) -> bool:
    return any(_OWN.search(line) for line in lines)


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    clock = LocalClock(reading.zone)
    version: str | None = None
    for entry in entries(chunks, _HEAD):
        if isinstance(entry, Skipped):
            yield BadLine(entry.line, entry.reason)
            continue
        head = entry.head
        if head["version"]:
            # Told on the line before the one that names the station.
            version = head["version"] if head["version"] in VERSIONS else None
            continue
        try:
            at = clock.at(head)
            if head["station"]:
                direction = "in" if head["way"] == "receive message" else "out"
                station = station_name(head["station"])
                yield LogRecord(entry.line, at, station, direction=direction, raw=entry.text.rstrip())
            elif head["path"]:
                station = station_name(head["path"].strip("/").rpartition("/")[2])
                yield LogRecord(entry.line, at, station, event="connected", version=version)
                version = None
            else:
                station = station_name(head["gone"].rpartition(":")[2])
                yield LogRecord(entry.line, at, station, event="disconnected")
        except Unfit as fault:
            yield BadLine(entry.line, str(fault))
