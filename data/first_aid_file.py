"""Reads the operator's file of first-aid policies. Decides nothing; without a file nothing is ever tried."""

from __future__ import annotations

from pathlib import Path

from rules.core.aid_policy import AidPlan
from rules.core.catalog.entries import Catalog
from rules.core.catalog.marked_yaml import Mistake
from rules.core.first_aid.policy_reader import AidPlanError, parse_plan


def load_plan(file: Path | None, catalog: Catalog, *, station_per_day: int, fleet_per_hour: int) -> AidPlan:
    """The plan of `file`, empty without one. Raises `AidPlanError` with every mistake at once."""
    if file is None:
        return AidPlan()
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise AidPlanError([Mistake(str(file), 1, f"cannot be read: {error.strerror or error}")]) from error
    except UnicodeDecodeError as error:
        raise AidPlanError([Mistake(str(file), 1, f"is not UTF-8 text at byte {error.start}")]) from error
    return parse_plan(
        str(file), text, catalog, station_per_day=station_per_day, fleet_per_hour=fleet_per_hour
    )
