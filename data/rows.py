"""The rows that intake hands to the store, and how they become columns.

Decides only the types. Must never drop or reorder a row. Instants are aware UTC in Python and
naive UTC in the columns (DuckDB's Python client needs an extra package for zoned ones).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
import pyarrow as pa

from rules.core.model import AnyObservation, Heartbeat, Observation, Seen

UTC_MICROSECONDS = pa.timestamp("us")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT_LIST = pa.list_(pa.string())
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


def naive_utc(instant: datetime) -> datetime:
    """The column form of an aware instant. ValueError for a naive one: its zone would be a guess."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone")
    return instant.astimezone(UTC).replace(tzinfo=None)


class FrameRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One OCPP-J message as received or sent; `raw` already pseudonymised.

    `import_key`: set for imported records; a record whose key is stored already is not stored again,
    nor are its observations.
    """

    record_id: int
    received_at: Instant
    station: str
    direction: str
    raw: str
    version: str | None = None
    type: int | None = None
    message_id: str | None = None
    action: str | None = None
    findings: tuple[str, ...] = ()
    import_key: int | None = None


class LinkEventRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A station connected or disconnected. `event` is `connected` or `disconnected`."""

    record_id: int
    at: Instant
    station: str
    event: str
    version: str | None = None
    peer: str | None = None
    code: int | None = None
    reason: str | None = None
    import_key: int | None = None


class Batch(msgspec.Struct, kw_only=True):
    """Rows that are committed together or not at all."""

    frames: list[FrameRow] = []
    links: list[LinkEventRow] = []
    observations: list[Observation] = []

    def size(self) -> int:
        return len(self.frames) + len(self.links) + len(self.observations)

    def has_imports(self) -> bool:
        return any(row.import_key is not None for row in self.frames) or any(
            row.import_key is not None for row in self.links
        )


def joined(batches: Sequence[Batch]) -> Batch:
    """All rows of all batches, in order."""
    if len(batches) == 1:
        return batches[0]
    return Batch(
        frames=[frame for batch in batches for frame in batch.frames],
        links=[link for batch in batches for link in batch.links],
        observations=[observation for batch in batches for observation in batch.observations],
    )


def _schema(required: str, *fields: tuple[str, pa.DataType]) -> pa.Schema:
    """`required` names the columns that are NOT NULL in data/schema."""
    return pa.schema([pa.field(name, kind, nullable=name not in required.split()) for name, kind in fields])


FRAME_SCHEMA = _schema(
    "record_id received_at station direction raw findings",
    ("record_id", pa.int64()),
    ("received_at", UTC_MICROSECONDS),
    ("station", pa.string()),
    ("direction", pa.string()),
    ("version", pa.string()),
    ("type", pa.int8()),
    ("message_id", pa.string()),
    ("action", pa.string()),
    ("raw", pa.string()),
    ("findings", TEXT_LIST),
    ("import_key", pa.uint64()),
)
LINK_SCHEMA = _schema(
    "record_id happened_at station event",
    ("record_id", pa.int64()),
    ("happened_at", UTC_MICROSECONDS),
    ("station", pa.string()),
    ("event", pa.string()),
    ("version", pa.string()),
    ("peer", pa.string()),
    ("code", pa.int32()),
    ("reason", pa.string()),
    ("import_key", pa.uint64()),
)
OBSERVATION_SCHEMA = _schema(
    "record_id n happened_at station kind body",
    ("record_id", pa.int64()),
    ("n", pa.int32()),
    ("happened_at", UTC_MICROSECONDS),
    ("station", pa.string()),
    ("evse", pa.int32()),
    ("connector", pa.int32()),
    ("kind", pa.string()),
    ("body", pa.string()),
)

_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(AnyObservation)


def instants(values: Iterable[datetime]) -> pa.Array:
    """A UTC column. TypeError for a naive instant: its zone would be a guess."""
    # By way of durations: four times as fast as counting microseconds here, and a naive instant cannot pass.
    since = pa.array([value - _EPOCH for value in values], pa.duration("us"))
    return since.cast(pa.int64()).cast(UTC_MICROSECONDS)


class UnfitRow(ValueError):
    """A row without a value where its table demands one: a mistake of the program, not of a station."""


class Tables(NamedTuple):
    """Rows as columns; None for a table that gets none."""

    frames: pa.Table | None
    links: pa.Table | None
    observations: pa.Table | None


def tables_of(batch: Batch) -> Tables:
    """The rows of a batch, in order.

    Raises UnfitRow, TypeError, ValueError or OverflowError for a row that does not fit its columns.
    """
    return Tables(
        frame_table(batch.frames) if batch.frames else None,
        link_table(batch.links) if batch.links else None,
        observation_table(batch.observations),
    )


def _fitting(arrays: list[pa.Array], schema: pa.Schema) -> pa.Table:
    for field, array in zip(schema, arrays, strict=True):
        if array.null_count and not field.nullable:
            raise UnfitRow(f"a row without {field.name}")
    return pa.Table.from_arrays(arrays, schema=schema)


def column_table(schema: pa.Schema, rows: Sequence[Any], attributes: Sequence[str]) -> pa.Table:
    """An Arrow table with one column per field of `schema`, read from the attribute at the same place.

    Instants must be there and aware. `rows` must not be empty.
    """
    arrays = []
    for field, attribute in zip(schema, attributes, strict=True):
        values = list(map(attrgetter(attribute), rows))
        arrays.append(instants(values) if field.type == UTC_MICROSECONDS else pa.array(values, field.type))
    return _fitting(arrays, schema)


def frame_table(frames: Sequence[FrameRow]) -> pa.Table:
    return column_table(FRAME_SCHEMA, frames, FRAME_SCHEMA.names)


def link_table(links: Sequence[LinkEventRow]) -> pa.Table:
    return column_table(
        LINK_SCHEMA, links, ["at" if name == "happened_at" else name for name in LINK_SCHEMA.names]
    )


def implied(observation: Observation) -> bool:
    """Says no more than the frame it came in: that the station lives. Read back as `Seen`, of that frame."""
    kind = type(observation)
    return kind is Seen or (kind is Heartbeat and observation.station_at is None)


def observation_table(observations: Iterable[Observation]) -> pa.Table | None:
    """All that is not implied; None when nothing is left. `n` counts within a record, in the order given."""
    kept = [observation for observation in observations if not implied(observation)]
    if not kept:
        return None
    count: dict[int, int] = {}
    order = []
    for observation in kept:
        n = count.get(observation.record_id, 0)
        count[observation.record_id] = n + 1
        order.append(n)
    columns = [
        pa.array([observation.record_id for observation in kept], pa.int64()),
        pa.array(order, pa.int32()),
        instants(observation.at for observation in kept),
        pa.array([observation.station for observation in kept], pa.string()),
        pa.array([getattr(observation, "evse", None) for observation in kept], pa.int32()),
        pa.array([getattr(observation, "connector", None) for observation in kept], pa.int32()),
        pa.array([type(observation).__struct_config__.tag for observation in kept], pa.string()),
        pa.array([_encode(observation).decode() for observation in kept], pa.string()),
    ]
    return _fitting(columns, OBSERVATION_SCHEMA)


def observation_from_json(body: str) -> Observation:
    return _decoder.decode(body)
