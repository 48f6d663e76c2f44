"""The asset register: who owns, installed and pays for which station, from a CSV file.

Decides whether a file is sound. All mistakes are told at once, with line and column; with any mistake nothing
is stored. Tolerates what Belgian spreadsheets write: byte order mark, semicolons, decimal commas, day before
month.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from msgspec import Struct

from data.arrivals import insert_table
from data.register_csv import COLUMNS, RegisterError, RegisterMistake, read_register_text
from data.rows import UTC_MICROSECONDS, naive_utc
from data.store import Store
from rules.core.model import Asset

__all__ = [
    "COLUMNS",
    "RegisterChange",
    "RegisterError",
    "RegisterMistake",
    "load_register",
    "read_register_csv",
    "read_register_text",
    "write_register",
]

_NUMBERS = {
    "latitude": pa.float64(),
    "longitude": pa.float64(),
    "rated_kw": pa.float64(),
    "connectors": pa.int32(),
    "response_hours": pa.float64(),
    "repair_hours": pa.float64(),
}


def read_register_csv(path: Path) -> list[Asset]:
    """The stations of the file. Raises RegisterError listing every mistake with line and column."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegisterError(str(path), [RegisterMistake(1, "", f"cannot be read: {reason}")]) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's plain "CSV" writes the Windows code page of Western Europe.
        text = raw.decode("cp1252", errors="replace")
    return read_register_text(text, str(path))


class RegisterChange(Struct, frozen=True, kw_only=True):
    """What a write did to the register, in stations. `absent`: there before, not in what was written."""

    added: int
    changed: int
    absent: int
    total: int


def write_register(
    store: Store, assets: Iterable[Asset], now: datetime | None = None, *, replace: bool = True
) -> RegisterChange:
    """Adds and updates in one transaction; with `replace` the stations that are not named go."""
    rows = list({asset.station: asset for asset in assets}.values())
    imported = naive_utc(now or datetime.now(UTC))
    columns = {
        name: pa.array([getattr(row, name) for row in rows], _NUMBERS.get(name, pa.string()))
        for name in COLUMNS
    }
    columns["imported_at"] = pa.array([imported] * len(rows), UTC_MICROSECONDS)
    table = pa.table(columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "station")
    before = load_register(store)
    named = {row.station for row in rows}
    absent = len(before.keys() - named)

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        # Upsert, then remove: DuckDB's primary key may refuse a row deleted earlier in the same transaction.
        insert_table(cursor, "register", table, f"ON CONFLICT (station) DO UPDATE SET {changes}")
        if replace:
            cursor.execute(
                "DELETE FROM register WHERE list_contains(?, station) = false", [[r.station for r in rows]]
            )

    store.transact(job, ordered=False)
    return RegisterChange(
        added=len(named - before.keys()),
        changed=sum(row.station in before and before[row.station] != row for row in rows),
        absent=absent,
        total=len(named) + (0 if replace else absent),
    )


_REGISTER = (
    "SELECT station, site, address, latitude, longitude, make, model, customer, installer,"
    " installed_on::VARCHAR AS installed_on, warranty_until::VARCHAR AS warranty_until, rated_kw,"
    " connectors, region, contract, contract_hours, response_hours, repair_hours"
    " FROM register ORDER BY station"
)


def load_register(store: Store) -> dict[str, Asset]:
    """Station -> asset; dates as ISO text, as `Asset` has them."""
    return {row["station"]: Asset(**row) for row in store.plain_rows(_REGISTER)}
