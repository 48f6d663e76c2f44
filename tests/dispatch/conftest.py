"""A store of its own for each test, on a real file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store import Store


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.duckdb") as store:
        yield store
