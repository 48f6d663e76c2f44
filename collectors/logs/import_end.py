"""What a log that is judged apart leaves open at its end, and how that is closed.

Decides nothing about faults. Beyond its last record a log knows nothing: states, links and sessions end
there. An incident stays open, as the last that is known, unless newer data of the same station exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from collectors.logs.logfile import LogRecord
from rules.core.model import (
    Effect,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    IntervalRow,
    LinkRow,
    SessionRow,
)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9999, 1, 1, tzinfo=UTC)
OpenRow = IntervalRow | LinkRow | SessionRow


class LogEnd:
    """Fed with every record and every effect of one import."""

    def __init__(self) -> None:
        self._first: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}
        self._open: dict[tuple[object, ...], OpenRow] = {}
        self._incidents: dict[str, IncidentRow] = {}
        self._entries: dict[str, int] = {}

    def heard(self, records: Sequence[LogRecord]) -> None:
        first, last = self._first, self._last
        for record in records:
            station = record.station
            if station not in first:
                first[station] = record.at
            last[station] = record.at

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
            elif isinstance(effect, SessionRow):
                self._keep(("session", effect.session_id), effect)
            elif isinstance(effect, IncidentRow):
                if effect.state is IncidentState.RESOLVED:
                    self._incidents.pop(effect.incident_id, None)
                else:
                    self._incidents[effect.incident_id] = effect
            elif isinstance(effect, IncidentEventRow):
                self._entries[effect.incident_id] = max(self._entries.get(effect.incident_id, 0), effect.n)

    def _keep(self, key: tuple[object, ...], row: OpenRow) -> None:
        if row.ended_at is None:
            self._open[key] = row
        else:
            self._open.pop(key, None)

    def closing(self, overtaken: Iterable[str], until: datetime) -> list[Effect]:
        """Ends for every open row: at the station's last record, for an outage at `until`, the log's end.
        Incidents end only at `overtaken` stations, with `log_ended` in their history."""
        wanted = set(overtaken)
        effects: list[Effect] = []
        for row in self._open.values():
            ended = self._last.get(row.station, _NEVER)
            if isinstance(row, LinkRow) and row.state == "offline":
                ended = until
            effects.append(msgspec.structs.replace(row, ended_at=max(row.started_at, ended)))
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
