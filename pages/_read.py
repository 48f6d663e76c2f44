"""The read door of this process: one attachment, shared by Streamlit's pages and the plain ones.

Decides nothing; the caller brings the scope of whoever asks.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from data.read import ReadDoor
from data.scope import Scope
from pages import _owner


@cache
def _door(url: str, token_file: str) -> ReadDoor:
    return ReadDoor(url, Path(token_file))


def query(name: str, scope: Scope, params: dict[str, Any]) -> pl.DataFrame:
    """The rows of a named query; instants are aware UTC. Raises `OwnerDown`."""
    url = os.environ.get("LAADWACHT_READ_URL", "quack:localhost:9495")
    return _door(url, str(_owner.token_file())).query(name, scope, **params)
