"""Names that come from the catalogue: faults, first aid, tasks, evidence. Unknown ids are shown as they are.

Decides nothing; reads the catalogue once per process.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from data.catalog_files import load_catalog
from pages._texts import Words
from rules.core.catalog.entries import Catalog
from rules.core.model import Evidence, Owner
from rules.core.verdict import explain


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


def party(words: Words, told: str | None) -> str:
    """`installer:Volta` in words."""
    kind, _, name = (told or "").partition(":")
    owner = words.of("owner", kind or None)
    return words.pair(owner, name) if name else owner


def task(words: Words, task_id: str) -> str:
    return explain.task(task_id, catalog(), words.language)


def evidence(words: Words, proof: Evidence) -> str:
    """The sentence of one proof; where the catalogue has no text for it, its key and values."""
    said = explain.says(proof, catalog(), words.language)
    if said == f"says.{proof.says}":
        told = ", ".join(f"{key} {value}" for key, value in proof.values.items())
        return f"{proof.says.replace('_', ' ')}{': ' if told else ''}{told}"
    return said


def bring(words: Words, fault_id: str, cause: str) -> str:
    """What to take along; "" where the catalogue says nothing."""
    texts = catalog().texts
    for name in (fault_id, cause):
        found = texts.get(f"message.bring.{name}")
        if found is not None:
            return found.in_(words.language)
    return ""


def helpdesk(words: Words) -> str:
    """How to reach the operator."""
    for found in catalog().tasks.values():
        if found.owner is Owner.OPERATOR and found.contact:
            return found.contact if isinstance(found.contact, str) else found.contact.in_(words.language)
    return words("owner.operator")


def person(words: Words, actor: str | None) -> str:
    """Who acted, as people say it: an account's address, or the installer whose link was used."""
    if actor is None:
        return "?"
    if actor.startswith("installer:") and actor.endswith(" (link)"):
        return words("person.link", name=actor.removeprefix("installer:").removesuffix(" (link)"))
    return actor


def progress(words: Words, row: Mapping[str, Any], now: datetime) -> str:
    """How far people are with an incident, in one sentence."""
    if row["state"] == "resolved":
        return words("progress.resolved", when=words.when(row["closed_at"]))
    name = person(words, row["acknowledged_by"])
    if row["fixed_at"] is not None:
        return words("progress.fixed", name=name, ago=words.ago(row["fixed_at"], now))
    if row["on_my_way_at"] is not None:
        if row["eta_at"] is not None:
            return words("progress.way.eta", name=name, when=words.when(row["eta_at"]))
        return words("progress.way", name=name, ago=words.ago(row["on_my_way_at"], now))
    if row["acknowledged_at"] is not None:
        return words("detail.acknowledged", name=name, ago=words.ago(row["acknowledged_at"], now))
    return words("detail.unacknowledged")
