"""The text of a register CSV to assets, or to all of its mistakes.

Decides what a cell may hold. Must never guess: what is unclear is a mistake with its line and column.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from rules.core.calendar import service_hours
from rules.core.model import Asset

COLUMNS = (
    "station",
    "site",
    "address",
    "latitude",
    "longitude",
    "make",
    "model",
    "customer",
    "installer",
    "installed_on",
    "warranty_until",
    "rated_kw",
    "connectors",
    "region",
    "contract",
    "contract_hours",
    "response_hours",
    "repair_hours",
)
# OCPP-J puts the identity into a URL path; OCPP 2.x allows 48 characters, 1.6 none in particular.
MAX_STATION = 255
MAX_TOLD = 200
DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")


class RegisterMistake(NamedTuple):
    """`line` counts from 1, the header included; `column` is empty where the whole line is meant."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"line {self.line}{column}: {self.reason}"


class RegisterError(Exception):
    """Every mistake of a file; the text has one line for each."""

    def __init__(self, file: str, mistakes: list[RegisterMistake]) -> None:
        self.file = file
        self.mistakes = sorted(mistakes)
        told = [f"{file}: {mistake}" for mistake in self.mistakes[:MAX_TOLD]]
        if len(self.mistakes) > MAX_TOLD:
            told.append(f"{file}: and {len(self.mistakes) - MAX_TOLD} more")
        super().__init__("\n".join(told))


def read_register_text(text: str, file: str) -> list[Asset]:
    """Raises RegisterError. A `sep=;` line before the header, as Excel writes, is obeyed."""
    mistakes: list[RegisterMistake] = []
    assets: list[Asset] = []
    first_line: dict[str, int] = {}
    text = text.removeprefix("\ufeff")
    skipped = 0
    delimiter = None
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text, skipped = first.strip()[4], rest, 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text), strict=True)
    columns: list[str] | None = None
    begins = skipped + 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + skipped + 1
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _header(cells, line, mistakes)
                continue
            asset = _asset(columns, cells, line, mistakes)
            if asset is not None:
                assets.append(asset)
            station = dict(zip(columns, cells, strict=False)).get("station", "").strip()
            earlier = first_line.setdefault(station, line)
            if station and earlier != line:
                mistakes.append(RegisterMistake(line, "station", f"{station} is on line {earlier} already"))
    except csv.Error as error:
        mistakes.append(RegisterMistake(begins, "", f"is not readable as CSV ({error})"))
    if columns is None and not mistakes:
        mistakes.append(
            RegisterMistake(1, "", f"is empty; the first line names the columns {', '.join(COLUMNS)}")
        )
    if mistakes:
        raise RegisterError(file, mistakes)
    return assets


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=header.count)


def _header(cells: list[str], line: int, mistakes: list[RegisterMistake]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()  # spreadsheets like to leave empty columns at the end
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            mistakes.append(
                RegisterMistake(
                    line, _shown(name) or "(no name)", f"is not a column of the register: {known}"
                )
            )
        elif names.count(name) > 1:
            mistakes.append(RegisterMistake(line, name, "is named twice"))
    if "station" not in names:
        mistakes.append(RegisterMistake(line, "station", "is missing: every line needs its station"))
    return names


def _shown(name: str) -> str:
    """A name out of a file as it can be printed: control characters would garble the terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in name)


def _asset(columns: list[str], cells: list[str], line: int, mistakes: list[RegisterMistake]) -> Asset | None:
    before = len(mistakes)
    if any(cell.strip() for cell in cells[len(columns) :]):
        mistakes.append(
            RegisterMistake(line, "", f"has {len(cells)} cells, the header names {len(columns)} columns")
        )
        return None
    values: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        text = cell.strip()
        if column not in COLUMNS or not text:
            continue
        try:
            values[column] = _CELLS.get(column, _plain)(text)
        except ValueError as error:
            mistakes.append(RegisterMistake(line, column, str(error)))
    if "station" in columns and "station" not in values and len(mistakes) == before:
        mistakes.append(RegisterMistake(line, "station", "is empty"))
    if "latitude" in columns and "longitude" in columns and len(mistakes) == before:
        for here, other in (("latitude", "longitude"), ("longitude", "latitude")):
            if here in values and other not in values:
                mistakes.append(RegisterMistake(line, other, f"is empty while {here} is given"))
    begin, end = values.get("installed_on"), values.get("warranty_until")
    if begin and end and end < begin:
        mistakes.append(RegisterMistake(line, "warranty_until", f"{end} is before installed_on {begin}"))
    if len(mistakes) > before or "station" not in values:
        return None
    return Asset(**values)


def _plain(text: str) -> str:
    if any((ord(char) < 32 and char not in "\n\r\t") or ord(char) == 127 for char in text):
        raise ValueError("holds a control character")
    return " ".join(text.split())


def _station(text: str) -> str:
    if len(text) > MAX_STATION:
        raise ValueError(f"is longer than {MAX_STATION} characters")
    if any(char.isspace() or ord(char) < 32 or char in "/?#" for char in text):
        raise ValueError(f"{text!r} cannot be a station: no spaces, slashes, ? or #")
    return text


def _number(text: str) -> float:
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain and "." not in plain and plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        value = float(plain) if "_" not in plain else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def _between(low: float, high: float) -> Callable[[str], float]:
    def check(text: str) -> float:
        value = _number(text)
        if not low <= value <= high:
            raise ValueError(f"{text!r} is not between {low:g} and {high:g}")
        return value

    return check


def _count(text: str) -> int:
    value = _between(1, 200)(text)
    if value != int(value):
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def _hours(text: str) -> str:
    return service_hours.parse(text).text


def _date(text: str) -> str:
    for form in DATE_FORMS:
        try:
            found: date = datetime.strptime(text, form).date()  # noqa: DTZ007 a date has no zone
        except ValueError:
            continue
        return found.isoformat()
    raise ValueError(f"{text!r} is not a date: write 2026-11-22 or 22/11/2026")


_CELLS: dict[str, Callable[[str], Any]] = {
    "station": _station,
    "latitude": _between(-90, 90),
    "longitude": _between(-180, 180),
    "installed_on": _date,
    "warranty_until": _date,
    # 4 MW is beyond any megawatt charging system of today; more is a slip of the unit.
    "rated_kw": _between(0.1, 4_000),
    "connectors": _count,
    "contract_hours": _hours,
    # A minute at least, a year at most.
    "response_hours": _between(1 / 60, 8_760),
    "repair_hours": _between(1 / 60, 8_760),
}
