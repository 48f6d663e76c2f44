"""Message templates: lines with {words} that are filled in, and what a sound one is.

Decides which lines stay: a line that needs a word without a value falls away, a heading with nothing left
under it too. Filled-in text is never read as a template, so that no value can reach another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rules.core.words import NoticeReason

FIELD = re.compile(r"\{(\w+)\}")
AUDIENCES = ("helpdesk", "installer", "customer")
# Templates that are not about one reason: see messages.yaml.
KINDS = ("group",)
# What a template may name; `evidence`, `alternatives` and `items` are several lines.
WORDS = frozenset(
    {
        "access",
        "address",
        "alternatives",
        "bring",
        "called",
        "cause",
        "confidence",
        "contact",
        "count",
        "driver",
        "driver_short",
        "duration",
        "evidence",
        "fault",
        "first_aid",
        "helpdesk",
        "here",
        "id",
        "imminent",
        "informed",
        "items",
        "late",
        "link",
        "map",
        "members",
        "model",
        "not_to_do",
        "owner",
        "place",
        "proof",
        "reason",
        "until_short",
        "plain",
        "reference",
        "rule",
        "safety",
        "severity",
        "side",
        "since",
        "since_short",
        "site",
        "solver",
        "spot",
        "station",
        "task",
        "unsubscribe",
        "until",
        "your_part",
    }
)
TEMPLATED = ("message.body.", "message.item.", "message.short.", "message.subject.")


def fill(template: str, values: Mapping[str, str]) -> str:
    """`{name}` replaced by its value, once; an unknown name stays as it is. No other format syntax."""
    return FIELD.sub(lambda match: values.get(match.group(1), match.group(0)), template)


def lay_out(template: str, values: Mapping[str, str]) -> str:
    """The template's lines with their values; blocks are kept apart by one empty line."""
    blocks = []
    for block in re.split(r"\n[ \t]*\n", template):
        kept = [line for line in block.splitlines() if all(values.get(name) for name in FIELD.findall(line))]
        filled = [
            fill(line, values)
            for line, after in zip(kept, [*kept[1:], None], strict=False)
            if not (_is_heading(line) and (after is None or _is_heading(after)))
        ]
        if filled:
            blocks.append("\n".join(filled))
    return "\n\n".join(blocks)


def _is_heading(line: str) -> bool:
    return line.rstrip().endswith(":") and not FIELD.search(line)


def mistakes(key: str, text: str) -> list[str]:
    """What is wrong with a text of the catalogue as a message template; empty where it is none."""
    if not key.startswith(TEMPLATED):
        return []
    told = [
        f"unknown word {{{name}}}; known are {', '.join(sorted(WORDS))}"
        for name in FIELD.findall(text)
        if name not in WORDS
    ]
    if key.startswith("message.subject."):
        return told
    audience, _, kind = key.split(".", 2)[2].partition(".")
    if audience not in AUDIENCES:
        told.append(f"unknown audience {audience!r}; known are {', '.join(AUDIENCES)}")
    kinds = {*KINDS, *(reason.value for reason in NoticeReason)}
    if kind and kind not in kinds:
        told.append(f"unknown reason {kind!r}; known are {', '.join(sorted(kinds))}")
    return told
