"""Wider incidents and their members: whose they are together, and whether a parent still lasts.

Decides from rows only. Never changes a state and never speaks.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.core.model import Asset, IncidentRow, IncidentState
from rules.core.state import JudgeState

RESOLVED = IncidentState.RESOLVED


def parent_state(row: IncidentRow, state: JudgeState, by_id: Mapping[str, str]) -> IncidentState | None:
    """The nearest ancestor's state that still lasts, RESOLVED when all are over, None without one."""
    found: IncidentState | None = None
    parent = row.parent
    while parent is not None:
        key = by_id.get(parent)
        if key is None:
            return RESOLVED
        up = state.tracked[key].row
        found = up.state
        if found is not RESOLVED:
            return found
        parent = up.parent
    return found


def asset_of(row: IncidentRow, register: Mapping[str, Asset]) -> Asset | None:
    """What the register says of the place: its station's row, or of a wider one what all members share."""
    if row.station is not None:
        return register.get(row.station)
    found = [register.get(name) for name in row.members]
    assets = [asset for asset in found if asset is not None]
    if not assets or len(assets) < len(found):
        return None
    same = {
        name: getattr(assets[0], name)
        for name in Asset.__struct_fields__
        if name != "station" and all(getattr(a, name) == getattr(assets[0], name) for a in assets)
    }
    return Asset(station="", **same)


def adopt_register(row: IncidentRow, register: Mapping[str, Asset]) -> None:
    """Installer and customer of a wider incident: its members' own, where all agree."""
    assets = [register.get(name) for name in row.members]
    installers = {a.installer if a else None for a in assets}
    customers = {a.customer if a else None for a in assets}
    row.installer = installers.pop() if len(installers) == 1 else None
    row.customer = customers.pop() if len(customers) == 1 else None
