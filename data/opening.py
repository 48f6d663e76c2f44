"""Opens the database file and says in plain words why it cannot be opened.

Decides which StoreError a DuckDB error means. Must never create or change a file it then refuses.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from data.errors import StoreCorrupt, StoreError, StoreLocked, StoreTooNew, StoreUnwritable


def connect(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Raises a StoreError subclass whose message names the file and the remedy."""
    if path.exists() and not path.is_file():
        raise StoreUnwritable(f"{path} is not a file: name the database file, not its directory")
    if read_only and not path.exists():
        raise StoreError(
            f"{path} does not exist: start `laadwacht serve` once, or name another data directory"
        )
    if not path.parent.is_dir():
        raise StoreUnwritable(f"the directory {path.parent} does not exist: create it or name another one")
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise translate(error, path) from error


def translate(error: duckdb.Error, path: Path) -> StoreError:
    """DuckDB tells these apart by text only; anything not recognised keeps its own words."""
    text = str(error)
    low = text.lower()
    if "conflicting lock" in low or "could not set lock" in low:
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder.group(1)}" if holder else "another process"
        return StoreLocked(f"{path} is in use by {who}: stop that one, or use another data directory")
    if "newer version" in low or "newer duckdb" in low or "version number" in low:
        return StoreTooNew(
            f"{path} was written by a newer DuckDB: run the newer version of Laadwacht ({text})"
        )
    if "replaying wal" in low:
        return StoreCorrupt(
            f"{path}.wal is damaged: move that file away and start again; of what it held only the frames "
            f"that are in the journal come back, so restore a backup where that matters ({text})"
        )
    if (
        "not a valid duckdb database" in low
        or "corrupt" in low
        or isinstance(error, duckdb.SerializationException)
    ):
        return StoreCorrupt(f"{path} is not a usable database: restore a backup, or move it away ({text})")
    if isinstance(error, duckdb.IOException | duckdb.PermissionException):
        return StoreUnwritable(f"{path} cannot be written: check permissions and free space ({text})")
    return StoreError(f"{path} cannot be opened: {text}")
