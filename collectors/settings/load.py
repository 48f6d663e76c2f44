"""Turns what was gathered into one `Settings`, or into the full list of what is wrong with it.

Decides whether values are of the right kind, within bounds and do not contradict each other. Reports every
mistake at once, each with its file and key (or variable, or flag) and a remedy. Never prints a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from collectors.settings.addresses import address_of
from collectors.settings.delivery import DeliverySettings
from collectors.settings.destinations import destinations_from, quiet_mistakes
from collectors.settings.options import SECTIONS, Settings, SettingsError
from collectors.settings.sources import Gathered, gather
from collectors.settings.values import convert
from rules.core.calendar.service_hours import parse

WITH_ADDRESS = ("customers", "watchdog")  # sections whose address may come from a variable or a file


def load_settings(arguments: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Settings:
    """All sources together; raises SettingsError with every mistake found.

    `arguments` maps dotted option names (`ocpp.port`, `data_dir`, `config`) to values; None is not given.
    """
    found = gather(arguments, environ, cwd)
    mistakes = found.mistakes
    sections: dict[str, Any] = {}
    for name, struct in SECTIONS.items():
        hints = get_type_hints(struct, include_extras=True)
        values = {}
        for field in struct.__struct_fields__:
            raw = found.values.get((name, field))
            if raw is not None:
                default = getattr(struct(), field)
                ok, value = convert(raw, hints[field], default, mistakes)
                if ok:
                    values[field] = value
        sections[name] = struct(**values)
    for name in WITH_ADDRESS:
        address = address_of((name,), found, environ, mistakes)
        if address is not None:
            sections[name] = msgspec.structs.replace(sections[name], url=address)
    destinations = destinations_from(found, environ, mistakes)
    data_dir = _data_dir(found, cwd, mistakes)
    settings = Settings(data_dir=data_dir, destinations=destinations, source=found.source, **sections)
    mistakes += _contradictions(settings, found)
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def _data_dir(found: Gathered, cwd: Path, mistakes: list[str]) -> Path:
    raw = found.values.get(("data_dir",))
    if raw is None:
        return cwd / Settings().data_dir
    ok, value = convert(raw, Path, Settings().data_dir, mistakes)
    return value if ok else cwd / Settings().data_dir


def _contradictions(settings: Settings, found: Gathered) -> list[str]:
    mistakes = _hours(settings, found)
    doors = {
        ("ocpp", "port"): settings.ocpp.port,
        ("http", "port"): settings.http.port,
        ("dashboard", "port"): settings.dashboard.port,
        ("read_door", "port"): settings.read_door.port,
    }
    taken: dict[int, tuple[str, str]] = {}
    for path, port in doors.items():
        if port and port in taken:
            other = taken[port]
            place = _place(found, path, other)
            problem = (
                f"port {port} is also {'.'.join(other)}"
                if place.path == path
                else f"port {port} is also {'.'.join(path)}"
            )
            mistakes.append(f"{place.where}: {place.key}: {problem}; give each door its own port, or 0")
        elif port:
            taken[port] = path
    if settings.offline.min_s < settings.ocpp.default_heartbeat_s:
        place = _place(found, ("offline", "min_s"), ("ocpp", "default_heartbeat_s"))
        mistakes.append(
            f"{place.where}: {place.key}: offline.min_s = {settings.offline.min_s} is shorter than "
            f"ocpp.default_heartbeat_s = {settings.ocpp.default_heartbeat_s}, so healthy stations look "
            "offline; raise the first or lower the second"
        )
    seen: dict[str, str] = {}
    for destination in settings.destinations:
        folded = destination.name.replace("-", "_")
        if folded in seen:
            raw = found.values[("destinations", destination.name)]
            mistakes.append(
                raw.mistake(f"differs from {seen[folded]} only in - and _", "give it another name")
            )
        seen[folded] = destination.name
    return mistakes


def _hours(settings: Settings, found: Gathered) -> list[str]:
    mistakes = []
    for name in ("service_hours", "idle_hours"):
        try:
            parse(getattr(settings.delivery, name))
        except ValueError as error:
            raw = found.values[("delivery", name)]
            mistakes.append(raw.mistake(str(error), f"the default is {getattr(DeliverySettings(), name)}"))
    quiet = found.values.get(("customers", "quiet_hours"))
    if quiet is not None:
        mistakes += quiet_mistakes(quiet, settings.customers.quiet_hours)
    return mistakes


class _Place(msgspec.Struct, frozen=True):
    path: tuple[str, ...]
    where: str
    key: str


def _place(found: Gathered, *paths: tuple[str, str]) -> _Place:
    """Where a contradiction was written: the first of the options somebody set (a default has no place)."""
    for path in paths:
        raw = found.values.get(path)
        if raw is not None:
            return _Place(path, raw.where, raw.key)
    return _Place(paths[0], "defaults", ".".join(paths[0]))
