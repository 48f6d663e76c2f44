"""Reads and checks routing files: rules, chains and contracts; the operator's own before the packaged ones.

Decides whether an entry is sound. Goes on after a mistake, so that all are told at once with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

from rules.core.calendar import service_hours
from rules.core.catalog.marked_yaml import Marked, Mistake, Path, read
from rules.core.catalog.routes import (
    CONFIDENCE,
    FLAGS,
    FREE,
    NO_CHAIN,
    OTHERWISE,
    UNKNOWN,
    Chain,
    ChainStep,
    Contract,
    Routing,
    Rule,
    Wanted,
)
from rules.core.catalog.text import LANGUAGES, Text
from rules.core.words import Cause, Owner, Scope, Severity, Side

ROUTING_SECTIONS = {"routes", "chains", "contracts", "standard_rules"}
RULE_KEYS = {"id", "when", "to", "inform", "chain", "why"}
CHAIN_KEYS = {"steps", "not_for"}
STEP_KEYS = {"wait_minutes", "to", "contact"}
CONTRACT_KEYS = {"hours", "targets_count", "response_minutes", "repair_minutes"}
COUNTS = {"hours of the contract": True, "all hours": False}
CHOICES: dict[str, tuple[str, ...]] = {
    "side": tuple(Side),
    "cause": tuple(Cause),
    "owner": tuple(Owner),
    "severity": tuple(Severity),
    "scope": tuple(Scope),
    "warranty": ("in", "out", UNKNOWN),
    "contract_hours": ("in", "out", UNKNOWN),
    **dict.fromkeys(FLAGS, ("yes", "no")),
}
CONDITIONS = (*FREE, *CHOICES, CONFIDENCE)
KINDS = ("helpdesk", "installer", "customer")
ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
DESTINATION = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
NAMED_PARTY = re.compile(r"(installer|customer):\S(.*\S)?")
SURE = re.compile(r"low|enough|(under|from) (0(\.\d+)?|1(\.0+)?)")


def misread_routing(name: str, text: str) -> list[Mistake]:
    """What is wrong with a file of which one must be able to say that it holds routing."""
    doc = read(name, text)
    if doc.mistakes:
        return []  # told where the file is read
    if not isinstance(doc.value, dict) or not ROUTING_SECTIONS & doc.value.keys():
        return [Mistake(name, 1, f"holds no routing: it needs {', '.join(sorted(ROUTING_SECTIONS))}")]
    return []


class RoutingReader:
    """Collects routing from several files. `files`: the names of those that held any."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self._docs: list[tuple[Marked, bool]] = []
        self._rules: list[Rule] = []
        self._chains: dict[str, Chain] = {}
        self._contracts: dict[str, Contract] = {}
        self._own_ids: dict[str, str] = {}
        self._standard = True
        self._chains_named: list[tuple[Marked, Path, str]] = []
        self._patterns: list[tuple[Marked, Path, str, str]] = []

    def add(self, doc: Marked, *, own: bool) -> None:
        """Take in one file. `own`: the operator's."""
        self.files.append(doc.file)
        self._docs.append((doc, own))
        value = doc.value
        for key in value.keys() - ROUTING_SECTIONS:
            doc.wrong((key,), _unknown(key, ROUTING_SECTIONS))
        if "standard_rules" in value:
            self._standard = self._standard and value["standard_rules"] is True
            if not isinstance(value["standard_rules"], bool):
                doc.wrong(("standard_rules",), "must be yes or no")
        ids: dict[str, int] = {}
        for n, raw in enumerate(_list(doc, value, "routes")):
            rule = self._rule(doc, ("routes", n), raw, own=own)
            if rule is None:
                continue
            if rule.id in ids or (own and rule.id in self._own_ids):
                doc.wrong(("routes", n), f"the rule {rule.id!r} is given twice")
            ids[rule.id] = n
            if own:
                self._own_ids[rule.id] = rule.where
            self._rules.append(rule)
        for name, raw in _mapping(doc, value, "chains").items():
            chain = self._chain(doc, ("chains", name), name, raw)
            if chain is not None:
                self._chains[name] = chain
        for name, raw in _mapping(doc, value, "contracts").items():
            contract = _contract(doc, ("contracts", name), name, raw)
            if contract is not None:
                self._contracts[name] = contract

    def cross_check(self, faults: Collection[str], tasks: Collection[str]) -> list[Mistake]:
        """All mistakes: chains that are named exist, and patterns of faults and tasks fit at least one."""
        for doc, path, name in self._chains_named:
            if name not in self._chains:
                known = ", ".join(sorted(self._chains)) or "no chain"
                doc.wrong(path, f"there is no chain {name!r}; there is {known}, or none")
        known_names = {"fault": faults, "task": tasks}
        for doc, path, kind, pattern in self._patterns:
            if pattern != UNKNOWN and not _fits_any(pattern, known_names[kind]):
                doc.wrong(path, f"no {kind} is called {pattern!r}; * stands for anything")
        found = [mistake for doc, _ in self._docs for mistake in doc.mistakes]
        for doc, _ in self._docs:
            doc.mistakes = []
        return found

    def built(self, version: str) -> Routing:
        """The operator's own rules come first; a packaged rule with the same id is replaced by it."""
        own = [rule for rule in self._rules if not rule.packaged]
        packaged = [r for r in self._rules if r.packaged and r.id not in self._own_ids and self._standard]
        return Routing(
            rules=(*own, *packaged), chains=self._chains, contracts=self._contracts, version=version
        )

    # --- entries ----------------------------------------------------------------------

    def _rule(self, doc: Marked, path: Path, raw: Any, *, own: bool) -> Rule | None:
        if not isinstance(raw, dict):
            doc.wrong(path, "must be a mapping with id and to")
            return None
        before = len(doc.mistakes)
        for key in raw.keys() - RULE_KEYS:
            doc.wrong((*path, key), _unknown(key, RULE_KEYS))
        name = raw.get("id")
        if not isinstance(name, str) or not ID.fullmatch(name) or name == OTHERWISE:
            doc.wrong((*path, "id"), "needs an id of a-z, 0-9, - and _, and not 'otherwise'")
            name = "?"
        when = self._conditions(doc, (*path, "when"), raw.get("when", {}))
        to = _parties(doc, (*path, "to"), raw.get("to"), nobody=True)
        if not to:
            doc.wrong((*path, "to"), "needs to: helpdesk, installer, customer, nobody or a destination")
        inform = _parties(doc, (*path, "inform"), raw.get("inform", []))
        chain = raw.get("chain")
        if chain is not None and chain != NO_CHAIN:
            self._chains_named.append((doc, (*path, "chain"), str(chain)))
        why = _text(doc, (*path, "why"), raw["why"]) if "why" in raw else None
        if len(doc.mistakes) > before:
            return None
        return Rule(
            id=name,
            when=when,
            to=to,
            inform=inform,
            chain=None if chain is None else str(chain),
            why=why,
            where=f"{doc.file}:{doc.lines.get(path, 1)}",
            packaged=not own,
        )

    def _conditions(self, doc: Marked, path: Path, raw: Any) -> dict[str, Wanted]:
        if not isinstance(raw, dict):
            doc.wrong(path, "must be a mapping of conditions")
            return {}
        found: dict[str, Wanted] = {}
        for name, value in raw.items():
            if name not in CONDITIONS:
                doc.wrong((*path, name), _unknown(name, CONDITIONS, "condition"))
                continue
            found[name] = self._wanted(doc, (*path, name), name, value)
        return found

    def _wanted(self, doc: Marked, path: Path, name: str, value: Any) -> Wanted:
        words: list[str] = []
        for one in value if isinstance(value, list) else [value]:
            word = {True: "yes", False: "no"}[one] if isinstance(one, bool) else str(one).strip()
            if one is None or not word:
                doc.wrong(path, "has no value; write unknown where that is meant")
            elif name in CHOICES and word not in CHOICES[name]:
                doc.wrong(path, f"{word!r} is no {name}: one of {', '.join(CHOICES[name])}")
            elif name == CONFIDENCE and not SURE.fullmatch(word):
                doc.wrong(path, f"{word!r} is no confidence: low, enough, under 0.7 or from 0.7")
            if name in ("fault", "task"):
                self._patterns.append((doc, path, name, word))
            words.append(word)
        if not words:
            doc.wrong(path, "has no value; leave the condition out where anything will do")
        return tuple(words)

    def _chain(self, doc: Marked, path: Path, name: str, raw: Any) -> Chain | None:
        if not isinstance(raw, dict) or not isinstance(raw.get("steps"), list):
            doc.wrong(path, "must be a mapping with steps")
            return None
        before = len(doc.mistakes)
        for key in raw.keys() - CHAIN_KEYS:
            doc.wrong((*path, key), _unknown(key, CHAIN_KEYS))
        not_for = self._conditions(doc, (*path, "not_for"), raw.get("not_for", {}))
        steps = [_step(doc, (*path, "steps", n), one) for n, one in enumerate(raw["steps"])]
        if len(doc.mistakes) > before:
            return None
        sound = tuple(step for step in steps if step is not None)
        return Chain(name=name, steps=sound, not_for=not_for, where=f"{doc.file}:{doc.lines.get(path, 1)}")


def _step(doc: Marked, path: Path, raw: Any) -> ChainStep | None:
    if not isinstance(raw, dict):
        doc.wrong(path, "must be a mapping with wait_minutes and to")
        return None
    for key in raw.keys() - STEP_KEYS:
        doc.wrong((*path, key), _unknown(key, STEP_KEYS))
    wait = _by_severity(doc, (*path, "wait_minutes"), raw.get("wait_minutes"))
    to = _parties(doc, (*path, "to"), raw.get("to"))
    contact = raw.get("contact", 1)
    if len(to) != 1:
        doc.wrong((*path, "to"), "names one party or destination")
    if contact not in (1, 2, 3) or isinstance(contact, bool):
        doc.wrong((*path, "contact"), "must be 1, 2 or 3: which contact of that party")
    elif len(to) == 1 and wait:
        return ChainStep(wait, to[0], contact)
    return None


def _contract(doc: Marked, path: Path, name: str, raw: Any) -> Contract | None:
    if not isinstance(raw, dict):
        doc.wrong(path, "must be a mapping")
        return None
    before = len(doc.mistakes)
    for key in raw.keys() - CONTRACT_KEYS:
        doc.wrong((*path, key), _unknown(key, CONTRACT_KEYS))
    hours = None
    if "hours" in raw:
        try:
            hours = service_hours.parse(str(raw["hours"]))
        except ValueError as error:
            doc.wrong((*path, "hours"), str(error))
    counts = raw.get("targets_count", "hours of the contract")
    if counts not in COUNTS:
        doc.wrong((*path, "targets_count"), f"must be one of: {', '.join(COUNTS)}")
    response = _by_severity(doc, (*path, "response_minutes"), raw.get("response_minutes", {}))
    repair = _by_severity(doc, (*path, "repair_minutes"), raw.get("repair_minutes", {}))
    if len(doc.mistakes) > before:
        return None
    return Contract(
        name=name,
        hours=hours,
        in_hours=COUNTS[counts],
        response_s=response,
        repair_s=repair,
        where=f"{doc.file}:{doc.lines.get(path, 1)}",
    )


def _by_severity(doc: Marked, path: Path, raw: Any) -> dict[str, float]:
    """One number for all severities, or one for each that has a target."""
    if not isinstance(raw, dict):
        seconds = _minutes(doc, path, raw)
        return {} if seconds is None else {severity.value: seconds for severity in Severity}
    found: dict[str, float] = {}
    for key, value in raw.items():
        if key not in CHOICES["severity"]:
            doc.wrong((*path, key), f"{key!r} is no severity: one of {', '.join(CHOICES['severity'])}")
            continue
        seconds = _minutes(doc, (*path, key), value)
        if seconds is not None:
            found[key] = seconds
    return found


def _minutes(doc: Marked, path: Path, raw: Any) -> float | None:
    """Seconds. A year is more than any contract waits."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw <= 525_600:
        doc.wrong(path, "must be a number of minutes, more than 0 and at most 525600")
        return None
    return float(raw) * 60


def _parties(doc: Marked, path: Path, raw: Any, *, nobody: bool = False) -> tuple[str, ...]:
    names = raw if isinstance(raw, list) else [] if raw is None else [raw]
    found: list[str] = []
    for name in names:
        sound = isinstance(name, str) and (
            name in KINDS or DESTINATION.fullmatch(name) or NAMED_PARTY.fullmatch(name)
        )
        if not sound or (name == "nobody" and not (nobody and len(names) == 1)):
            doc.wrong(path, f"{name!r} is no party: {', '.join(KINDS)}, installer:Name or a destination")
        else:
            found.append(str(name))
    return tuple(found)


def _text(doc: Marked, path: Path, raw: Any) -> Text | None:
    if not isinstance(raw, dict) or any(not isinstance(raw.get(key), str) for key in LANGUAGES):
        doc.wrong(path, "needs a text in nl, fr and en")
        return None
    return Text(**{key: raw[key] for key in LANGUAGES})


def _list(doc: Marked, value: dict[str, Any], key: str) -> list[Any]:
    raw = value.get(key) or []
    if not isinstance(raw, list):
        doc.wrong((key,), f"{key} must be a list")
        return []
    return raw


def _mapping(doc: Marked, value: dict[str, Any], key: str) -> dict[str, Any]:
    raw = value.get(key) or {}
    if not isinstance(raw, dict):
        doc.wrong((key,), f"{key} must be a mapping")
        return {}
    return raw


def _unknown(key: str, known: Iterable[str], kind: str = "key") -> str:
    return f"unknown {kind} {key!r}; known are {', '.join(sorted(known))}"


def _fits_any(pattern: str, names: Collection[str]) -> bool:
    if not any(sign in pattern for sign in "*?"):
        return pattern in names
    return any(fnmatchcase(name, pattern.casefold()) for name in names)
