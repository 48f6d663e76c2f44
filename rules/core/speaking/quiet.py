"""Which silences and maintenance windows keep an incident quiet now, and which let it pass.

Decides from the judge's memory and the register alone; sets nothing going (see `windows`).
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.core.calendar.window import Subject, Window, subject
from rules.core.model import Asset, IncidentRow
from rules.core.state import JudgeState


def subject_of(station: str, state: JudgeState, register: Mapping[str, Asset]) -> Subject:
    """The register's word first, as the pages show it; what it does not tell, the station's own."""
    asset = register.get(station)
    heard = state.stations.get(station)
    return subject(
        station,
        site=asset.site if asset else None,
        address=asset.address if asset else None,
        region=asset.region if asset else None,
        make=(asset.make if asset else None) or (heard.make if heard else None),
        model=(asset.model if asset else None) or (heard.model if heard else None),
        firmware=heard.firmware if heard else None,
        installer=asset.installer if asset else None,
    )


def over(row: IncidentRow, state: JudgeState, register: Mapping[str, Asset]) -> list[Window]:
    """The windows that keep this incident quiet now, by id."""
    return [one for one in _meaning(row, state, register) if one.safety or not row.safety]


def let_pass(row: IncidentRow, state: JudgeState, register: Mapping[str, Asset]) -> list[Window]:
    """The windows that mean this incident now and do not keep it quiet, because it is about safety."""
    return [one for one in _meaning(row, state, register) if row.safety and not one.safety]


def _meaning(row: IncidentRow, state: JudgeState, register: Mapping[str, Asset]) -> list[Window]:
    holding = [held.window for _, held in sorted(state.windows.items()) if held.since is not None]
    if not holding:
        return []
    names = [row.station] if row.station is not None else row.members
    subjects = [subject_of(name, state, register) for name in names]
    return [window for window in holding if window.covers(row.fault, subjects)]
