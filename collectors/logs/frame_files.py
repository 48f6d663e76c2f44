"""Frames into files: CSV, JSON Lines in the fixed log format, or Parquet. One page at a time, nothing kept.

Decides how a frame is written. A JSON Lines export can be imported again and gives the same records: the text
of a frame is written so that it is read back letter for letter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import BinaryIO, Final, Protocol

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

FORMATS: Final = ("csv", "jsonl", "parquet")
COLUMNS: Final = (
    "received_at", "station", "direction", "version", "message_id", "action", "type", "payload", "raw",
    "findings", "record_id",
)  # fmt: skip


class FrameFile(Protocol):
    """A file being written."""

    def write(self, page: pl.DataFrame) -> None:
        """Rows of the query `frames_page`. Raises OSError when the place is full or gone."""

    def close(self) -> None:
        """Finish the content; the file itself stays open."""


def frame_file(kind: str, file: BinaryIO) -> FrameFile:
    """A writer of `kind`, one of FORMATS."""
    if kind == "csv":
        return _Csv(file)
    if kind == "jsonl":
        return _JsonLines(file)
    return _Parquet(file)


class _Csv:
    """Findings are separated by spaces; an empty cell is unknown."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(",".join(COLUMNS).encode() + b"\n")

    def write(self, page: pl.DataFrame) -> None:
        if page.is_empty():
            return
        table = page.select(
            pl.col(name).list.join(" ")
            if name == "findings"
            else pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
            if name == "received_at"
            else pl.col(name)
            for name in COLUMNS
        )
        self._file.write(table.write_csv(include_header=False).encode())

    def close(self) -> None:
        """Every page is whole already."""


class _Record(Struct):
    """One line: what the log format has, and after it what the store knows besides."""

    t: str
    station: str
    dir: str
    raw: msgspec.Raw | str
    version: str | None
    id: str | None
    action: str | None
    findings: list[str]


_decode = msgspec.json.Decoder().decode


class _JsonLines:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._encode = msgspec.json.Encoder().encode

    def write(self, page: pl.DataFrame) -> None:
        encode = self._encode
        columns = (
            "received_at",
            "station",
            "direction",
            "raw",
            "version",
            "message_id",
            "action",
            "findings",
        )
        self._file.write(
            b"".join(
                encode(
                    _Record(_instant(at), station, way, _embedded(raw), version, message_id, action, found)
                )
                + b"\n"
                for at, station, way, raw, version, message_id, action, found in page.select(
                    columns
                ).iter_rows()
            )
        )

    def close(self) -> None:
        """Every line is whole already."""


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _embedded(raw: str) -> msgspec.Raw | str:
    """The frame as JSON where that keeps its text letter for letter, else its text as a string."""
    if not raw.startswith("[") or not raw.endswith("]") or "\n" in raw or "\r" in raw:
        return raw
    content = raw.encode()
    try:
        _decode(content)
    except (msgspec.DecodeError, RecursionError):
        return raw
    return msgspec.Raw(content)


_SCHEMA: Final = pa.schema(
    [
        ("received_at", pa.timestamp("us", tz="UTC")),
        ("station", pa.string()),
        ("direction", pa.string()),
        ("version", pa.string()),
        ("message_id", pa.string()),
        ("action", pa.string()),
        ("type", pa.int8()),
        ("payload", pa.string()),
        ("raw", pa.string()),
        ("findings", pa.list_(pa.string())),
        ("record_id", pa.int64()),
    ]
)


class _Parquet:
    def __init__(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(file, _SCHEMA, compression="zstd")

    def write(self, page: pl.DataFrame) -> None:
        if not page.is_empty():
            self._writer.write_table(page.select(COLUMNS).to_arrow().cast(_SCHEMA))

    def close(self) -> None:
        self._writer.close()
