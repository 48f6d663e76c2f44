"""Small makers of rows for the tests of this room."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from data.store import Batch, FrameRow, LinkEventRow, Store
from rules.core.model import (
    Cause,
    Evidence,
    IncidentRow,
    IncidentState,
    NoticeReason,
    NoticeRow,
    Observation,
    Owner,
    Scope,
    Seen,
    Severity,
    Side,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def frame(record_id: int, station: str = "BE-1", *, import_key: int | None = None) -> FrameRow:
    return FrameRow(
        record_id=record_id,
        received_at=after(record_id),
        station=station,
        direction="in",
        raw='[2,"1","Heartbeat",{}]',
        version="1.6",
        type=2,
        message_id="1",
        action="Heartbeat",
        import_key=import_key,
    )


def link(record_id: int, station: str = "BE-1", event: str = "connected") -> LinkEventRow:
    return LinkEventRow(record_id=record_id, at=after(record_id), station=station, event=event)


def seen(record_id: int, station: str = "BE-1") -> Seen:
    return Seen(station=station, at=after(record_id), record_id=record_id)


def heard(record_id: int, station: str = "BE-1", *, import_key: int | None = None) -> Batch:
    return Batch(
        frames=[frame(record_id, station, import_key=import_key)], observations=[seen(record_id, station)]
    )


def incident(incident_id: str = "inc-1", **changes: object) -> IncidentRow:
    row = IncidentRow(
        incident_id=incident_id,
        key="BE-1/1/ground_failure",
        state=IncidentState.OPEN,
        scope=Scope.CONNECTOR,
        fault="ground_failure",
        side=Side.HARDWARE,
        cause=Cause.CHARGER_HARDWARE,
        owner=Owner.INSTALLER,
        task="installer.hardware",
        severity=Severity.HIGH,
        confidence=0.9,
        rule_id="status",
        rule_version="1",
        pending_at=NOON,
        station="BE-1",
        evse=1,
        connector=1,
        evidence=[Evidence(at=NOON, says="status", record_id=1, values={"code": "GroundFailure"})],
        updated_at=NOON,
    )
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def notice(dedup_key: str = "inc-1:helpdesk:1", **changes: object) -> NoticeRow:
    row = NoticeRow(
        dedup_key=dedup_key,
        incident_id="inc-1",
        destination="helpdesk",
        party="operator",
        seq=1,
        reason=NoticeReason.FIRST,
        created_at=NOON,
        not_before=NOON,
    )
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def submit_and_wait(store: Store, *batches: Batch) -> list[BaseException | None]:
    """Submits and returns what each `done` was told, in order of submission."""
    told: dict[int, BaseException | None] = {}
    ready = threading.Event()

    def teller(place: int) -> object:
        def done(error: BaseException | None) -> None:
            told[place] = error
            if len(told) == len(batches):
                ready.set()

        return done

    for place, batch in enumerate(batches):
        store.submit(batch, teller(place))  # type: ignore[arg-type]
    assert ready.wait(30), "the store told nothing"
    return [told[place] for place in range(len(batches))]


def replayed(store: Store, after_record: int = 0) -> list[Observation]:
    return [observation for step in store.observations_after(after_record) for observation in step]
