"""Loads DuckDB's quack and httpfs extensions from the installed packages.

They are never downloaded: the packages `duckdb-extension-*` carry the signed files.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

from data.errors import StoreError


def extension_file(name: str) -> Path:
    """The extension's file for the running DuckDB version; StoreError when its package is not installed."""
    package = f"duckdb_extension_{name}"
    spec = importlib.util.find_spec(package)
    wanted = f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
    for place in (spec.submodule_search_locations or []) if spec else []:
        file = Path(place) / wanted
        if file.is_file():
            return file
    requirement = f"{package.replace('_', '-')}=={duckdb.__version__}"
    raise StoreError(f"DuckDB's extension {name} {duckdb.__version__} is missing; install {requirement}")


def load_extensions(connection: duckdb.DuckDBPyConnection) -> None:
    """Both ends of Quack need httpfs loaded first."""
    for name in ("httpfs", "quack"):
        path = str(extension_file(name)).replace("'", "''")
        connection.execute(f"LOAD '{path}'")
