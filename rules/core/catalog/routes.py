"""The routing file as data: rules in order, chains of escalation, contracts with their targets.

Decides whether a rule's conditions fit what is known, and which condition is the first that does not. Knows
no destinations and no incidents; `routing.route` brings those. A value that is not known fits only `unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from rules.core.calendar.service_hours import Hours
from rules.core.catalog.text import Text

UNKNOWN = "unknown"
HELPDESK, NOBODY = "helpdesk", "nobody"
OTHERWISE = "otherwise"  # the rule that is always there, at the end
NO_CHAIN = "none"

# Conditions that are a free text with wildcards, those with fixed words, and yes or no.
FREE = (
    *("station", "site", "region", "fault", "task", "make", "model", "firmware"),
    *("installer", "customer", "contract"),
)
FLAGS = ("imminent", "safety", "driver_stuck", "registered")
CONFIDENCE = "confidence"

Known = Mapping[str, str | float | tuple[str, ...] | None]  # several: names of one thing
Wanted = tuple[str, ...]


class Miss(Struct, frozen=True):
    """The first condition of a rule that does not hold: what it asks, and what is so."""

    condition: str
    wanted: Wanted
    found: str


class Rule(Struct, frozen=True, kw_only=True):
    """`where`: file and line. `to`: parties and destinations in order; all of them hear of it."""

    id: str
    when: dict[str, Wanted] = {}
    to: tuple[str, ...]
    inform: tuple[str, ...] = ()
    chain: str | None = None
    why: Text | None = None
    where: str = ""
    packaged: bool = False

    def miss(self, known: Known) -> Miss | None:
        """None when every condition holds."""
        for condition, wanted in self.when.items():
            if not holds(condition, wanted, known):
                return Miss(condition, wanted, told(known.get(condition)))
        return None


class ChainStep(Struct, frozen=True):
    """`to` hears of it when nobody has answered for `wait_s` seconds since the step before, by severity; a
    severity that is not in it leaves the step out. `contact` 2 is the second contact of that party."""

    wait_s: dict[str, float]
    to: str
    contact: int = 1


class Chain(Struct, frozen=True, kw_only=True):
    """`not_for`: any one of these conditions keeps an incident out of the chain."""

    name: str
    steps: tuple[ChainStep, ...]
    not_for: dict[str, Wanted] = {}
    where: str = ""

    def spared(self, known: Known) -> str | None:
        """The condition by which this incident is not escalated, or None."""
        return next((name for name, wanted in self.not_for.items() if holds(name, wanted, known)), None)


class Contract(Struct, frozen=True, kw_only=True):
    """Targets in seconds by severity. `hours`: of service; `in_hours`: targets count those hours only."""

    name: str
    hours: Hours | None = None
    in_hours: bool = True
    response_s: dict[str, float] = {}
    repair_s: dict[str, float] = {}
    where: str = ""


class Routing(Struct, frozen=True, kw_only=True):
    """All of it. `version`: a fingerprint of the files."""

    rules: tuple[Rule, ...] = ()
    chains: dict[str, Chain] = {}
    contracts: dict[str, Contract] = {}
    version: str = ""

    def find(self, known: Known) -> tuple[Rule, list[tuple[Rule, Miss]]]:
        """The first rule that fits, and why each one before it did not. There is always one."""
        missed: list[tuple[Rule, Miss]] = []
        for rule in self.rules:
            miss = rule.miss(known)
            if miss is None:
                return rule, missed
            missed.append((rule, miss))
        return CATCH_ALL, missed

    def contract(self, name: str | None) -> Contract | None:
        """By name, whatever the capitals; None for a name that the file does not have."""
        if name is None:
            return None
        wanted = name.casefold()
        return next((c for key, c in self.contracts.items() if key.casefold() == wanted), None)


CATCH_ALL = Rule(id=OTHERWISE, to=(HELPDESK,), packaged=True)


def holds(condition: str, wanted: Wanted, known: Known) -> bool:
    """Whether one of the wanted values is so."""
    found = known.get(condition)
    if condition == CONFIDENCE:
        return any(_sure(word, known) for word in wanted)
    if found is None:
        return UNKNOWN in wanted
    names = [str(name).casefold() for name in (found if isinstance(found, tuple) else (found,))]
    patterns = [pattern.casefold().replace("[", "[[]") for pattern in wanted]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _sure(word: str, known: Known) -> bool:
    """`low` and `enough` are by the settings' least confidence; `under 0.7` and `from 0.7` by the number."""
    share = known.get(CONFIDENCE)
    if not isinstance(share, float):
        return False
    kind, _, number = word.partition(" ")
    limit = float(number) if number else known.get("min_confidence")
    if not isinstance(limit, float | int):
        return False
    return share < limit if kind in ("low", "under") else share >= limit


def told(value: str | float | tuple[str, ...] | None) -> str:
    """A value as a person reads it."""
    if isinstance(value, tuple):
        return ", ".join(value) or UNKNOWN
    return UNKNOWN if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
