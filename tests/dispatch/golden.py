"""Reads tests/cases/messages: scenes and the messages that they must give, word for word.

Run as a module it writes the messages anew from the templates of today, for a person to read through:
`python -m tests.dispatch.golden`. It decides nothing about what is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog
from rules.core.model import Asset, IncidentRow, NoticeReason, NoticeRow
from rules.dispatch.message import render

CASES = Path(__file__).resolve().parent.parent / "cases" / "messages"
PARTIES = {
    "helpdesk": "operator",
    "installer": "installer:Elektro Vermassen",
    "customer": "customer:Stad Gent",
}


class Wanted(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One message of a scene. `for`: helpdesk, installer or customer. `characters`: of a short message."""

    audience: str = msgspec.field(name="for")
    language: str
    reason: str = "first"
    characters: int | None = None
    text: str = ""


class Scene(msgspec.Struct, forbid_unknown_fields=True):
    about: str
    incident: IncidentRow
    messages: list[Wanted]
    station: Asset | None = None


def scenes() -> Iterator[tuple[Path, Scene]]:
    for path in sorted(CASES.glob("*.yaml")):
        yield path, read(path)


def read(path: Path) -> Scene:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    found["incident"].setdefault("effect", "incident")
    return msgspec.convert(found, Scene)


def written(scene: Scene, wanted: Wanted, catalog: Catalog) -> str:
    """Subject, an empty line, body."""
    row = scene.incident
    notice = NoticeRow(
        dedup_key=f"{row.incident_id}:{wanted.audience}:0",
        incident_id=row.incident_id,
        destination=wanted.audience,
        party=PARTIES[wanted.audience],
        seq=0,
        reason=NoticeReason(wanted.reason),
        created_at=row.pending_at,
        not_before=row.pending_at,
    )
    subject, body = render(
        notice,
        row,
        scene.station,
        catalog,
        language=wanted.language,
        dashboard_url="https://wacht.example.be",
        short=wanted.characters,
    )
    return f"{subject}\n\n{body}"


def rewrite() -> None:
    catalog = load_catalog()
    for path, scene in scenes():
        head = path.read_text(encoding="utf-8").split("\nmessages:", maxsplit=1)[0]
        lines = [head, "messages:"]
        for wanted in scene.messages:
            about = f"for: {wanted.audience}, language: {wanted.language}, reason: {wanted.reason}"
            if wanted.characters is not None:
                about += f", characters: {wanted.characters}"
            lines.append("- " + about.replace(", ", "\n  "))
            lines.append("  text: |")
            lines += [f"    {line}".rstrip() for line in written(scene, wanted, catalog).splitlines()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rewrite()
