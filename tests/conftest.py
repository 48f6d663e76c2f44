"""Fixtures that every room's tests may use: a real store in a real file, always closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store import Store
from tests.sinks import closed_port


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store without a read door."""
    with Store.open(tmp_path / "laadwacht.duckdb") as opened:
        yield opened


@pytest.fixture
def served_store(tmp_path: Path, free_port: int) -> Iterator[Store]:
    """An empty store with its read door on a free port; the token is in `read.token` beside the file."""
    with Store.open(
        tmp_path / "laadwacht.duckdb", read_port=free_port, token_file=tmp_path / "read.token"
    ) as opened:
        yield opened


@pytest.fixture
def free_port() -> int:
    """A port nobody listened on a moment ago."""
    return closed_port()
