"""Reads the `[destinations.<name>]` sections: who each is for, and the address, from one of three places.

Decides whether a destination is complete and unambiguous. Whether its address can be delivered to is for
`rules.dispatch`. Never puts an address in a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from collectors.settings.addresses import WAYS, address_of
from collectors.settings.options import DestinationSettings
from collectors.settings.sources import Gathered, Raw
from collectors.settings.values import convert, shown
from rules.core.calendar.hours import parse_quiet

PARTY = re.compile(r"operator|(installer|customer):\S(.*\S)?")
PARTS = ("party", "language", "timeout_s", "form", "contact", "quiet_hours", "budget_per_hour")
DEFAULTS = (("language", "nl"), ("timeout_s", 15), ("form", "auto"), ("contact", 1), ("budget_per_hour", 30))
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
    for key, default in DEFAULTS:
        option = part[key]
        if option is not None:
            ok, value = convert(option, hints[key], default, mistakes)
            if ok:
                options[key] = value
    quiet = part["quiet_hours"]
    if quiet is not None:
        options["quiet_hours"] = _quiet(quiet, mistakes)
    url = address_of(("destinations", name), found, environ, mistakes)
    if url is None and not any(("destinations", name, way) in found.values for way in WAYS):
        mistakes.append(
            whole.mistake("has no address", f"add url, url_env or url_file to [destinations.{name}]")
        )
    if url is None or len(mistakes) > before:
        return None
    return DestinationSettings(name=name, party=party, url=url, **options)


def _quiet(raw: Raw, mistakes: list[str]) -> tuple[str, ...]:
    ok, entries = convert(raw, tuple[str, ...], (), mistakes)
    if not ok:
        return ()
    mistakes += quiet_mistakes(raw, entries)
    return tuple(entries)


def quiet_mistakes(raw: Raw, entries: Sequence[str]) -> list[str]:
    """What is wrong with entries of quiet hours."""
    found = []
    for entry in entries:
        try:
            parse_quiet(entry)
        except ValueError as error:
            found.append(raw.mistake(str(error), 'write "22:00-07:00" or "low+medium: Mo-Fr 18:00-08:00"'))
    return found
