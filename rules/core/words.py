"""The closed sets of words: side, cause, owner, severity, scope, status, states and reasons.

Decides nothing. Each word is stored and shown as its value.
"""

from __future__ import annotations

from enum import StrEnum


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
    IMPORTED = "imported"
    SNOOZED = "snoozed"
    QUIET_HOURS = "quiet_hours"
    NIGHT = "night"


class FeedbackVerdict(StrEnum):
    """What turned out to be so, once somebody had looked."""

    CONFIRMED = "confirmed"
    WRONG_SIDE = "wrong_side"
    NO_FAULT_FOUND = "no_fault_found"


class NoticeReason(StrEnum):
    FIRST = "first"
    WORSE = "worse"
    REROUTED = "rerouted"
    RETURNED = "returned"  # to a party that had it before
    ESCALATED = "escalated"
    OVERDUE = "overdue"
    FLAPPING = "flapping"
    REMINDER = "reminder"
    DIGEST = "digest"
    RESOLVED = "resolved"
    PLANNED = "planned"  # work on stations of a customer
    CALLED_OFF = "called_off"  # that work will not be, or is over before its time


OF_WORK = (NoticeReason.PLANNED, NoticeReason.CALLED_OFF)  # these are about a window, not an incident
