"""Named queries: SQL files with a header that says what one row is, what goes in and who reads it.

Decides nothing about data. Must never let a value become SQL text except through `data.literals`.

    -- Open incidents, newest first.
    -- grain: one row per incident
    -- inputs: $limit (integer)
    -- reader: triage page
    -- scope: visible

A line `-- part: name` stands for the common table expressions of queries/parts/name.sql, which several share.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from sqlglot import TokenType
from sqlglot.dialects.duckdb import DuckDB

from data.errors import QueryRefused
from data.literals import literal
from data.scope import EVERY_STATION

_PART = re.compile(r"^-- part: (\w+)\n", re.MULTILINE)
_HEADER = re.compile(r"^--\s*(grain|inputs|reader|scope)\s*:\s*(.*)$")


class NamedQuery(NamedTuple):
    """`scope` is `visible` (rows limited to what the role may see) or `none` (helpdesk and owner only).

    `parts` is the text between the places of inputs, `places` the inputs' names in order of place.
    """

    name: str
    summary: str
    grain: str
    inputs: frozenset[str]
    reader: str
    scope: str
    parts: tuple[str, ...]
    places: tuple[str, ...]

    def check(self, values: Mapping[str, Any]) -> None:
        """QueryRefused unless `values` has exactly the inputs of the query."""
        if set(values) != self.inputs:
            needs = ", ".join(sorted(self.inputs)) or "nothing"
            given = ", ".join(sorted(values)) or "nothing"
            raise QueryRefused(f"query {self.name} takes {needs}, was given {given}")

    def text(self, values: Mapping[str, Any], visible: str) -> str:
        """The whole query, with each value as a literal and the CTE `visible(station)` in front.

        `visible` is a SELECT with one column, made by `data.scope`. QueryRefused for wrong inputs.
        """
        self.check(values)
        pieces = [self.parts[0]]
        for place, part in zip(self.places, self.parts[1:], strict=True):
            pieces += [literal(values[place]), part]
        return with_visible("".join(pieces), visible)

    def allowed_text(self, values: Mapping[str, Any], role: str, visible: str) -> str:
        """As `text`; QueryRefused for other roles than helpdesk when its rows are not limited to a scope."""
        if self.scope == "none" and role != "helpdesk":
            raise QueryRefused(f"query {self.name} is for the helpdesk only")
        return self.text(values, visible)


def with_visible(sql: str, visible: str) -> str:
    """`sql` with the CTE `visible` put first among its own CTEs. `sql` starts with WITH or a plain query.

    A query about what is nobody's station (our own messages, say) asks `house`: it has a row for whoever may
    see every station, and none for anybody else.
    """
    cte = f"visible(station) AS ({visible})"
    if re.search(r"\bhouse\b", sql):
        cte += f", house(ours) AS (SELECT true WHERE {visible == EVERY_STATION})"
    started = re.match(r"WITH\s+(RECURSIVE\s+)?", sql, re.IGNORECASE)
    if started is None:
        return f"WITH {cte} {sql}"
    recursive = "RECURSIVE " if started.group(1) else ""
    return f"WITH {recursive}{cte}, {sql[started.end() :]}"


def parse_query(name: str, text: str) -> NamedQuery:
    """Raises ValueError when the header lacks a part or names other inputs than the text uses."""
    header: dict[str, str] = {}
    summary: list[str] = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        part = _HEADER.match(line)
        if part:
            header[part.group(1)] = part.group(2).strip()
        elif not header:
            summary.append(line.removeprefix("--").strip())
    missing = [key for key in ("grain", "inputs", "reader", "scope") if not header.get(key)]
    if missing or not summary:
        raise ValueError(f"query {name}: the header lacks {', '.join(missing) or 'a summary'}")
    if header["scope"] not in {"visible", "none"}:
        raise ValueError(f"query {name}: scope is {header['scope']!r}, must be visible or none")
    parts, places = _split(text)
    declared = frozenset(re.findall(r"\$(\w+)", header["inputs"]))
    if declared != set(places):
        raise ValueError(
            f"query {name}: header names inputs {sorted(declared)}, text uses {sorted(set(places))}"
        )
    return NamedQuery(
        name,
        " ".join(summary),
        header["grain"],
        declared,
        header["reader"],
        header["scope"],
        parts,
        places,
    )


def _split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cuts the statement at each `$name`, found by tokens so that strings and comments are left alone."""
    tokens = [token for token in DuckDB().tokenize(text) if token.token_type != TokenType.SEMICOLON]
    if not tokens:
        raise ValueError("no statement in the query")
    parts: list[str] = []
    places: list[str] = []
    cut = tokens[0].start
    for sign, name in itertools.pairwise(tokens):
        if sign.token_type == TokenType.PARAMETER and sign.text == "$" and name.start == sign.end + 1:
            parts.append(text[cut : sign.start])
            places.append(name.text)
            cut = name.end + 1
    parts.append(text[cut : tokens[-1].end + 1])
    return tuple(parts), tuple(places)


@cache
def named_query(name: str) -> NamedQuery:
    """The query of data/queries/<name>.sql. Raises QueryRefused when there is none."""
    file = files("data").joinpath("queries", f"{name}.sql")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not file.is_file():
        raise QueryRefused(f"there is no query named {name!r}")
    return parse_query(name, _PART.sub(lambda line: query_part(line[1]), file.read_text(encoding="utf-8")))


def query_part(name: str) -> str:
    """The text of data/queries/parts/<name>.sql: CTEs, the last with its comma."""
    return files("data").joinpath("queries", "parts", f"{name}.sql").read_text(encoding="utf-8")


def query_names() -> list[str]:
    """Every named query, sorted."""
    directory = files("data").joinpath("queries")
    return sorted(file.name[:-4] for file in directory.iterdir() if file.name.endswith(".sql"))
