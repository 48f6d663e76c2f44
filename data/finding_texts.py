"""The catalogue of findings as read: what can be odd about a frame, in words for people.

Decides nothing; `data/catalog/findings.yaml` is part of the product and its shape is held by a test.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from msgspec import Struct, convert


class FindingText(Struct, frozen=True, kw_only=True):
    """`what` is one sentence by language (nl, fr, en); `makes` those that were seen to do it, as they are
    commonly written."""

    id: str
    what: dict[str, str]
    severity: str
    source: str
    makes: tuple[str, ...] = ()


@cache
def finding_texts() -> dict[str, FindingText]:
    """Every finding by its id, in the catalogue's order. Read once."""
    text = files("data").joinpath("catalog", "findings.yaml").read_text(encoding="utf-8")
    entries = convert(yaml.load(text, Loader=yaml.CSafeLoader), list[FindingText])
    return {entry.id: entry for entry in entries}
