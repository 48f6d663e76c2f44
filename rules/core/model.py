"""The words of Laadwacht as types: what was seen, what was judged, and who must act.

Decides nothing. Every instant is an aware UTC `datetime`; `None` means "not told", never 0 or "".
In `evse` and `connector`, 0 is OCPP's own "the station as a whole". OCPP 1.6 knows connectors only:
connector N there is EVSE N, connector N.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Side(StrEnum):
    SOFTWARE = "software"
    HARDWARE = "hardware"
    NONE = "none"


class Cause(StrEnum):
    BACKEND = "backend"
    AUTHORISATION = "authorisation"
    CONFIGURATION = "configuration"
    FIRMWARE = "firmware"
    CHARGER_HARDWARE = "charger_hardware"
    POWER_SUPPLY = "power_supply"
    LOCAL_NETWORK = "local_network"
    VEHICLE = "vehicle"
    DRIVER = "driver"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


class Owner(StrEnum):
    OPERATOR = "operator"
    INSTALLER = "installer"
    CUSTOMER = "customer"
    NONE = "none"


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Scope(StrEnum):
    CONNECTOR = "connector"
    EVSE = "evse"
    STATION = "station"
    SITE = "site"
    CONNECTIVITY = "connectivity"
    FIRMWARE = "firmware"
    PLATFORM = "platform"


class Status(StrEnum):
    """Connector status, OCPP 1.6 and 2.x in one set; `unknown` where the station's word is in neither."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"
    UNKNOWN = "unknown"


class IncidentState(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


class Suppression(StrEnum):
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"
    FLAPPING = "flapping"
    BUDGET = "budget"
    BLIND = "blind"
    LOW_CONFIDENCE = "low_confidence"
    IMPORTED = "imported"


class NoticeReason(StrEnum):
    FIRST = "first"
    WORSE = "worse"
    REROUTED = "rerouted"
    RESOLVED = "resolved"


# --- observations: what a frame or a link event says, the same for every protocol version ---


class Observation(Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """One fact. `at` is our receipt time, `station_at` the station's own time stamp where it gave one."""

    station: str
    at: datetime
    record_id: int = 0
    station_at: datetime | None = None


class Seen(Observation, frozen=True, kw_only=True, tag="seen"):
    """A frame arrived that says nothing else: proof of life when `direction` is `in`."""

    direction: str = "in"


class Connected(Observation, frozen=True, kw_only=True, tag="connected"):
    version: str | None = None
    peer: str | None = None


class Disconnected(Observation, frozen=True, kw_only=True, tag="disconnected"):
    """`replaced`: a newer connection of the same station took over, so the station is not gone."""

    code: int | None = None
    reason: str | None = None
    replaced: bool = False


class Heartbeat(Observation, frozen=True, kw_only=True, tag="heartbeat"):
    pass


class Booted(Observation, frozen=True, kw_only=True, tag="booted"):
    make: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    reason: str | None = None


class BootAnswered(Observation, frozen=True, kw_only=True, tag="boot_answered"):
    """`status` as sent: Accepted, Pending or Rejected."""

    status: str
    interval_s: int | None = None


class StatusReported(Observation, frozen=True, kw_only=True, tag="status"):
    evse: int
    connector: int
    status: Status
    raw_status: str | None = None
    error_code: str | None = None
    vendor_error: str | None = None
    vendor_id: str | None = None
    info: str | None = None


class EventReported(Observation, frozen=True, kw_only=True, tag="event"):
    """OCPP 2.x NotifyEvent data, or a security event (then `component` is `security`)."""

    evse: int | None = None
    connector: int | None = None
    component: str | None = None
    variable: str | None = None
    value: str | None = None
    trigger: str | None = None
    tech_code: str | None = None
    tech_info: str | None = None
    cleared: bool = False
    severity: int | None = None


class Authorised(Observation, frozen=True, kw_only=True, tag="authorised"):
    """The answer to an authorisation. `outcome` as sent (Accepted, Blocked, Expired, Invalid, ...)."""

    outcome: str
    token: str | None = None
    evse: int | None = None
    connector: int | None = None


class SessionStarted(Observation, frozen=True, kw_only=True, tag="session_started"):
    """`message_id` binds a 1.6 start to the answer that names its transaction (`SessionAccepted`)."""

    evse: int | None = None
    connector: int | None = None
    message_id: str | None = None
    ref: str | None = None
    token: str | None = None
    meter_wh: float | None = None


class SessionAccepted(Observation, frozen=True, kw_only=True, tag="session_accepted"):
    message_id: str
    ref: str | None = None
    outcome: str | None = None


class MeterRead(Observation, frozen=True, kw_only=True, tag="meter"):
    """Register in Wh, power in W, `soc` in percent, `current_a` the highest phase."""

    evse: int | None = None
    connector: int | None = None
    ref: str | None = None
    energy_wh: float | None = None
    power_w: float | None = None
    current_a: float | None = None
    offered_a: float | None = None
    voltage_v: float | None = None
    soc: float | None = None
    temperature_c: float | None = None


class SessionUpdated(Observation, frozen=True, kw_only=True, tag="session_updated"):
    """An OCPP 2.x TransactionEvent that neither starts nor ends a session."""

    ref: str
    evse: int | None = None
    connector: int | None = None
    trigger: str | None = None
    charging_state: str | None = None
    token: str | None = None


class SessionEnded(Observation, frozen=True, kw_only=True, tag="session_ended"):
    ref: str | None = None
    evse: int | None = None
    connector: int | None = None
    meter_wh: float | None = None
    reason: str | None = None
    token: str | None = None


class FirmwareReported(Observation, frozen=True, kw_only=True, tag="firmware"):
    status: str


class CallErrored(Observation, frozen=True, kw_only=True, tag="call_error"):
    """A CALLERROR. `direction` tells who refused: `in` the station, `out` the back end."""

    direction: str
    code: str
    action: str | None = None
    description: str | None = None


class CommandSent(Observation, frozen=True, kw_only=True, tag="command_sent"):
    """The back end asked the station something."""

    action: str
    message_id: str
    evse: int | None = None
    connector: int | None = None


class CommandAnswered(Observation, frozen=True, kw_only=True, tag="command_answered"):
    action: str
    message_id: str
    status: str | None = None
    waited_s: float | None = None


class FindingSeen(Observation, frozen=True, kw_only=True, tag="finding"):
    """A frame did not conform. `finding` is an id of `data/catalog/findings.yaml`."""

    finding: str
    detail: str | None = None


class UserActed(Observation, frozen=True, kw_only=True, tag="user_acted"):
    """Somebody decided about an incident: acknowledge, overrule, hand_over, comment.

    Stored among the observations so that a replay knows it too.
    """

    action: str
    incident_id: str
    by: str
    side: str | None = None
    owner: str | None = None
    text: str | None = None


class Blind(Observation, frozen=True, kw_only=True, tag="blind"):
    """We could not see from `since` until `at`: never counted against a station. `station` is ""."""

    since: datetime
    reason: str = "owner_down"


AnyObservation = (
    Seen
    | Connected
    | Disconnected
    | Heartbeat
    | Booted
    | BootAnswered
    | StatusReported
    | EventReported
    | Authorised
    | SessionStarted
    | SessionAccepted
    | MeterRead
    | SessionUpdated
    | SessionEnded
    | FirmwareReported
    | CallErrored
    | CommandSent
    | CommandAnswered
    | FindingSeen
    | UserActed
    | Blind
)


# --- the asset register -------------------------------------------------------------------


class Asset(Struct, frozen=True, kw_only=True):
    """One station of the asset register. `connectors` counts plugs and sockets, `rated_kw` is per station."""

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


# --- judgement ------------------------------------------------------------------------------


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


# --- effects: rows that judgement asks the store to write -----------------------------------


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
    """A verdict over time. State, suppression and delivery are kept apart."""

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
    overruled_by: str | None = None
    suppression: list[str] = []
    route_rule: str | None = None
    route_why: str | None = None
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


class NoticeRow(Effect, kw_only=True, tag="notice"):
    """One message to one destination, not yet rendered. `dedup_key` = incident, destination and seq."""

    dedup_key: str
    incident_id: str
    destination: str
    party: str
    seq: int
    reason: NoticeReason
    created_at: datetime
    not_before: datetime
    suppressed: str | None = None
