"""An incident in plain words: what it is, why it is whose it is, what each proof says, what to try first.

Decides words only, from the catalogue's texts. Station text is handed through as it is: escaping and capping
are the reader's duty.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rules.core.catalog.entries import LANGUAGES, Catalog
from rules.core.model import Evidence, IncidentRow, Scope

_FIELD = re.compile(r"\{(\w+)\}")
NOT_KNOWN = "-"


def fill(template: str, values: dict[str, object]) -> str:
    """`{name}` replaced by its value, a dash where it is not known."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match.group(1))
        if isinstance(found, float) and found.is_integer():
            found = int(found)  # 8524 Wh, not 8524.0 Wh
        return NOT_KNOWN if found is None or found == "" else str(found)

    return _FIELD.sub(value, template)


def says(evidence: Evidence, catalog: Catalog, language: str) -> str:
    """One proof as a sentence."""
    return fill(catalog.text(f"says.{evidence.says}", language), evidence.values)


def place(row: IncidentRow, catalog: Catalog, language: str) -> str:
    """Where: a connector, a station, a site or the platform with the number of members."""
    values: dict[str, object] = {
        "station": row.station,
        "connector": row.connector or row.evse,
        "site": row.site,
        "members": len(row.members),
    }
    if row.scope is Scope.SITE:
        return fill(catalog.text("place.site", language), values)
    if row.scope in (Scope.CONNECTIVITY, Scope.FIRMWARE):
        return fill(catalog.text(f"place.{row.scope.value}", language), values)
    if row.station is None:
        return fill(catalog.text("place.platform", language), values)
    if row.connector or row.evse:
        return fill(catalog.text("place.connector", language), values)
    return row.station


def summary(row: IncidentRow, catalog: Catalog, language: str) -> str:
    """One sentence of what is wrong and where."""
    key = "summary.imminent" if row.imminent else "summary.line"
    name = catalog.fault(row.fault).name.in_(language)
    return fill(catalog.text(key, language), {"place": place(row, catalog, language), "fault": name})


def task(task_id: str, catalog: Catalog, language: str) -> str:
    """A task of the published split in its words; its id where the catalogue no longer has it."""
    found = catalog.tasks.get(task_id)
    return task_id if found is None else found.text.in_(language)


def why(row: IncidentRow, catalog: Catalog, language: str, *, min_confidence: float = 0.5) -> str:
    """Why it is whose it is, naming the task of the published split."""
    sentence = fill(
        catalog.text(f"why.{row.owner.value}", language),
        {"task": task(row.task, catalog, language)},
    )
    if row.overruled_by is not None:
        return f"{sentence} {fill(catalog.text('why.overruled', language), {'by': row.overruled_by})}"
    if row.confidence < min_confidence:
        low = fill(catalog.text("why.low_confidence", language), {"confidence": round(row.confidence * 100)})
        return f"{sentence} {low}"
    return sentence


def first_aid(row: IncidentRow, catalog: Catalog, language: str) -> str:
    """What to try first."""
    return catalog.fault(row.fault).first_aid.in_(language)


def not_to_do(row: IncidentRow, catalog: Catalog, language: str) -> str | None:
    """What to leave alone; None when nothing is named."""
    text = catalog.fault(row.fault).not_to_do
    return None if text is None else text.in_(language)


def alternatives(fault: str, catalog: Catalog, language: str) -> list[str]:
    """The names of what else it could be."""
    return [catalog.fault(other).name.in_(language) for other in catalog.fault(fault).alternatives]


def in_all(say: Callable[[str], str]) -> dict[str, str]:
    """The same in every language: `{nl, fr, en}`."""
    return {language: say(language) for language in LANGUAGES}
