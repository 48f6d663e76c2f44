"""The strangers' packages, installed once in a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.strangers.packages import installed


@pytest.fixture(scope="session")
def modules() -> Path:
    return installed()
