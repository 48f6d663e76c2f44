"""Code tables: how one maker or one standard writes its error codes, and which fault each means.

Decides how a raw code text is taken apart: exact words, lists, hexadecimal or decimal bit masks, and the
codes that mean "healthy". Knows nothing of stations.
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct
from msgspec import field as default


class Encoding(StrEnum):
    EXACT = "exact"  # one word
    LIST = "list"  # several words, split at ; , | : / or white space
    CONTAINS = "contains"  # the code occurs somewhere in the text
    HEX = "hex"  # one hexadecimal number, compared by value
    NUMBER = "number"  # one decimal number, compared by value
    MASK = "mask"  # bit mask, decimal
    HEX_MASK = "hex_mask"  # bit mask, hexadecimal


SPLIT = re.compile(r"[;,|:/\s]+")


class CodeEntry(Struct, frozen=True, kw_only=True):
    fault: str
    confidence: float | None = None


NO_FAULT = "none"  # in place of a fault: this code is none, whatever a less specific table says


class CodeTable(Struct, kw_only=True):
    """`vendor`: a maker's table, which speaks before the common codes. `makes` and `vendor_ids` are prefixes,
    compared without case; with both empty the table is for every station. `models` and `firmwares` are
    prefixes too and narrow it further. The more conditions, the higher the `rank`; an operator's own table
    ranks above all.
    """

    name: str
    field: str
    encoding: Encoding
    codes: dict[str, CodeEntry]
    vendor: bool = False
    makes: tuple[str, ...] = ()
    vendor_ids: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    firmwares: tuple[str, ...] = ()
    own: bool = False
    healthy: frozenset[str] = frozenset()
    with_no_error: bool = False
    source: str = ""
    by_number: dict[int, tuple[str, CodeEntry]] = default(default_factory=dict)

    @property
    def rank(self) -> int:
        named = bool(self.makes or self.vendor_ids)
        return named + 2 * bool(self.models) + 4 * bool(self.firmwares) + 8 * self.own

    def applies(
        self,
        vendor_id: str | None,
        make: str | None,
        model: str | None = None,
        firmware: str | None = None,
    ) -> bool:
        """Whether the table speaks of such a station. A condition on what is not known does not hold."""
        if self.models and not (model or "").casefold().startswith(self.models):
            return False
        if self.firmwares and not (firmware or "").casefold().startswith(self.firmwares):
            return False
        if not self.makes and not self.vendor_ids:
            return True
        make_text = (make or "").casefold()
        id_text = (vendor_id or "").casefold()
        return any(make_text.startswith(m) for m in self.makes) or any(
            id_text.startswith(v) for v in self.vendor_ids
        )

    def resolve(self, value: str) -> list[tuple[str, CodeEntry]]:
        """(code, entry) for every code found in `value`; a healthy or unknown one gives nothing."""
        word = value.strip().casefold()
        if not word or word in self.healthy:
            return []
        if self.encoding in (Encoding.EXACT, Encoding.LIST):
            parts = [word] if self.encoding is Encoding.EXACT else SPLIT.split(word)
            shown = value.strip() if len(parts) == 1 else None
            return [(shown or part, self.codes[part]) for part in parts if part in self.codes]
        if self.encoding is Encoding.CONTAINS:
            return [(code, entry) for code, entry in self.codes.items() if code in word]
        number = number_of(word, hexadecimal=self.encoding in (Encoding.HEX, Encoding.HEX_MASK))
        if number is None:
            return []
        if self.encoding in (Encoding.HEX, Encoding.NUMBER):
            found = self.by_number.get(number)
            return [] if found is None else [found]
        return [item for bit, item in self.by_number.items() if bit and number & bit == bit]


def number_of(word: str, *, hexadecimal: bool) -> int | None:
    """The number a station wrote, None when it is none."""
    text = word.strip()
    try:
        return int(text, 16 if hexadecimal or text.startswith("0x") else 10)
    except ValueError:
        return None


class EventRule(Struct, frozen=True, kw_only=True):
    """An OCPP 2.x NotifyEvent or security event that is a fault. Unset conditions match everything; texts are
    compared without case, `component` and `variable` as whole words, the rest as prefixes; `makes`, `models`
    and `firmwares` narrow it as those of a code table do."""

    table: str
    fault: str
    component: str | None = None
    variable: str | None = None
    tech_code: str | None = None
    max_severity: int | None = None
    confidence: float | None = None
    makes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    firmwares: tuple[str, ...] = ()

    @property
    def of_some(self) -> bool:
        """Whether it holds for some stations only."""
        return bool(self.makes or self.models or self.firmwares)

    def applies(self, make: str | None, model: str | None, firmware: str | None) -> bool:
        """Whether it speaks of such a station. A condition on what is not known does not hold."""
        told = ((self.makes, make), (self.models, model), (self.firmwares, firmware))
        return all(not some or (word or "").casefold().startswith(some) for some, word in told)

    def matches(  # noqa: PLR0917  (the fields of one event, in its order)
        self,
        component: str | None,
        variable: str | None,
        tech_code: str | None,
        severity: int | None,
        trigger: str | None,
        station: tuple[str | None, str | None, str | None] = (None, None, None),
    ) -> bool:
        """`station`: its make, model and firmware."""
        named = ((self.component, component), (self.variable, variable))
        if any(word is not None and (told or "").casefold() != word for word, told in named):
            return False
        if self.of_some and not self.applies(*station):
            return False
        if self.tech_code is not None and not (tech_code or "").casefold().startswith(self.tech_code):
            return False
        if self.max_severity is None:
            return True
        if (trigger or "").casefold() == "periodic":
            return False  # a reading, not an alarm
        return severity is not None and severity <= self.max_severity
