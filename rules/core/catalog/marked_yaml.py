"""YAML text to plain values that remember their lines, so that a mistake can be pointed at.

Decides nothing about meaning. Only plain scalars, lists and mappings; a key given twice is a mistake.
"""

from __future__ import annotations

from typing import Any

import yaml
from msgspec import Struct

Path = tuple[str | int, ...]


class Mistake(Struct, frozen=True, order=True):
    """One thing wrong in one file. Lines count from 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Marked:
    """A parsed document with the line of every value."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.value: Any = None
        self.lines: dict[Path, int] = {}
        self.mistakes: list[Mistake] = []

    def wrong(self, path: Path, reason: str) -> None:
        """Note a mistake at the nearest line known for `path`."""
        probe = path
        while probe and probe not in self.lines:
            probe = probe[:-1]
        self.mistakes.append(Mistake(self.file, self.lines.get(probe, 1), reason))


def _build(node: yaml.Node, path: Path, doc: Marked, plain: Any) -> Any:
    doc.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*path, key)
            doc.lines[here] = key_node.start_mark.line + 1
            if key in result:
                doc.wrong(here, f"{key!r} is given twice")
            result[key] = _build(value_node, here, doc, plain)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, i), doc, plain) for i, item in enumerate(node.value)]
    return plain.construct_object(node)


def read(file: str, text: str) -> Marked:
    """Parse; a syntax error becomes one mistake with its line and the value stays None."""
    doc = Marked(file)
    loader_type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader_type)
        if node is not None:
            doc.value = _build(node, (), doc, yaml.constructor.SafeConstructor())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        reason = getattr(error, "problem", None) or "not readable as YAML"
        doc.mistakes.append(Mistake(file, line, str(reason)))
    return doc
