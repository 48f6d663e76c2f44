"""Reads the address of a section from one of three places: the option itself, a variable, a file.

Decides whether there is one and only one. An address is a secret: no mistake ever repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from collectors.settings.options import Secret
from collectors.settings.sources import Gathered, Path2, Raw

WAYS = ("url", "url_env", "url_file")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def address_of(
    path: Path2, found: Gathered, environ: Mapping[str, str], mistakes: list[str]
) -> Secret | None:
    """The address of the section at `path`; None when there is none or it cannot be read."""
    ways = [found.values.get((*path, key)) for key in WAYS]
    given = [raw for raw in ways if raw is not None]
    by_variable = [raw for raw in given if raw.where == "environment"]
    if by_variable and len(by_variable) < len(given):  # what the environment says outdoes the file
        ways = [raw if raw in by_variable else None for raw in ways]
        given = by_variable
    if not given:
        return None
    if len(given) > 1:
        keys = " and ".join(raw.key.rsplit(".", 1)[-1] for raw in given)
        section = found.values.get(path)
        place = section or Raw("", given[0].where, ".".join(path), False, given[0].base)
        mistakes.append(place.mistake(f"has its address twice, by {keys}", "keep one of them"))
        return None
    raw = given[0]
    if not isinstance(raw.value, str) or not raw.value.strip():
        mistakes.append(raw.mistake("is not a text with something in it", "write it between quotes"))
        return None
    if ways[0] is not None:
        return Secret(raw.value.strip())
    if ways[1] is not None:
        return _from_variable(raw, environ, mistakes)
    return _from_file(raw, mistakes)


def _from_variable(raw: Raw, environ: Mapping[str, str], mistakes: list[str]) -> Secret | None:
    if not VARIABLE.fullmatch(raw.value):  # most likely the address itself: never repeat it
        mistakes.append(raw.mistake("is not the name of a variable", "an address itself belongs in url"))
        return None
    text = environ.get(raw.value, "").strip()
    if not text:
        mistakes.append(raw.mistake(f"the variable {raw.value} is not set", "set it, or use url_file"))
    return Secret(text) if text else None


def _from_file(raw: Raw, mistakes: list[str]) -> Secret | None:
    if "://" in raw.value:
        mistakes.append(raw.mistake("is not a path", "an address itself belongs in url"))
        return None
    path = raw.base / Path(raw.value).expanduser()
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        mistakes.append(
            raw.mistake(f"{path} cannot be read: {reason}", "correct the path or its permissions")
        )
        return None
    if not text:
        mistakes.append(raw.mistake(f"{path} is empty", "put the address in it"))
    return Secret(text) if text else None
