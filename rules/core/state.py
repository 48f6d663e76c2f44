"""What judgement remembers between observations. Plain data, so that it can be saved and restored exactly.

Decides nothing. Every instant is an aware UTC datetime. Connector keys are `evse/connector`.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from rules.core.model import IncidentRow, SessionRow, Severity, Status


class ConnectorState(Struct):
    """Last report of one connector. `faults` maps a live fault to when it was first reported."""

    evse: int
    connector: int
    status: Status
    since: datetime
    error_code: str | None = None
    vendor_error: str | None = None
    info: str | None = None
    faults: dict[str, datetime] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)  # 2.x event name -> fault
    handled: str | None = None  # mark of the last error handled: station time and code
    poor: list[str] = field(default_factory=list)  # tokens of sessions in a row without energy
    register_wh: float | None = None
    status_at: datetime | None = None


class OpenSession(Struct):
    row: SessionRow
    message_id: str | None = None
    faulted: bool = False


class StationState(Struct):
    first_seen: datetime
    last_in: datetime
    emitted_at: datetime
    row_dirty: bool = True
    armed_due: datetime | None = None  # when the silence timer of this station comes up
    limit_s: float = 0.0
    connected: bool | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    version: str | None = None
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    heartbeat_s: int | None = None
    boot_status: str | None = None
    booted_at: datetime | None = None
    link: str | None = None
    link_since: datetime | None = None
    lag_s: float | None = None  # usual receipt time minus station time
    connectors: dict[str, ConnectorState] = field(default_factory=dict)
    sessions: dict[str, OpenSession] = field(default_factory=dict)  # open, by session id
    boots: list[datetime] = field(default_factory=list)
    commanded_boots: int = 0
    connects: list[datetime] = field(default_factory=list)
    refused: dict[str, list[datetime]] = field(default_factory=dict)
    accepted_at: datetime | None = None
    accepted_token: str | None = None
    command_at: datetime | None = None
    command: str | None = None
    commands: dict[str, tuple[str, int | None, int | None, datetime]] = field(default_factory=dict)
    call_errors: dict[str, list[datetime]] = field(default_factory=dict)
    findings: dict[str, list[datetime]] = field(default_factory=dict)


class Told(Struct):
    """What one destination was last told of an incident."""

    seq: int = 0
    open: bool = False
    severity: Severity = Severity.LOW


class Tracked(Struct):
    """An incident that is not resolved, with what its row does not hold."""

    row: IncidentRow
    events: int = 0
    hold_s: float = 0.0
    clear_s: float = 0.0
    due: datetime | None = None
    quiet_s: float | None = None
    last_at: datetime | None = None
    quiet_due: datetime | None = None
    notify_at: datetime | None = None
    told: dict[str, Told] = field(default_factory=dict)
    routed: list[str] = field(default_factory=list)
    handed_to: str | None = None


class Closed(Struct):
    """Enough of a resolved incident to refuse what comes too late."""

    closed_at: datetime
    events: int


class JudgeState(Struct):
    now: datetime | None = None
    blind_until: datetime | None = None
    stations: dict[str, StationState] = field(default_factory=dict)
    tracked: dict[str, Tracked] = field(default_factory=dict)  # by key
    closed: dict[str, Closed] = field(default_factory=dict)  # by incident id
    accepted_tokens: dict[str, datetime] = field(default_factory=dict)
    silent: dict[str, dict[str, datetime]] = field(default_factory=dict)  # site -> station -> since
    site_since: dict[str, datetime] = field(default_factory=dict)  # sites with an outage of their own
    platform_last: datetime | None = None  # when the last member of a platform outage fell silent
    platform_new: list[str] = field(default_factory=list)  # members not yet in its row
    timers: list[tuple[datetime, str, str]] = field(default_factory=list)
