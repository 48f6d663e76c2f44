"""Names that come from the catalogue: faults, first aid, tasks, evidence. Unknown ids are shown as they are.

Decides nothing; reads the catalogue once per process.
"""

from __future__ import annotations

from functools import cache

from data.catalog_files import load_catalog
from pages._texts import Words
from rules.core import explain
from rules.core.catalog import Catalog
from rules.core.model import Evidence


@cache
def catalog() -> Catalog:
    return load_catalog(None)


def fault(words: Words, fault_id: str) -> str:
    found = catalog().faults.get(fault_id)
    name = found.name.in_(words.language) if found else fault_id.replace("_", " ").replace(".", ": ")
    return name[:1].upper() + name[1:]


def first_aid(words: Words, fault_id: str) -> tuple[str, str]:
    """What to try first, and what not to do; "" where the catalogue says nothing."""
    found = catalog().faults.get(fault_id)
    if found is None:
        return "", ""
    return found.first_aid.in_(words.language), found.not_to_do.in_(words.language) if found.not_to_do else ""


def alternatives(words: Words, fault_id: str) -> list[str]:
    """What else it could be; empty where the catalogue names nothing else."""
    known = fault_id in catalog().faults
    return explain.alternatives(fault_id, catalog(), words.language) if known else []


def task(words: Words, task_id: str) -> str:
    found = catalog().tasks.get(task_id)
    return found.text.in_(words.language) if found else task_id


def evidence(words: Words, proof: Evidence) -> str:
    """The sentence of one proof; where the catalogue has no text for it, its key and values."""
    said = explain.says(proof, catalog(), words.language)
    if said == f"says.{proof.says}":
        told = ", ".join(f"{key} {value}" for key, value in proof.values.items())
        return f"{proof.says.replace('_', ' ')}{': ' if told else ''}{told}"
    return said
