"""Whether a payload has the form that its schema demands: members that are there, their types, closed lists.

Compiled from the `ocpp` package's JSON schemas on first use: the usual validator costs a hundred times what
reading a frame does. Leaves lengths, formats and members too many alone: nobody fails on those. Decides
nothing and never raises on what came.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Final

from ocpp.messages import get_validator

MOST: Final = 5
"""Problems told of one payload."""

Check = Callable[[Any, str, list[str]], None]
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def problems(version: str, kind: int, action: str, payload: dict[str, Any]) -> tuple[str, ...]:
    """What is wrong, as `member: why`; empty where nothing is or no schema is known. `kind` is that of
    the frame, CALL or CALLRESULT."""
    check = _compiled(version, kind, action)
    if check is None:
        return ()
    found: list[str] = []
    check(payload, "", found)
    return tuple(found[:MOST])


@cache
def _compiled(version: str, kind: int, action: str) -> Check | None:
    if not action.isalnum() or not action.isascii():  # a station's own word never becomes a file's name
        return None
    try:
        validator = get_validator(kind, action, version, parse_float=Decimal)
    except (OSError, ValueError):
        return None
    schema = getattr(validator, "schema", {})
    return _object(schema, schema.get("definitions", {}), {})


def _check_of(schema: dict[str, Any], definitions: dict[str, Any], made: dict[str, Check]) -> Check:
    ref = schema.get("$ref")
    if ref is None:
        return _value(schema, definitions, made)
    name = ref.rpartition("/")[2]
    if name not in made:

        def later(value: Any, path: str, found: list[str]) -> None:  # a definition may hold itself
            made[name](value, path, found)

        made[name] = later
        made[name] = _value(definitions.get(name, {}), definitions, made)
    return made[name]


def _value(schema: dict[str, Any], definitions: dict[str, Any], made: dict[str, Check]) -> Check:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, definitions, made)
    if kind == "array":
        return _array(schema, definitions, made)
    types = TYPES.get(str(kind))
    allowed = frozenset(schema["enum"]) if "enum" in schema else None
    whole = kind == "integer"
    plain = types[0] if types else None

    def check(value: Any, path: str, found: list[str]) -> None:
        if type(value) is plain and (allowed is None or value in allowed):
            return  # nearly every value
        if types is not None and not (
            (isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool)))
            or (whole and isinstance(value, float) and value.is_integer())
        ):
            found.append(f"{path}: no {kind}")
        elif allowed is not None and value not in allowed:
            found.append(f"{path}: {str(value)[:30]}")

    return check


def _object(schema: dict[str, Any], definitions: dict[str, Any], made: dict[str, Check]) -> Check:
    required = tuple(schema.get("required", ()))
    members = {
        name: _check_of(one, definitions, made)
        for name, one in schema.get("properties", {}).items()
        if isinstance(one, dict)
    }

    def check(value: Any, path: str, found: list[str]) -> None:
        if not isinstance(value, dict):
            found.append(f"{path}: no object")
            return
        head = f"{path}." if path else ""
        for name in required:
            if name not in value:
                found.append(f"{head}{name}: missing")
        for name, one in value.items():
            member = members.get(name)
            if member is not None:
                member(one, head + name, found)

    return check


def _array(schema: dict[str, Any], definitions: dict[str, Any], made: dict[str, Check]) -> Check:
    item = _check_of(schema.get("items", {}), definitions, made)
    least = schema.get("minItems", 0)

    def check(value: Any, path: str, found: list[str]) -> None:
        if not isinstance(value, list):
            found.append(f"{path}: no array")
            return
        if len(value) < least:
            found.append(f"{path}: empty")
        for n, one in enumerate(value):
            if len(found) >= MOST:
                return
            item(one, f"{path}[{n}]", found)

    return check
