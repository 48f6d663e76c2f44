"""JSON Lines of other systems: `{"timestamp":…,"chargePointId":…,"direction":…,"message":[2,…]}`.

Decides which member is what by its name. A frame may be a list, text, or a payload beside its kind, id and
action. Lines without a frame are about something else and are passed over. Source: shapes that public CSMS
projects write with winston, pino or their own loggers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from collectors.logs.formats.direction import Directions, looks_like_frame
from collectors.logs.formats.named import Fields, fields_of, put_together, way_of
from collectors.logs.formats.text import LOCAL, LocalClock, Reading, text_lines
from collectors.logs.logfile import (
    MAX_LINE,
    VERSIONS,
    BadLine,
    LogRecord,
    Unfit,
    frame_text,
    parse_time,
    station_name,
)

#: Shapes of records remembered; more are looked at each time.
MAX_SHAPES = 1_000

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_scalar = msgspec.json.Decoder(str | int | float | None).decode


def fits(lines: Sequence[str]) -> bool:
    """Whether a line holds a frame in our sense but not in our format."""
    return any(_is_ours_not(line) for line in lines)


def _is_ours_not(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        members = _members(line)
        fields = fields_of(list(members))
        return (
            fields is not None and "t" not in members and _frame(list(members.values()), fields) is not None
        )
    except (Unfit, msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


def read(chunks: Iterable[bytes], reading: Reading) -> Iterator[LogRecord | BadLine]:
    clock, directions = LocalClock(reading.zone), Directions()
    shapes: dict[tuple[str, ...], Fields | None] = {}
    for number, line in text_lines(chunks):
        if line is None:
            yield BadLine(number, f"the line is longer than {MAX_LINE} bytes")
            continue
        if not line or line.isspace():
            continue
        try:
            members = _members(line)
            names = tuple(members)
            fields = shapes[names] if names in shapes else fields_of(names)
            if len(shapes) < MAX_SHAPES:
                shapes[names] = fields
            if fields is None:
                continue
            record = _record(number, list(members.values()), fields, reading, clock, directions)
        except Unfit as fault:
            yield BadLine(number, str(fault))
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
            yield BadLine(number, f"no JSON of a log record: {fault}"[:200])
        else:
            if record is not None:
                yield record


def _record(  # noqa: PLR0917
    number: int,
    values: Sequence[msgspec.Raw],
    fields: Fields,
    reading: Reading,
    clock: LocalClock,
    directions: Directions,
) -> LogRecord | None:
    raw = _frame(values, fields)
    if raw is None:
        return None
    told = _scalar(values[fields.time])
    at = clock.of(told, None) if isinstance(told, str) and LOCAL.fullmatch(told) else parse_time(told)
    station = station_name(_text(values, fields.station) or reading.station)
    direction = way_of(_text(values, fields.way)) or directions.of(station, raw)
    version = _text(values, fields.version)
    return LogRecord(
        number,
        at,
        station,
        direction=direction,
        raw=raw,
        version=version if version in VERSIONS else None,
    )


def _frame(values: Sequence[msgspec.Raw], fields: Fields) -> str | None:
    """The frame's text; None where the record is about something else."""
    raw = frame_text(values[fields.frame]).strip()
    if looks_like_frame(raw):
        return raw
    kind, message_id = _text(values, fields.kind), _text(values, fields.message_id)
    if not kind or not message_id or not raw.startswith("{"):
        return None
    return put_together(raw, kind, message_id, _text(values, fields.action))


def _text(values: Sequence[msgspec.Raw], place: int | None) -> str:
    """A member as text; what is neither text nor a number is none."""
    if place is None:
        return ""
    try:
        value = _scalar(values[place])
    except msgspec.MsgspecError:
        return ""
    return "" if value is None else str(value).strip()
