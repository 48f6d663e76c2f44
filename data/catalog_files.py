"""Reads the catalogue's YAML files and has `rules.core.catalog` parse them.

Decides only which texts count: a user's file replaces the packaged one of the same name, others are added and
their entries come before packaged ones of the same id.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from rules.core.catalog import Catalog, CatalogError, parse
from rules.core.marked_yaml import Mistake


def load_catalog(extra: Path | None = None) -> Catalog:
    """The packaged catalogue, with the YAML files of the directory `extra` over it.

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
    if mistakes:
        raise CatalogError(mistakes)
    return parse(texts | own, own.keys())


def _collect(place: Traversable, prefix: str, texts: dict[str, str], mistakes: list[Mistake]) -> None:
    """Adds `{relative name: text}` of every YAML file under `place`."""
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        name = prefix + entry.name
        if entry.is_dir():
            _collect(entry, f"{name}/", texts, mistakes)
        elif entry.name.endswith((".yaml", ".yml")):
            try:
                texts[name] = entry.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                mistakes.append(Mistake(name, 1, f"cannot be read: {error}"))
