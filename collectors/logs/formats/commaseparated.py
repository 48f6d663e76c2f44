"""CSV logs with a header line: `timestamp,id,action,msg`, OCPP-J in the last column; our own export too.

Source: the demo logs of appspace/kwwhat. Columns are found by name; commas or semicolons. A frame may go on
over several lines within its quotes. Without a direction column the direction is worked out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from collectors.logs.formats.direction import Directions, looks_like_frame
from collectors.logs.formats.text import MAX_LINES, LocalClock, LogFormatError, Reading, text_lines
from collectors.logs.logfile import MAX_LINE, VERSIONS, BadLine, LogRecord, Unfit, parse_time, station_name

TIMES = ("timestamp", "time", "t", "received_at", "datetime", "date")
STATIONS = ("station", "id", "station_id", "stationid", "charge_point_id", "chargepointid", "charge_point",
            "chargeboxid", "charge_box_id", "charger_id", "cp_id", "cpid", "identity")  # fmt: skip
FRAMES = ("raw", "msg", "message", "frame", "ocpp_message", "raw_message", "payload")
WAYS = ("direction", "dir")
_INWARD = frozenset({"in", "incoming", "received", "receive", "recv", "rx"})
_OUTWARD = frozenset({"out", "outgoing", "sent", "send", "tx"})
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?")
# A record whose quotes never close ends where the next one begins.
_BEGINS = re.compile(r'"?(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{10,13}[,;])')


class Columns(NamedTuple):
    delimiter: str
    width: int
    time: int
    station: int | None
    frame: int
    way: int | None
    version: int | None


def columns_of(header: str) -> Columns | None:
    """Where things are; None when the line is no header of such a log."""
    for delimiter in ",;\t":
        names = [name.strip().strip('"').lower() for name in header.split(delimiter)]
        time, frame = _place(names, TIMES), _place(names, FRAMES)
        if len(names) > 1 and time is not None and frame is not None:
            return Columns(
                delimiter,
                len(names),
                time,
                _place(names, STATIONS),
                frame,
                _place(names, WAYS),
                _place(names, ("version",)),
            )
    return None


def fits(lines: Sequence[str]) -> bool:
    return bool(lines) and columns_of(lines[0]) is not None


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    """LogFormatError for a header without the columns needed, or without a station when none is named."""
    rows = text_lines(chunks)
    columns: Columns | None = None
    for _, line in rows:
        if line is not None and line.strip():
            columns = columns_of(line)
            break
    else:
        return
    if columns is None:
        raise LogFormatError("a CSV log needs a header line with a time and a frame: timestamp,id,action,msg")
    if columns.station is None and reading.station is None:
        raise LogFormatError("this CSV log has no column for the station: add --station ID")
    clock, directions = LocalClock(reading.zone), Directions()
    for number, text in _joined(rows):
        if text is None:
            yield BadLine(number, "the line has no end: a quote is missing, or it is too long")
            continue
        try:
            yield _record(number, text, columns, reading, clock, directions)
        except (Unfit, csv.Error) as fault:
            yield BadLine(number, str(fault))


def _joined(rows: Iterator[tuple[int, str | None]]) -> Iterator[tuple[int, str | None]]:
    """Lines, those put together that belong between one pair of quotes."""
    parts: list[str] = []
    first = size = 0
    for number, line in rows:
        if parts and (line is None or _BEGINS.match(line)):
            yield first, None
            parts = []
        if line is None:
            yield number, None
        elif not parts:
            if line.count('"') % 2 == 0:
                if line and not line.isspace():
                    yield number, line
                continue
            first, parts, size = number, [line], len(line)
        else:
            parts.append(line)
            size += len(line)
            if line.count('"') % 2:
                yield first, "\n".join(parts)
                parts = []
            elif size > MAX_LINE or len(parts) > MAX_LINES:
                yield first, None
                parts = []
    if parts:
        yield first, None


def _record(  # noqa: PLR0917
    number: int, text: str, columns: Columns, reading: Reading, clock: LocalClock, directions: Directions
) -> LogRecord:
    cells = _cells(text, columns)
    told = cells[columns.time].strip()
    at = clock.of(told.replace(",", "."), None) if _LOCAL.fullmatch(told) else parse_time(told)
    name = cells[columns.station].strip() if columns.station is not None else ""
    station = station_name(name or reading.station)
    raw = cells[columns.frame].strip()
    if not raw:
        raise Unfit("the frame is missing")
    way = cells[columns.way].strip().lower() if columns.way is not None else ""
    if way in _INWARD or way in _OUTWARD:
        direction = "in" if way in _INWARD else "out"
    elif not looks_like_frame(raw):
        raise Unfit(f"{raw[:40]!r} is no OCPP-J frame")
    else:
        direction = directions.of(station, raw)
    version = cells[columns.version].strip() if columns.version is not None else ""
    return LogRecord(
        number,
        at,
        station,
        direction=direction,
        raw=raw,
        version=version if version in VERSIONS else None,
    )


def _cells(text: str, columns: Columns) -> list[str]:
    # A frame may be longer than what the csv module takes by itself.
    csv.field_size_limit(MAX_LINE)
    cells = next(csv.reader([text], delimiter=columns.delimiter, strict=False))
    if len(cells) > columns.width and columns.frame == columns.width - 1:
        # The frame was not quoted: its own commas are part of it.
        frame = text.split(columns.delimiter, columns.frame)[-1]
        cells = [*cells[: columns.frame], frame]
    if len(cells) < columns.width:
        raise Unfit(f"{len(cells)} columns instead of {columns.width}")
    return cells


def _place(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
