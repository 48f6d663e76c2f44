"""The catalogue: what can be wrong, whose it is and what to try first, as data that users can edit.

Decides what a code means. Never reads text (`reader` does) and never opens a file.
"""

from __future__ import annotations

from msgspec import Struct, field

from rules.core.catalog.codes import NO_FAULT, CodeTable, EventRule
from rules.core.catalog.marked_yaml import Mistake
from rules.core.catalog.routes import Routing
from rules.core.catalog.text import LANGUAGES, Text
from rules.core.model import Cause, Owner, Severity, Side

__all__ = ["LANGUAGES", "Catalog", "CatalogError", "Fault", "Match", "Task", "Text"]

VAGUE = "station.other_error"  # says less than any common code


class CatalogError(Exception):
    """All mistakes found; the text has one line for each."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes))


class Task(Struct, frozen=True, kw_only=True):
    """One row of the published split of responsibilities."""

    id: str
    owner: Owner
    text: Text
    helps: Text
    contact: str | Text = ""


class Fault(Struct, frozen=True, kw_only=True):
    """A canonical thing that can be wrong.

    `hold_s`: how long it must last before it is an incident. `clear_s`: how long it must be gone (None: the
    policy's delay). `quiet_s`: for faults that nothing clears, how long without a new sign until it is gone.
    `alternatives`: ids of faults that it could be instead.
    """

    id: str
    name: Text
    side: Side
    cause: Cause
    owner: Owner
    task: str
    severity: Severity
    confidence: float = 0.9
    safety: bool = False
    imminent: bool = False
    hold_s: float = 120.0
    clear_s: float | None = None
    quiet_s: float | None = None
    first_aid: Text
    not_to_do: Text | None = None
    alternatives: tuple[str, ...] = ()
    source: str = ""


class Match(Struct, frozen=True):
    """A code resolved: the fault, the code as found, the table that said so, its own confidence if any."""

    fault: str
    code: str
    table: str
    confidence: float | None = None


class Catalog(Struct, kw_only=True):
    version: str
    tasks: dict[str, Task]
    faults: dict[str, Fault]
    tables: list[CodeTable]
    events: list[EventRule]
    texts: dict[str, Text]
    limits: dict[str, float] = {}
    routing: Routing = Routing()
    some_with_no_error: bool = False
    _status_cache: dict[tuple[str | None, ...], tuple[Match, ...]] = field(default_factory=dict)

    def fault(self, fault_id: str) -> Fault:
        return self.faults[fault_id]

    def task(self, task_id: str) -> Task:
        return self.tasks[task_id]

    def text(self, key: str, language: str) -> str:
        """The text of `key`, or the key itself where the catalogue has none."""
        found = self.texts.get(key)
        return key if found is None else found.in_(language)

    def text_or_word(self, group: str, word: str, language: str) -> str:
        """The text of `group.word`, or the word itself where the catalogue has none."""
        found = self.texts.get(f"{group}.{word}")
        return word if found is None else found.in_(language)

    def match_status(  # noqa: PLR0917  (the fields of one report, in its order)
        self,
        error_code: str | None,
        vendor_error: str | None,
        vendor_id: str | None,
        info: str | None,
        make: str | None,
        model: str | None = None,
        firmware: str | None = None,
    ) -> tuple[Match, ...]:
        """Faults that a status report names, the maker's own tables before the common codes. Cached.

        One match with the fault `none` says that the maker's table knows the code and that it is no fault.
        """
        key = (error_code, vendor_error, vendor_id, info, make, model, firmware)
        found = self._status_cache.get(key)
        if found is None:
            found = self._resolve(*key)
            if len(self._status_cache) > 20_000:  # `info` is free text: do not grow for ever
                self._status_cache.clear()
            self._status_cache[key] = found
        return found

    def _resolve(  # noqa: PLR0917  (as match_status)
        self,
        error_code: str | None,
        vendor_error: str | None,
        vendor_id: str | None,
        info: str | None,
        make: str | None,
        model: str | None,
        firmware: str | None,
    ) -> tuple[Match, ...]:
        generic: list[Match] = []
        special: dict[str, tuple[int, Match]] = {}  # code -> the most specific table's word
        fields = {"error_code": error_code, "vendor_error": vendor_error, "info": info}
        quiet = (error_code or "NoError").casefold() == "noerror"
        for table in self.tables:
            if not table.applies(vendor_id, make, model, firmware) or (quiet and not table.with_no_error):
                continue
            value = fields.get(table.field)
            if value is None:
                continue
            for code, entry in table.resolve(value):
                match = Match(entry.fault, code, table.name, entry.confidence)
                if not table.vendor:
                    generic.append(match)
                elif code.casefold() not in special or special[code.casefold()][0] < table.rank:
                    special[code.casefold()] = (table.rank, match)
        vendor = [match for _, match in special.values() if match.fault != NO_FAULT]
        if len(vendor) < len(special):  # the maker says that this is none: then a vague code says no more
            generic = [match for match in generic if match.fault != VAGUE]
        named = [match for match in vendor if match.fault != VAGUE]
        muted = [match for _, match in special.values() if match.fault == NO_FAULT]
        chosen = named or generic or vendor or muted[:1]
        seen: dict[str, Match] = {}
        for match in chosen:
            seen.setdefault(match.fault, match)
        return tuple(seen.values())

    def match_word(self, field: str, word: str | None) -> Match | None:
        """The fault that a stop reason or a trigger names; None when it names none."""
        if not word:
            return None
        for table in self.tables:
            if table.field == field:
                for code, entry in table.resolve(word):
                    if entry.fault != NO_FAULT:
                        return Match(entry.fault, code, table.name, entry.confidence)
        return None

    def match_event(  # noqa: PLR0917  (the fields of one event, in its order)
        self,
        component: str | None,
        variable: str | None,
        tech_code: str | None,
        severity: int | None,
        trigger: str | None = None,
        station: tuple[str | None, str | None, str | None] = (None, None, None),
    ) -> Match | None:
        """The fault of an OCPP 2.x event or a security event; None when it is no fault. `station`: its make,
        model and firmware."""
        for rule in self.events:
            if rule.matches(component, variable, tech_code, severity, trigger, station):
                if rule.fault == NO_FAULT:
                    return None
                code = tech_code or variable or component or ""
                return Match(rule.fault, code, rule.table, rule.confidence)
        return None
