"""CSV logs with a header line: `timestamp,id,action,msg`, OCPP-J in the last column; our own export too.

Source: the demo logs of appspace/kwwhat. Columns are found by name; commas or semicolons. A frame may go on
over several lines within its quotes. Without a direction column the direction is worked out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from collectors.logs.formats.dates import as_iso, is_day_first
from collectors.logs.formats.direction import Directions, looks_like_frame
from collectors.logs.formats.named import Fields, fields_of, put_together, way_of
from collectors.logs.formats.text import LOCAL, MAX_LINES, LocalClock, LogFormatError, Reading, text_lines
from collectors.logs.logfile import MAX_LINE, VERSIONS, BadLine, LogRecord, Unfit, parse_time, station_name

#: Lines looked through for the order of day and month.
LOOK_AHEAD = 2_000
# A record whose quotes never close ends where the next one begins.
_BEGINS = re.compile(r'"?(?:\d{1,2}[-./]\d{1,2}[-./]\d{4}[ ,T]|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{10,13}[,;])')


class Columns(NamedTuple):
    delimiter: str
    width: int
    fields: Fields


def columns_of(header: str) -> Columns | None:
    """Where things are; None when the line is no header of such a log."""
    for delimiter in ",;\t|":
        names = [name.strip().strip('"') for name in header.split(delimiter)]
        fields = fields_of(names)
        if len(names) > 1 and fields is not None:
            return Columns(delimiter, len(names), fields)
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
    if columns.fields.station is None and reading.station is None:
        raise LogFormatError("this CSV log has no column for the station: add --station ID")
    clock, directions = LocalClock(reading.zone), Directions()
    ahead = list(islice(rows, LOOK_AHEAD))
    day_first = is_day_first(line for _, line in ahead if line is not None)
    for number, text in _joined(chain(ahead, rows)):
        if text is None:
            yield BadLine(number, "the line has no end: a quote is missing, or it is too long")
            continue
        try:
            yield _record(
                number, _cells(text, columns), columns.fields, reading, clock, directions, day_first
            )
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
    number: int,
    cells: Sequence[str],
    fields: Fields,
    reading: Reading,
    clock: LocalClock,
    directions: Directions,
    day_first: bool | None,
) -> LogRecord:
    def cell(place: int | None) -> str:
        return "" if place is None else cells[place].strip()

    told = cell(fields.time)
    written = as_iso(told, day_first) or (told.replace(",", ".") if LOCAL.fullmatch(told) else None)
    at = clock.of(written, None) if written else parse_time(told.removesuffix(" UTC"))
    station = station_name(cell(fields.station) or reading.station)
    raw = cell(fields.frame)
    if not raw:
        raise Unfit("the frame is missing")
    way = way_of(cell(fields.way))
    if raw.startswith("{"):
        raw = put_together(raw, cell(fields.kind), cell(fields.message_id), cell(fields.action))
    elif way is None and not looks_like_frame(raw):
        raise Unfit(f"{raw[:40]!r} is no OCPP-J frame")
    version = cell(fields.version)
    return LogRecord(
        number,
        at,
        station,
        direction=way or directions.of(station, raw),
        raw=raw,
        version=version if version in VERSIONS else None,
    )


def _cells(text: str, columns: Columns) -> list[str]:
    # A frame may be longer than what the csv module takes by itself.
    csv.field_size_limit(MAX_LINE)
    cells = next(csv.reader([text], delimiter=columns.delimiter, strict=False))
    if len(cells) > columns.width and columns.fields.frame == columns.width - 1:
        # The frame was not quoted: its own commas are part of it.
        frame = text.split(columns.delimiter, columns.fields.frame)[-1]
        cells = [*cells[: columns.fields.frame], frame]
    if len(cells) < columns.width:
        raise Unfit(f"{len(cells)} columns instead of {columns.width}")
    return cells
