"""Names that come from the catalogue: faults, first aid, tasks, evidence. Unknown ids are shown as they are.

Decides nothing; reads the catalogue once per process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from data.catalog_files import load_catalog
from pages._texts import Words
from rules.core.catalog import Catalog


@cache
def catalog() -> Catalog:
    return load_catalog(None)


def fault(words: Words, fault_id: str) -> str:
    found = catalog().faults.get(fault_id)
    return found.name.in_(words.language) if found else fault_id.replace("_", " ").capitalize()


def first_aid(words: Words, fault_id: str) -> tuple[str, str]:
    """What to try first, and what not to do; "" where the catalogue says nothing."""
    found = catalog().faults.get(fault_id)
    if found is None:
        return "", ""
    return found.first_aid.in_(words.language), found.not_to_do.in_(words.language) if found.not_to_do else ""


def task(words: Words, task_id: str) -> str:
    found = catalog().tasks.get(task_id)
    return found.text.in_(words.language) if found else task_id


def evidence(words: Words, says: str, values: dict[str, Any]) -> str:
    """The sentence of one proof; a value that the text wants and the proof lacks shows as "?"."""
    pattern = catalog().text(says, words.language)
    if pattern == says:
        told = ", ".join(f"{key} {value}" for key, value in values.items())
        return f"{says.rpartition('.')[2].replace('_', ' ')}{': ' if told else ''}{told}"
    return pattern.format_map(_Known({key: "?" if value is None else value for key, value in values.items()}))


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
