"""Commands that feed stations' traffic in: import a recorded log, simulate a fleet."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    pass
