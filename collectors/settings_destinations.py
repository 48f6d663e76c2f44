"""Reads the `[destinations.<name>]` sections: who each is for, and the address, from one of three places.

Decides whether a destination is complete and unambiguous. Whether its address can be delivered to is for
`rules.dispatch`. Never puts an address in a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from collectors.settings import DestinationSettings, Secret
from collectors.settings_sources import Gathered, Raw
from collectors.settings_values import convert, shown

PARTY = re.compile(r"operator|(installer|customer):\S(.*\S)?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARTS = ("party", "language", "timeout_s", "form", "contact")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def destinations_from(
    found: Gathered, environ: Mapping[str, str], mistakes: list[str]
) -> tuple[DestinationSettings, ...]:
    names = [path[1] for path in found.values if path[0] == "destinations" and len(path) == 2]
    built = (_one(name, found, environ, mistakes) for name in names)
    return tuple(destination for destination in built if destination is not None)


def _one(
    name: str, found: Gathered, environ: Mapping[str, str], mistakes: list[str]
) -> DestinationSettings | None:
    whole = found.values[("destinations", name)]
    before = len(mistakes)
    if not NAME.fullmatch(name):
        mistakes.append(whole.mistake(f'"{name}" is no name', "use a-z, 0-9, - and _, at most 40 of them"))
    part = {key: found.values.get(("destinations", name, key)) for key in PARTS}
    party, raw = "", part["party"]
    if raw is None:
        mistakes.append(
            whole.mistake(
                "has no party", f'add party = "operator" or "installer:<name>" to [destinations.{name}]'
            )
        )
    elif isinstance(raw.value, str) and PARTY.fullmatch(raw.value):
        party = raw.value
    else:
        remedy = 'write "operator", "installer:<name>" or "customer:<name>"'
        mistakes.append(raw.mistake(f"{shown(raw)} is no party", remedy))
    options: dict[str, Any] = {}
    hints = get_type_hints(DestinationSettings, include_extras=True)
    for key, default in (("language", "nl"), ("timeout_s", 15), ("form", "auto"), ("contact", 1)):
        option = part[key]
        if option is not None:
            ok, value = convert(option, hints[key], default, mistakes)
            if ok:
                options[key] = value
    url = _url(name, whole, found, environ, mistakes)
    if url is None or len(mistakes) > before:
        return None
    return DestinationSettings(name=name, party=party, url=url, **options)


def _url(
    name: str, whole: Raw, found: Gathered, environ: Mapping[str, str], mistakes: list[str]
) -> Secret | None:
    ways = [found.values.get(("destinations", name, key)) for key in ("url", "url_env", "url_file")]
    given = [raw for raw in ways if raw is not None]
    if not given:
        mistakes.append(
            whole.mistake("has no address", f"add url, url_env or url_file to [destinations.{name}]")
        )
        return None
    if len(given) > 1:
        keys = " and ".join(raw.key.rsplit(".", 1)[-1] for raw in given)
        mistakes.append(whole.mistake(f"has its address twice, by {keys}", "keep one of them"))
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
