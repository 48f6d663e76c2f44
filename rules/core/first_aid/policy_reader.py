"""Reads the operator's first-aid policies: YAML text to a plan, or every mistake with file, line and reason.

Decides whether a policy is sound. What may never be tried (safety faults, faults wider than a station) is a
mistake in the file already, not only at the moment itself.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from rules.core.aid_policy import AidPlan, AidPolicy, Remedy
from rules.core.catalog.entries import Catalog
from rules.core.catalog.marked_yaml import Marked, Mistake, Path, read

KEYS = ("fault", "do", "attempts", "cool_down_s", "cleared_within_s", "before_sending", "hold_s")
MATCH = ("make", "model", "firmware")
# (least, most): a person waits no longer than ten minutes for a machine's try.
BOUNDS = {
    "attempts": (1, 5),
    "cool_down_s": (60, 604_800),
    "cleared_within_s": (10, 3600),
    "hold_s": (10, 600),
}
OF_MANY = ("site.offline", "platform.offline", "connectivity.offline")


DEFAULT = AidPolicy(id="", fault="", do=Remedy.TRIGGER_STATUS)


class AidPlanError(Exception):
    """The file is unusable. `mistakes` holds every one found; as text one a line."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(one) for one in sorted(mistakes)))
        self.mistakes = mistakes


def parse_plan(
    file: str, text: str, catalog: Catalog, *, station_per_day: int, fleet_per_hour: int
) -> AidPlan:
    """The plan in the file's order. Raises `AidPlanError` with every mistake at once."""
    doc = read(file, text)
    policies: list[AidPolicy] = []
    if not doc.mistakes:
        value = doc.value
        if not isinstance(value, dict) or not isinstance(value.get("policies"), list):
            doc.wrong((), "needs a list under `policies:`")
        else:
            for key in value.keys() - {"policies"}:
                doc.wrong((key,), f"unknown key {key!r}; known here: policies")
            seen: dict[str, int] = {}
            for i, raw in enumerate(value["policies"]):
                found = _policy(doc, ("policies", i), raw, catalog, seen)
                if found is not None:
                    policies.append(found)
    if doc.mistakes:
        raise AidPlanError(doc.mistakes)
    return AidPlan(policies=tuple(policies), station_per_day=station_per_day, fleet_per_hour=fleet_per_hour)


def _policy(doc: Marked, path: Path, raw: Any, catalog: Catalog, seen: dict[str, int]) -> AidPolicy | None:
    if not isinstance(raw, dict):
        doc.wrong(path, "a policy is a mapping with at least `fault` and `do`")
        return None
    before = len(doc.mistakes)
    for key in raw.keys() - {*KEYS, *MATCH}:
        close = get_close_matches(key, (*KEYS, *MATCH), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join((*KEYS, *MATCH))}"
        doc.wrong((*path, key), f"unknown key {key!r}; {hint}")
    fault = _fault(doc, path, raw.get("fault"), catalog)
    remedy = next((one for one in Remedy if one.value == raw.get("do")), None)
    if remedy is None:
        doc.wrong((*path, "do"), f"`do` is one of {', '.join(Remedy)}, not {raw.get('do')!r}")
    numbers = {name: _number(doc, path, raw, name) for name in BOUNDS if name in raw}
    waits = raw.get("before_sending", False)
    if not isinstance(waits, bool):
        doc.wrong((*path, "before_sending"), f"`before_sending` is true or false, not {waits!r}")
    for name in MATCH:
        if name in raw and not (isinstance(raw[name], str) and raw[name].strip()):
            doc.wrong((*path, name), f"`{name}` is text, not {raw[name]!r}; put a number in quotes")
    if len(doc.mistakes) > before or fault is None or remedy is None:
        return None
    name = "/".join(filter(None, (fault, remedy.value, *(raw.get(match) for match in MATCH))))
    seen[name] = seen.get(name, 0) + 1
    if seen[name] > 1:
        doc.wrong(path, f"{remedy.value} for {fault} is given twice; raise `attempts` instead")
        return None
    return AidPolicy(
        id=name,
        fault=fault,
        do=remedy,
        attempts=int(numbers.get("attempts", 1)),
        before_sending=waits,
        cool_down_s=numbers.get("cool_down_s", DEFAULT.cool_down_s),
        cleared_within_s=numbers.get("cleared_within_s", DEFAULT.cleared_within_s),
        hold_s=numbers.get("hold_s", DEFAULT.hold_s),
        make=_text(raw, "make"),
        model=_text(raw, "model"),
        firmware=_text(raw, "firmware"),
    )


def _text(raw: dict[str, Any], name: str) -> str | None:
    return raw[name].strip() if name in raw else None


def _fault(doc: Marked, path: Path, told: Any, catalog: Catalog) -> str | None:
    known = catalog.faults.get(told) if isinstance(told, str) else None
    if known is None:
        close = get_close_matches(str(told), catalog.faults, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        doc.wrong((*path, "fault"), f"there is no fault {told!r} in the catalogue{hint}")
        return None
    if known.safety:
        doc.wrong((*path, "fault"), f"{known.id} is a safety fault: nothing is tried from afar there")
        return None
    if known.id in OF_MANY:
        doc.wrong((*path, "fault"), f"{known.id} is wider than one station: nothing is tried there")
        return None
    return known.id


def _number(doc: Marked, path: Path, raw: dict[str, Any], name: str) -> float:
    value, (least, most) = raw[name], BOUNDS[name]
    kinds = int if name == "attempts" else int | float
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        doc.wrong((*path, name), f"`{name}` is a number from {least} to {most}, not {value!r}")
        return least
    return float(value)
