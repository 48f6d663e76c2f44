"""What an imported log leaves open at its end, and how that is closed where the station is known to live on.

Decides nothing about faults: a row is closed only because the log ends and newer data of the same station
exist. It must never close what nobody has seen the end of otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from collectors.logfile import LogRecord
from rules.core.model import (
    Effect,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    IntervalRow,
    LinkRow,
)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9999, 1, 1, tzinfo=UTC)


class LogEnd:
    """Fed with every record and every effect of one import."""

    def __init__(self) -> None:
        self._first: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}
        self._open: dict[tuple[object, ...], IntervalRow | LinkRow] = {}
        self._incidents: dict[str, IncidentRow] = {}
        self._entries: dict[str, int] = {}

    def heard(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            self._first.setdefault(record.station, record.at)
            self._last[record.station] = record.at

    def first_of(self, station: str) -> datetime:
        return self._first[station]

    def last_of(self, station: str) -> datetime:
        """The station's last record; an instant after all others for one that the log does not hold."""
        return self._last.get(station, _AFTER_ALL)

    def saw(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, IntervalRow):
                self._keep(
                    ("interval", effect.station, effect.evse, effect.connector, effect.started_at), effect
                )
            elif isinstance(effect, LinkRow):
                self._keep(("link", effect.station, effect.started_at), effect)
            elif isinstance(effect, IncidentRow):
                if effect.state is IncidentState.RESOLVED:
                    self._incidents.pop(effect.incident_id, None)
                else:
                    self._incidents[effect.incident_id] = effect
            elif isinstance(effect, IncidentEventRow):
                self._entries[effect.incident_id] = max(self._entries.get(effect.incident_id, 0), effect.n)

    def _keep(self, key: tuple[object, ...], row: IntervalRow | LinkRow) -> None:
        if row.ended_at is None:
            self._open[key] = row
        else:
            self._open.pop(key, None)

    def closing(self, stations: Iterable[str]) -> list[Effect]:
        """Ends for every open row of `stations`, at the station's last record; `log_ended` in its history."""
        wanted = set(stations)
        effects: list[Effect] = [
            msgspec.structs.replace(row, ended_at=max(row.started_at, self._last.get(row.station, _NEVER)))
            for row in self._open.values()
            if row.station in wanted
        ]
        for incident in self._incidents.values():
            if incident.station is None or incident.station not in wanted:
                continue
            ended = max(incident.opened_at or incident.pending_at, self._last.get(incident.station, _NEVER))
            effects.append(
                msgspec.structs.replace(
                    incident, state=IncidentState.RESOLVED, closed_at=ended, updated_at=ended
                )
            )
            n = self._entries.get(incident.incident_id, 0) + 1
            effects.append(
                IncidentEventRow(incident_id=incident.incident_id, n=n, at=ended, event="log_ended")
            )
        return effects
