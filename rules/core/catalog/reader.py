"""Reads and checks the catalogue's files: tasks, faults, code tables, events, texts.

Decides whether an entry is sound. Goes on after a mistake, so that all are told at once, with file, line
and reason. Reads text that the caller brings; never opens a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from rules.core.catalog import templates
from rules.core.catalog.codes import NO_FAULT, CodeEntry, CodeTable, Encoding, EventRule, number_of
from rules.core.catalog.entries import LANGUAGES, Catalog, CatalogError, Fault, Task, Text
from rules.core.catalog.marked_yaml import Marked, Mistake, Path, read
from rules.core.catalog.routes_reader import ROUTING_SECTIONS, RoutingReader
from rules.core.model import Owner

SECTIONS = {"tasks", "faults", "table", "events", "texts", "contacts", "patterns", "advice"}
FIELDS = ("error_code", "vendor_error", "info", "stop_reason", "trigger")
TABLE_KEYS = {
    "name",
    "field",
    "encoding",
    "vendor",
    "makes",
    "vendor_ids",
    "models",
    "firmwares",
    "healthy",
    "with_no_error",
    "source",
}
EVENT_KEYS = {
    *("fault", "component", "variable", "tech_code", "max_severity", "confidence"),
    *("makes", "models", "firmwares"),
}


class Reader:
    """Collects the catalogue from several files."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.faults: dict[str, Fault] = {}
        self.tables: list[CodeTable] = []
        self._events: list[EventRule] = []
        self._own_events: list[EventRule] = []
        self.texts: dict[str, Text] = {}
        self.limits: dict[str, float] = {}
        self._own = False
        self._given: dict[tuple[str, str], bool] = {}
        self._advice: list[tuple[Marked, Path, str, Text | None, tuple[str, ...]]] = []
        self.mistakes: list[Mistake] = []
        self._uses: list[tuple[Marked, Path, str]] = []
        self._tasks_named: list[tuple[Marked, Path, Fault]] = []
        self.routing = RoutingReader()

    def add(self, name: str, text: str, *, own: bool = False) -> None:
        """Read one file. A file without a known section (findings, for one) is somebody else's. `own`: an
        operator's file, whose entries replace packaged ones; those are read first."""
        self._own = own
        doc = read(name, text)
        value = doc.value
        if isinstance(value, dict) and ROUTING_SECTIONS & value.keys():
            self.routing.add(doc, own=own)
        elif isinstance(value, dict) and SECTIONS & value.keys():
            contacts = value.get("contacts") or {}
            for i, raw in enumerate(self._list(doc, value, "tasks")):
                self._task(doc, ("tasks", i), raw, contacts)
            for i, raw in enumerate(self._list(doc, value, "faults")):
                self._fault(doc, ("faults", i), raw)
            if "table" in value:
                self._table(doc, value)
            for i, raw in enumerate(self._list(doc, value, "events")):
                self._event(doc, ("events", i), raw)
            for key, raw in self._mapping(doc, value, "advice").items():
                self._add_advice(doc, ("advice", key), key, raw)
            for key, raw in self._mapping(doc, value, "patterns").items():
                self._limit(doc, ("patterns", key), key, raw)
            for key, raw in self._mapping(doc, value, "texts").items():
                found = self._text(doc, ("texts", key), raw)
                if found is not None:
                    self.texts[key] = found
                    self._check_template(doc, key, found)
        self.mistakes.extend(doc.mistakes)
        doc.mistakes = []

    def _check_template(self, doc: Marked, key: str, text: Text) -> None:
        for language in LANGUAGES:
            for reason in templates.mistakes(key, text.in_(language)):
                doc.wrong(("texts", key, language), reason)

    @property
    def events(self) -> list[EventRule]:
        """Event rules in the order in which they are tried: the operator's own first."""
        return [*self._own_events, *self._events]

    def cross_check(self) -> None:
        """Every fault and task that is named exists, and a fault's owner is its task's owner."""
        self._take_advice()
        self.mistakes.extend(self.routing.cross_check(self.faults, self.tasks))
        for doc, path, fault in self._uses:
            if fault not in self.faults and fault != NO_FAULT:
                doc.wrong(path, f"unknown fault {fault!r}")
        for doc, path, entry in self._tasks_named:
            task = self.tasks.get(entry.task)
            if task is None:
                doc.wrong((*path, "task"), f"unknown task {entry.task!r}")
            elif entry.owner in (Owner.OPERATOR, Owner.INSTALLER) and task.owner is not entry.owner:
                doc.wrong(
                    (*path, "owner"), f"owner {entry.owner} but task {entry.task} is the {task.owner}'s"
                )
        named: list[Any] = [*self._uses, *self._tasks_named, *self._advice]
        docs: list[Marked] = [entry[0] for entry in named]
        for doc in {id(doc): doc for doc in docs}.values():
            self.mistakes.extend(doc.mistakes)
            doc.mistakes = []

    def _twice(self, kind: str, name: str) -> bool:
        """Whether this layer (packaged, or the operator's own) gave the entry before."""
        before = self._given.get((kind, name))
        self._given[kind, name] = self._own
        return before is not None and before == self._own

    def _add_advice(self, doc: Marked, path: Path, fault: str, raw: Any) -> None:
        """What not to do about a fault, and what it could be instead; kept apart to keep faults readable."""
        if not isinstance(raw, dict):
            doc.wrong(path, "must be a mapping")
            return
        for key in raw.keys() - {"not_to_do", "alternatives"}:
            doc.wrong((*path, key), f"unknown key {key!r}")
        text = self._text(doc, (*path, "not_to_do"), raw["not_to_do"]) if "not_to_do" in raw else None
        others = raw.get("alternatives") or []
        if not isinstance(others, list):
            doc.wrong((*path, "alternatives"), "alternatives must be a list")
            others = []
        self._advice.append((doc, path, fault, text, tuple(str(other) for other in others)))

    def _take_advice(self) -> None:
        for doc, path, name, text, others in self._advice:
            fault = self.faults.get(name)
            if fault is None:
                doc.wrong(path, f"unknown fault {name!r}")
                continue
            self.faults[name] = msgspec.structs.replace(
                fault,
                not_to_do=text or fault.not_to_do,
                alternatives=others or fault.alternatives,
            )
            for other in others:
                if other not in self.faults:
                    doc.wrong((*path, "alternatives"), f"unknown fault {other!r}")

    def _limit(self, doc: Marked, path: Path, key: str, raw: Any) -> None:
        """A threshold: a number with a word on where it comes from."""
        limit = raw.get("limit") if isinstance(raw, dict) else None
        if not isinstance(limit, int | float) or isinstance(limit, bool) or limit < 0:
            doc.wrong(path, "a pattern needs a limit, a number that is not negative")
        elif not raw.get("why"):
            doc.wrong(path, "a pattern needs a why: where its limit comes from")
        else:
            self.limits[key] = float(limit)

    def _list(self, doc: Marked, value: dict[str, Any], key: str) -> list[Any]:
        found = value.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            doc.wrong((key,), f"{key} must be a list")
            return []
        return found

    def _mapping(self, doc: Marked, value: dict[str, Any], key: str) -> dict[str, Any]:
        found = value.get(key)
        if found is None:
            return {}
        if not isinstance(found, dict):
            doc.wrong((key,), f"{key} must be a mapping")
            return {}
        return found

    def _text(self, doc: Marked, path: Path, raw: Any) -> Text | None:
        if not isinstance(raw, dict):
            doc.wrong(path, "a text needs nl, fr and en")
            return None
        lacking = [lang for lang in LANGUAGES if not str(raw.get(lang) or "").strip()]
        if lacking:
            doc.wrong(path, f"text lacks {', '.join(lacking)}")
            return None
        return Text(nl=str(raw["nl"]).strip(), fr=str(raw["fr"]).strip(), en=str(raw["en"]).strip())

    def _convert(self, doc: Marked, path: Path, raw: Any, kind: type[Any], texts: tuple[str, ...]) -> Any:
        if not isinstance(raw, dict):
            doc.wrong(path, "must be a mapping")
            return None
        good = True
        for key in texts:
            if key in raw and self._text(doc, (*path, key), raw[key]) is None:
                good = False
        for key in raw.keys() - set(kind.__struct_fields__):
            doc.wrong((*path, key), f"unknown key {key!r}")
            good = False
        if not good:
            return None
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            reason, _, where = str(error).partition(" - at `$")
            parts = [p for p in where.rstrip("`").replace("[", ".").split(".") if p]
            doc.wrong((*path, *parts), reason + (f" ({'.'.join(parts)})" if parts else ""))
            return None

    def _task(self, doc: Marked, path: Path, raw: Any, contacts: Any) -> None:
        task = self._convert(doc, path, raw, Task, ("text", "helps"))
        if task is None:
            return
        if self._twice("task", task.id):
            doc.wrong(path, f"task {task.id!r} is given twice")
        if not task.contact and isinstance(contacts, dict):
            task = msgspec.structs.replace(task, contact=self._contact(doc, contacts, task.owner.value))
        self.tasks[task.id] = task

    def _contact(self, doc: Marked, contacts: dict[str, Any], owner: str) -> str | Text:
        """A name and number, the same in every language, or a text in each."""
        raw = contacts.get(owner, "")
        if isinstance(raw, dict):
            return self._text(doc, ("contacts", owner), raw) or ""
        return str(raw)

    def _fault(self, doc: Marked, path: Path, raw: Any) -> None:
        fault = self._convert(doc, path, raw, Fault, ("name", "first_aid", "not_to_do"))
        if fault is None:
            return
        if self._twice("fault", fault.id):
            doc.wrong(path, f"fault {fault.id!r} is given twice")
        if not 0 <= fault.confidence <= 1:
            doc.wrong((*path, "confidence"), "confidence must lie between 0 and 1")
        for key in ("hold_s", "clear_s", "quiet_s"):
            seconds = getattr(fault, key)
            if seconds is not None and seconds < 0:
                doc.wrong((*path, key), f"{key} must not be negative")
        if fault.safety and fault.hold_s > 0:
            doc.wrong((*path, "hold_s"), "a safety fault must not wait: hold_s must be 0")
        self.faults[fault.id] = fault
        self._tasks_named.append((doc, path, fault))

    def _table(self, doc: Marked, value: dict[str, Any]) -> None:
        head = self._mapping(doc, value, "table")
        for key in head.keys() - TABLE_KEYS:
            doc.wrong(("table", key), f"unknown key {key!r}")
        name, columns = head.get("name"), head.get("field", "vendor_error")
        columns = columns if isinstance(columns, list) else [columns]
        if not name:
            doc.wrong(("table",), "table needs a name")
        if not set(map(str, columns)) <= set(FIELDS):
            doc.wrong(("table", "field"), f"field must be one of {', '.join(FIELDS)}")
        try:
            encoding = Encoding(str(head.get("encoding", "exact")))
        except ValueError:
            doc.wrong(("table", "encoding"), f"encoding must be one of {', '.join(Encoding)}")
            return
        codes: dict[str, CodeEntry] = {}
        by_number: dict[int, tuple[str, CodeEntry]] = {}
        for code, raw in self._mapping(doc, value, "codes").items():
            path = ("codes", code)
            entry = (
                CodeEntry(fault=raw) if isinstance(raw, str) else self._convert(doc, path, raw, CodeEntry, ())
            )
            if entry is None:
                continue
            self._uses.append((doc, path, entry.fault))
            codes[code.casefold()] = entry
            if encoding in (Encoding.HEX, Encoding.HEX_MASK, Encoding.NUMBER, Encoding.MASK):
                number = number_of(code.casefold(), hexadecimal=encoding in (Encoding.HEX, Encoding.HEX_MASK))
                if number is None:
                    doc.wrong(path, f"{code!r} is no number")
                else:
                    by_number[number] = (code, entry)
        for column in columns:
            self.tables.append(
                CodeTable(
                    name=str(name),
                    field=str(column),
                    encoding=encoding,
                    codes=codes,
                    vendor=bool(head.get("vendor", False)),
                    makes=tuple(str(m).casefold() for m in head.get("makes") or ()),
                    vendor_ids=tuple(str(v).casefold() for v in head.get("vendor_ids") or ()),
                    models=tuple(str(m).casefold() for m in head.get("models") or ()),
                    firmwares=tuple(str(f).casefold() for f in head.get("firmwares") or ()),
                    own=self._own,
                    healthy=frozenset(str(h).casefold() for h in head.get("healthy") or ()),
                    with_no_error=bool(head.get("with_no_error", False)),
                    source=str(head.get("source", "")),
                    by_number=by_number,
                )
            )

    def _event(self, doc: Marked, path: Path, raw: Any) -> None:
        if not isinstance(raw, dict) or not raw.get("fault"):
            doc.wrong(path, "an event needs a fault")
            return
        for key in raw.keys() - EVENT_KEYS:
            doc.wrong((*path, key), f"unknown key {key!r}")
        self._uses.append((doc, (*path, "fault"), str(raw["fault"])))

        def word(key: str) -> str | None:
            found = raw.get(key)
            return None if found is None else str(found).casefold()

        def prefixes(key: str) -> tuple[str, ...]:
            found = raw.get(key) or ()
            if not isinstance(found, list | tuple):
                doc.wrong((*path, key), f"{key} must be a list")
                return ()
            return tuple(str(one).casefold() for one in found)

        rule = EventRule(
            table=doc.file,
            fault=str(raw["fault"]),
            component=word("component"),
            variable=word("variable"),
            tech_code=word("tech_code"),
            max_severity=raw.get("max_severity"),
            confidence=raw.get("confidence"),
            makes=prefixes("makes"),
            models=prefixes("models"),
            firmwares=prefixes("firmwares"),
        )
        (self._own_events if self._own else self._events).append(rule)


def version_of(texts: Mapping[str, str]) -> str:
    """A short fingerprint of the catalogue's texts: the rule version of every verdict."""
    digest = hashlib.blake2b(digest_size=6)
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name].encode() + b"\0")
    return digest.hexdigest()


def parse(texts: Mapping[str, str], own: Collection[str] = ()) -> Catalog:
    """Build the catalogue from `{file name: text}`. Raises `CatalogError` with every mistake at once.

    `own`: names of an operator's own files. Their entries replace those of the same id, their code tables
    come before all others.
    """
    reader = Reader()
    for name in sorted(texts, key=lambda name: (name in own, name)):
        reader.add(name, texts[name], own=name in own)
    reader.cross_check()
    if reader.mistakes:
        raise CatalogError(reader.mistakes)
    routes = reader.routing.files
    return Catalog(
        # Who hears of a verdict is no part of it: another route is not another version of its rule.
        version=version_of({name: text for name, text in texts.items() if name not in routes}),
        tasks=reader.tasks,
        faults=reader.faults,
        tables=reader.tables,
        events=reader.events,
        texts=reader.texts,
        limits=reader.limits,
        routing=reader.routing.built(version_of({name: texts[name] for name in routes})),
        some_with_no_error=any(table.with_no_error for table in reader.tables),
    )
