"""Catalogue files: the packaged ones are sound, a user's own go over them, mistakes name the file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from data.catalog_files import load_catalog
from rules.core.catalog.entries import CatalogError


def test_the_packaged_catalogue_is_sound() -> None:
    assert load_catalog().faults


def test_the_packaged_catalogue_reads_the_same_without_the_c_library() -> None:
    """PyYAML's own parser takes less than libyaml, and some machines have only that."""
    for file in sorted(Path(str(files("data") / "catalog")).rglob("*.yaml")):
        for _event in yaml.parse(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader):
            pass


def test_a_users_file_of_the_same_name_replaces_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a catalogue file")
    assert load_catalog(tmp_path).version == load_catalog().version
    (tmp_path / "findings.yaml").write_text("[]\n")
    assert load_catalog(tmp_path).version != load_catalog().version


def test_unreadable_files_and_directories_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "two.yml").write_bytes(b"\xff")
    with pytest.raises(CatalogError) as error:
        load_catalog(tmp_path)
    assert [mistake.file for mistake in error.value.mistakes] == ["deeper/two.yml", "one.yaml"]
    with pytest.raises(CatalogError, match="is not a directory"):
        load_catalog(tmp_path / "absent")
