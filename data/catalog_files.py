"""Reads the catalogue's YAML files and has `rules.core.catalog.reader` parse them.

Decides only which texts count: a user's file replaces the packaged one of the same name, others are added and
their entries come before packaged ones of the same id.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from rules.core.catalog.entries import Catalog, CatalogError
from rules.core.catalog.marked_yaml import Mistake
from rules.core.catalog.reader import parse
from rules.core.catalog.routes_reader import misread_routing

SUFFIXES = (".yaml", ".yml")


def load_catalog(extra: Path | None = None, routing: Path | None = None) -> Catalog:
    """The packaged catalogue, with the YAML files of the directory `extra` over it, and with the operator's
    own rules of the file `routing` before its rules of routing.

    Raises CatalogError with every mistake at once, unreadable files among them.
    """
    texts: dict[str, str] = {}
    own: dict[str, str] = {}
    mistakes: list[Mistake] = []
    _collect(files("data").joinpath("catalog"), "", texts, mistakes)
    if extra is not None:
        if extra.is_dir():
            _collect(extra, "", own, mistakes)
        else:
            mistakes.append(Mistake(str(extra), 1, "is not a directory with catalogue files"))
    if routing is not None:
        # A path with a folder in it: it must not pass for the packaged file of the same name.
        name = str(routing) if routing.parent.name or routing.is_absolute() else f"./{routing}"
        _read(routing, name, own, mistakes)
        if name in own:
            mistakes += misread_routing(name, own[name])
    if mistakes:
        raise CatalogError(mistakes)
    return parse(texts | own, own.keys())


def catalogue_files(folder: Path) -> list[Path]:
    """What `load_catalog` would read of a folder that is there."""
    return sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES)


def _collect(place: Traversable, prefix: str, texts: dict[str, str], mistakes: list[Mistake]) -> None:
    """Adds `{relative name: text}` of every YAML file under `place`."""
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        name = prefix + entry.name
        if entry.is_dir():
            _collect(entry, f"{name}/", texts, mistakes)
        elif entry.name.endswith(SUFFIXES):
            _read(entry, name, texts, mistakes)


def _read(entry: Traversable, name: str, texts: dict[str, str], mistakes: list[Mistake]) -> None:
    try:
        texts[name] = entry.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(name, 1, f"cannot be read: {error}"))
