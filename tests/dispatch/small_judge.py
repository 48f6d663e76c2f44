"""A judge small enough to follow by eye: one incident per station, opened by Faulted, ended by Available.

It keeps the contract of the real one (pure, deterministic, timers at their exact due time), so that tests of
the engine and the outbox speak about those alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from rules.core.model import (
    Blind,
    BlindRow,
    Cause,
    Effect,
    Evidence,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    NoticeReason,
    NoticeRow,
    Observation,
    Owner,
    Scope,
    Severity,
    Side,
    StationRow,
    Status,
    StatusReported,
)

HOLD = timedelta(seconds=5)


class Memory(msgspec.Struct):
    now: datetime | None = None
    seen: dict[str, datetime] = {}
    due: dict[str, datetime] = {}
    rows: dict[str, IncidentRow] = {}
    blind: int = 0


class SmallJudge:
    def __init__(self, state: bytes | None = None, destinations: tuple[str, ...] = ("wacht",)) -> None:
        self.memory = msgspec.json.decode(state, type=Memory) if state else Memory()
        self.destinations = destinations

    def state(self) -> bytes:
        return msgspec.json.encode(self.memory)

    def advance(self, now: datetime) -> list[Effect]:
        effects: list[Effect] = []
        for station, due in sorted(self.memory.due.items(), key=lambda item: (item[1], item[0])):
            if due <= now:
                del self.memory.due[station]
                row = self.memory.rows[station]
                row.state, row.opened_at, row.updated_at = IncidentState.OPEN, due, due
                effects += self._tell(row, NoticeReason.FIRST, due)
        self.memory.now = now if self.memory.now is None else max(now, self.memory.now)
        return effects

    def feed(self, obs: Observation) -> list[Effect]:
        if isinstance(obs, Blind):
            self.memory.blind += 1
            return [BlindRow(started_at=obs.since, ended_at=obs.at, reason=obs.reason)]
        effects = self.advance(obs.at)
        first = self.memory.seen.setdefault(obs.station, obs.at)
        effects.append(StationRow(station=obs.station, first_seen_at=first, last_seen_at=obs.at))
        if not isinstance(obs, StatusReported):
            return effects
        row = self.memory.rows.get(obs.station)
        if obs.status is Status.FAULTED and row is None:
            self.memory.rows[obs.station] = incident(obs.station, obs.at, obs.record_id)
            self.memory.due[obs.station] = obs.at + HOLD
        elif obs.status is Status.AVAILABLE and row is not None:
            del self.memory.rows[obs.station]
            self.memory.due.pop(obs.station, None)
            opened = row.state is IncidentState.OPEN
            row.state, row.closed_at, row.updated_at = IncidentState.RESOLVED, obs.at, obs.at
            if opened:
                effects += self._tell(row, NoticeReason.RESOLVED, obs.at)
        return effects

    def _tell(self, row: IncidentRow, reason: NoticeReason, at: datetime) -> list[Effect]:
        n = 1 if reason is NoticeReason.FIRST else 2
        event = IncidentEventRow(incident_id=row.incident_id, n=n, at=at, event=reason.value)
        return [
            *(notice(row.incident_id, name, n, reason, at) for name in self.destinations),
            event,
            msgspec.structs.replace(row),
        ]


def incident(station: str, at: datetime, record_id: int = 0) -> IncidentRow:
    return IncidentRow(
        incident_id=f"{station}-{at:%H%M%S}",
        key=station,
        state=IncidentState.PENDING,
        scope=Scope.STATION,
        fault="ground_failure",
        side=Side.HARDWARE,
        cause=Cause.CHARGER_HARDWARE,
        owner=Owner.INSTALLER,
        task="ins.maintain.faults",
        severity=Severity.HIGH,
        confidence=0.9,
        rule_id="small",
        rule_version="1",
        pending_at=at,
        station=station,
        evidence=[Evidence(at=at, says="status_error", record_id=record_id)],
    )


def notice(incident_id: str, destination: str, seq: int, reason: NoticeReason, at: datetime) -> NoticeRow:
    return NoticeRow(
        dedup_key=f"{incident_id}-{destination}-{seq}",
        incident_id=incident_id,
        destination=destination,
        party="operator",
        seq=seq,
        reason=reason,
        created_at=at,
        not_before=at,
    )
