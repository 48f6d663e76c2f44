"""Turns one raw option value into its type, or into a mistake that says what would be right.

Decides whether one value is of the right kind and within bounds, by the annotations in `settings`. Never
sees a secret.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from collectors.settings.options import Secret
from collectors.settings.sources import Raw

EXAMPLES = {int: "a whole number", float: "a number", bool: "true or false", str: "text", Path: "a path"}


def convert(raw: Raw, kind: Any, default: Any, mistakes: list[str]) -> tuple[bool, Any]:
    core, bounds = _unwrap(kind)
    if core is Path:
        if isinstance(raw.value, str | Path) and str(raw.value).strip():
            return True, raw.base / Path(raw.value).expanduser()
        mistakes.append(raw.mistake(f"{shown(raw)} is not a path", "write the path as text"))
        return False, None
    if core is Secret:
        if isinstance(raw.value, str) and raw.value.strip():
            return True, Secret(raw.value.strip())
        mistakes.append(raw.mistake("is not a text with something in it", "write it between quotes"))
        return False, None
    value = raw.value
    if get_origin(core) is tuple and raw.is_text:
        value = [part.strip() for part in str(value).split(",") if part.strip()]
    try:
        return True, msgspec.convert(value, kind, strict=not raw.is_text)
    except msgspec.ValidationError:
        wanted = _describe(core, bounds)
        example = "true" if default is True else "false" if default is False else f"{default}"
        remedy = f"the default is {example}" if default not in ("", None, ()) else "leave it out if in doubt"
        mistakes.append(raw.mistake(f"{shown(raw)} is not {wanted}", remedy))
        return False, None


def _unwrap(kind: Any) -> tuple[Any, list[Meta]]:
    """The plain type and its bounds: `Annotated[int, Meta(ge=0)]` -> (int, [Meta(ge=0)])."""
    bounds: list[Meta] = []
    while get_origin(kind) is Annotated:
        kind, *extras = get_args(kind)
        bounds += [extra for extra in extras if isinstance(extra, Meta)]
    if get_origin(kind) in {Union, UnionType}:
        inner, more = _unwrap(next(inner for inner in get_args(kind) if inner is not NoneType))
        return inner, bounds + more
    return kind, bounds


def _describe(core: Any, bounds: list[Meta]) -> str:
    if get_origin(core) is Literal:
        *most, last = get_args(core)
        return f"{', '.join(most)} or {last}"
    if get_origin(core) is tuple:
        return "a list of texts"
    low = next((bound.ge for bound in bounds if bound.ge is not None), None)
    high = next((bound.le for bound in bounds if bound.le is not None), None)
    text = EXAMPLES[core]
    if any(bound.pattern for bound in bounds):
        return "an address that starts with http:// or https://"
    if low is not None and high is not None:
        return f"{text} from {low} to {high}"
    return text


def shown(raw: Raw) -> str:
    """The value as its writer sees it, cut short. Never called for a secret."""
    text = f'"{raw.value}"' if isinstance(raw.value, str) else str(raw.value)
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 60 else text[:57] + "..."
