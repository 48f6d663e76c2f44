"""What can be said with each remote command: its options as types, the same for every OCPP version.

Decides which values make sense at all; what one version cannot say is for `remote_payloads`. Must never hold
a default that ends a session or wipes anything.

`evse` is the charging point; in OCPP 1.6, which has no EVSEs, its connector number. Lengths come from the
message schemas of the Open Charge Alliance (36 characters for a token, 512 for an address, 50 for a 1.6 key).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0, le=1000)]
Moment = Annotated[datetime, Meta(tz=True)]
Card = Annotated[str, Meta(min_length=1, max_length=36)]
Address = Annotated[str, Meta(pattern=r"^(ftp|ftps|sftp|http|https)://[^\s/]+\S*$", max_length=512)]
Key = Annotated[str, Meta(min_length=1, max_length=200)]

# Kinds of token of OCPP 2.0.1; 2.1 takes these and any other text, 1.6 knows no kinds.
TokenKind = Literal["ISO14443", "ISO15693", "Central", "eMAID", "KeyCode", "Local", "MacAddress"]

Message = Literal[
    "BootNotification",
    "Heartbeat",
    "StatusNotification",
    "MeterValues",
    "TransactionEvent",
    "FirmwareStatusNotification",
    "DiagnosticsStatusNotification",
    "LogStatusNotification",
]


class Options(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """No options; the base of all others."""


class Place(Options, frozen=True):
    """One EVSE or connector; with neither, the station as a whole."""

    evse: Number | None = None
    connector: Number | None = None


class ResetOptions(Options, frozen=True):
    """`soft` lets what runs end properly, `hard` restarts at once."""

    kind: Literal["soft", "hard"] = "soft"
    evse: Number | None = None


class TriggerOptions(Place, frozen=True, kw_only=True):
    message: Message


class AvailabilityOptions(Place, frozen=True, kw_only=True):
    to: Literal["operative", "inoperative"]


class DiagnosticsOptions(Options, frozen=True):
    """The station uploads to `location`. `since` and `until` bound what it sends; intervals in seconds."""

    location: Address
    log: Literal["diagnostics", "security"] = "diagnostics"
    since: Moment | None = None
    until: Moment | None = None
    retries: Count | None = None
    retry_interval_s: Count | None = None


class ConfigurationOptions(Options, frozen=True):
    """1.6: names of keys, none for all. 2.x: `Component.Variable`, with `(instance)` after either."""

    keys: Annotated[tuple[Key, ...], Meta(max_length=100)] = ()
    evse: Number | None = None


class SettingOptions(Options, frozen=True):
    """1.6: the name of a key. 2.x: `Component.Variable`, with `(instance)` after either. One at a time: it is
    clear then which one a station refused."""

    key: Key
    value: Annotated[str, Meta(max_length=1000)]
    evse: Number | None = None


class StartOptions(Options, frozen=True):
    id_tag: Card
    evse: Number | None = None
    token_type: TokenKind = "ISO14443"


class StopOptions(Options, frozen=True):
    """`transaction` as the station knows it: a number in 1.6, text in 2.x."""

    transaction: Card


class ListEntry(Options, frozen=True):
    """`Remove` takes a card out, in a differential update only."""

    id_tag: Card
    status: Literal["Accepted", "Blocked", "Expired", "Invalid", "Remove"] = "Accepted"
    expires: Moment | None = None
    token_type: TokenKind = "ISO14443"


class LocalListOptions(Options, frozen=True, kw_only=True):
    """`full` replaces the station's list, `differential` changes what `entries` name."""

    list_version: Number
    update: Literal["full", "differential"]
    entries: Annotated[tuple[ListEntry, ...], Meta(max_length=500)] = ()


class BaseReportOptions(Options, frozen=True):
    report: Literal["FullInventory", "ConfigurationInventory", "SummaryInventory"] = "FullInventory"
