"""The asset register, the verdict, and the rows that judgement asks the store to write.

Decides nothing. Every instant is an aware UTC `datetime`; `None` means "not told", never 0 or "".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from rules.core.calendar.recurrence import Recurrence
from rules.core.calendar.window import Window
from rules.core.handling import Escalation
from rules.core.words import (
    Cause,
    FeedbackVerdict,
    IncidentState,
    NoticeReason,
    Owner,
    Scope,
    Severity,
    Side,
    Status,
)


class Asset(Struct, frozen=True, kw_only=True):
    """One station of the asset register. `connectors` counts plugs and sockets, `rated_kw` is per station.

    `contract`: its name in the routing file. `contract_hours` and the targets (`response_hours`,
    `repair_hours`) are those of this station where they are not its contract's.
    """

    station: str
    site: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    make: str | None = None
    model: str | None = None
    customer: str | None = None
    installer: str | None = None
    installed_on: str | None = None
    warranty_until: str | None = None
    rated_kw: float | None = None
    connectors: int | None = None
    region: str | None = None
    contract: str | None = None
    contract_hours: str | None = None
    response_hours: float | None = None
    repair_hours: float | None = None


class Evidence(Struct, frozen=True, kw_only=True):
    """One proof. `record_id` points at the stored frame or link event; `says` is a text key with values."""

    at: datetime
    says: str
    record_id: int | None = None
    values: dict[str, Any] = {}


class Verdict(Struct, frozen=True, kw_only=True):
    fault: str
    side: Side
    cause: Cause
    owner: Owner
    task: str
    severity: Severity
    confidence: float
    rule_id: str
    rule_version: str
    imminent: bool = False
    safety: bool = False
    evidence: tuple[Evidence, ...] = ()


class Effect(Struct, kw_only=True, tag_field="effect"):
    pass


class StationRow(Effect, kw_only=True, tag="station"):
    """What a station says of itself, and when it was last heard."""

    station: str
    first_seen_at: datetime
    last_seen_at: datetime
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


class PropertyRow(Effect, kw_only=True, tag="property"):
    """A station told at `at` that `property` is `value`; `source` says by what. Not always news."""

    station: str
    property: str
    value: str | None
    at: datetime
    source: str
    readonly: bool | None = None


class IntervalRow(Effect, kw_only=True, tag="interval"):
    """A connector held `status` from `started_at` until `ended_at` (None: still)."""

    station: str
    evse: int
    connector: int
    started_at: datetime
    status: Status
    ended_at: datetime | None = None
    error_code: str | None = None
    vendor_error: str | None = None
    info: str | None = None


class LinkRow(Effect, kw_only=True, tag="link"):
    """A station was `online` or `offline` (by the offline rule, dated back to the last frame)."""

    station: str
    started_at: datetime
    state: str
    ended_at: datetime | None = None


class BlindRow(Effect, kw_only=True, tag="blind"):
    started_at: datetime
    ended_at: datetime
    reason: str


class PlannedRow(Effect, kw_only=True, tag="planned"):
    """A station was down by plan; `ended_at` may lie ahead, and moves when the work ends early."""

    station: str
    window_id: str
    started_at: datetime
    ended_at: datetime


class WindowRow(Effect, kw_only=True, tag="window"):
    """A silence or maintenance window. `ended_at`: it is over; `ended_by`: somebody ended it early."""

    window: Window
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None


class SessionRow(Effect, kw_only=True, tag="session"):
    """One charging transaction. Energy in Wh, from registers; None where no register was told."""

    session_id: str
    station: str
    started_at: datetime
    evse: int | None = None
    connector: int | None = None
    ref: str | None = None
    token: str | None = None
    ended_at: datetime | None = None
    meter_start_wh: float | None = None
    meter_last_wh: float | None = None
    energy_wh: float | None = None
    max_power_w: float | None = None
    reason: str | None = None
    outcome: str | None = None


class IncidentRow(Effect, kw_only=True, tag="incident"):
    """A verdict over time. State, suppression and delivery are kept apart.

    `on_my_way_at`: somebody told to be on the way then, and to be there at `eta_at`. `fixed_at`: somebody
    told then that it is fixed, and it was not seen to last since.

    `route_words`: why it goes to `route_party`, by language; `route_gap`: why not to whom the rule means.
    `clock_since`: since when the clock of that party runs. `respond_by`, `repair_by`: by its contract.
    """

    incident_id: str
    key: str
    state: IncidentState
    scope: Scope
    fault: str
    side: Side
    cause: Cause
    owner: Owner
    task: str
    severity: Severity
    confidence: float
    rule_id: str
    rule_version: str
    pending_at: datetime
    station: str | None = None
    site: str | None = None
    evse: int | None = None
    connector: int | None = None
    imminent: bool = False
    safety: bool = False
    driver_stuck: bool = False
    parent: str | None = None
    members: list[str] = []
    installer: str | None = None
    customer: str | None = None
    opened_at: datetime | None = None
    recovering_at: datetime | None = None
    closed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    assignee: str | None = None
    on_my_way_at: datetime | None = None
    eta_at: datetime | None = None
    fixed_at: datetime | None = None
    overruled_by: str | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    snooze_wakes: list[str] = []
    suppression: list[str] = []
    route_rule: str | None = None
    route_why: str | None = None
    route_words: dict[str, str] = {}
    route_party: str | None = None
    route_gap: str | None = None
    escalation: Escalation | None = None
    escalate_at: datetime | None = None
    clock_since: datetime | None = None
    operator_s: float = 0.0
    installer_s: float = 0.0
    bounces: int = 0
    bounced: bool = False
    contract: str | None = None
    respond_by: datetime | None = None
    repair_by: datetime | None = None
    responded_at: datetime | None = None
    response_breached_at: datetime | None = None
    repair_breached_at: datetime | None = None
    count: int = 1
    evidence: list[Evidence] = []
    updated_at: datetime | None = None


class IncidentEventRow(Effect, kw_only=True, tag="incident_event"):
    """Append-only history of an incident; (`incident_id`, `n`) is the key."""

    incident_id: str
    n: int
    at: datetime
    event: str
    by: str | None = None
    detail: dict[str, Any] = {}


class FeedbackRow(Effect, kw_only=True, tag="feedback"):
    """What one person found out about an incident; the last word of each counts. `side`: the right one."""

    incident_id: str
    at: datetime
    by: str
    verdict: FeedbackVerdict
    side: Side | None = None
    text: str | None = None


class SubscriptionRow(Effect, kw_only=True, tag="subscription"):
    """What one customer wants to be told; `active` false: nothing any more."""

    subscription_id: str
    email: str
    party: str
    stations: list[str]
    kinds: list[str]
    language: str
    active: bool
    changed_at: datetime


class FirstAidRow(Effect, kw_only=True, tag="first_aid"):
    """One remedy at one incident: asked while `outcome` is None, then what the station made of it, then
    whether the fault was gone in time (`cleared`; None: never known). Carried out by a running owner process
    alone, before `expires_at`; whoever else judges (replay, import, backtest) only reads it."""

    try_id: str
    incident_id: str
    station: str
    policy: str
    do: str
    fault: str
    asked_at: datetime
    expires_at: datetime
    evse: int | None = None
    connector: int | None = None
    outcome: str | None = None
    detail: str | None = None
    answered_at: datetime | None = None
    cleared: bool | None = None
    ended_at: datetime | None = None


class NoticeItem(Struct, frozen=True, kw_only=True):
    """One incident of a message; `seq` counts what its destination was told of that incident."""

    incident_id: str
    seq: int
    reason: NoticeReason


class PlannedWork(Struct, frozen=True, kw_only=True):
    """Maintenance as a customer hears of it: own stations, and the occurrence that is on (`begun`) or comes
    next, aware UTC. `repeats_until`: None for as long as nobody ends it."""

    window_id: str
    stations: list[str]
    since: datetime
    until: datetime
    recurrence: Recurrence
    repeats_until: datetime | None
    begun: bool


class NoticeRow(Effect, kw_only=True, tag="notice"):
    """One message to one destination, not yet rendered. `dedup_key` = incident, destination and seq.

    `incident_id`, `seq` and `reason` are those of the gravest incident; `items` lists all, that one first
    (empty: that one alone). `reason` is resolved only where every item is. A notice of planned work (`work`)
    has no incident: there `incident_id` is the window's id.
    """

    dedup_key: str
    incident_id: str
    destination: str
    party: str
    seq: int
    reason: NoticeReason
    created_at: datetime
    not_before: datetime
    suppressed: str | None = None
    items: list[NoticeItem] = []
    work: PlannedWork | None = None

    @property
    def told(self) -> list[NoticeItem]:
        """What it is about, the gravest first."""
        return self.items or [NoticeItem(incident_id=self.incident_id, seq=self.seq, reason=self.reason)]
