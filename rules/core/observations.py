"""Observations: what a frame or a link event says, the same for every protocol version.

Decides nothing. Every instant is an aware UTC `datetime`; `None` means "not told", never 0 or "".
In `evse` and `connector`, 0 is OCPP's own "the station as a whole". OCPP 1.6 knows connectors only:
connector N there is EVSE N, connector N.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from rules.core.calendar.window import Window
from rules.core.words import Status


class Observation(Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """One fact. `at` is our receipt time, `station_at` the station's own time stamp where it gave one."""

    station: str
    at: Annotated[datetime, Meta(tz=True)]
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
    """`message_id` binds a 1.6 start to the answer that names its transaction (`SessionAccepted`). `offline`:
    it happened while the station was offline, by its own word (2.x)."""

    evse: int | None = None
    connector: int | None = None
    message_id: str | None = None
    ref: str | None = None
    token: str | None = None
    meter_wh: float | None = None
    offline: bool = False


class SessionAccepted(Observation, frozen=True, kw_only=True, tag="session_accepted"):
    message_id: str
    ref: str | None = None
    outcome: str | None = None


class MeterRead(Observation, frozen=True, kw_only=True, tag="meter"):
    """Register in Wh, power in W, `soc` in percent, `current_a` the highest phase. `dead_phase`: the one
    without voltage (L1, L2 or L3) while the two others have it."""

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
    dead_phase: str | None = None


class SessionUpdated(Observation, frozen=True, kw_only=True, tag="session_updated"):
    """An OCPP 2.x TransactionEvent that neither starts nor ends a session."""

    ref: str
    evse: int | None = None
    connector: int | None = None
    trigger: str | None = None
    charging_state: str | None = None
    token: str | None = None
    offline: bool = False


class SessionEnded(Observation, frozen=True, kw_only=True, tag="session_ended"):
    ref: str | None = None
    evse: int | None = None
    connector: int | None = None
    meter_wh: float | None = None
    reason: str | None = None
    token: str | None = None
    offline: bool = False


class FirmwareReported(Observation, frozen=True, kw_only=True, tag="firmware"):
    status: str


class ConfigurationReported(Observation, frozen=True, kw_only=True, tag="configuration"):
    """How a station is set, as it told. `component` is None for a configuration key of OCPP 1.6; then `evse`
    and `connector` are too. Secrets are never reported."""

    key: str
    value: str | None = None
    component: str | None = None
    evse: int | None = None
    connector: int | None = None
    readonly: bool | None = None


class CallErrored(Observation, frozen=True, kw_only=True, tag="call_error"):
    """A CALLERROR. `direction` tells who refused: `in` the station, `out` the back end."""

    direction: str
    code: str
    action: str | None = None
    description: str | None = None


class CommandSent(Observation, frozen=True, kw_only=True, tag="command_sent"):
    """The back end asked the station something. `about`: the message that a trigger asks for, the transaction
    that a remote stop names, the card of a remote start (1.6)."""

    action: str
    message_id: str
    evse: int | None = None
    connector: int | None = None
    about: str | None = None


class CommandAnswered(Observation, frozen=True, kw_only=True, tag="command_answered"):
    """`action` is empty where the question was not seen."""

    action: str
    message_id: str
    status: str | None = None
    waited_s: float | None = None


class CommandUnanswered(Observation, frozen=True, kw_only=True, tag="command_unanswered"):
    """The back end waited in vain for an answer of the station, as its own log says; or, with `waited_s`, the
    record shows none though the station sent other messages."""

    waited_s: float | None = None


class BackEndTrouble(Observation, frozen=True, kw_only=True, tag="back_end_trouble"):
    """What the existing back end did to a tapped station, beside its CALLERRORs.

    `event` is `refused` (the handshake; `code` is the HTTP status), `unreachable`, `closed` (`code` is the
    close code, RFC 6455), `slow` or `unanswered` (`action` after `waited_s` seconds).
    """

    event: str
    code: int | None = None
    action: str | None = None
    waited_s: float | None = None
    detail: str | None = None


class FindingSeen(Observation, frozen=True, kw_only=True, tag="finding"):
    """A frame did not conform. `finding` is an id of `data/catalog/findings.yaml`.

    `answer`: the frame was an answer, which nobody answers in turn.
    """

    finding: str
    detail: str | None = None
    answer: bool = False


class OddAnswered(Observation, frozen=True, kw_only=True, tag="odd_answered"):
    """The back end answered a request that a strict reader could not have read. `code`: the CALLERROR it
    answered with, None where it took the request."""

    findings: tuple[str, ...]
    action: str | None = None
    code: str | None = None


class AnswerIncomplete(Observation, frozen=True, kw_only=True, tag="answer_incomplete"):
    """The back end's answer lacks members that its schema demands."""

    action: str
    missing: tuple[str, ...]


class BackEndMalformed(Observation, frozen=True, kw_only=True, tag="back_end_malformed"):
    """What the back end sent does not have the form its schema demands. `answer`: it was an answer."""

    action: str
    problems: tuple[str, ...]
    answer: bool = True


class PromiseBroken(Observation, frozen=True, kw_only=True, tag="promise_broken"):
    """The station accepted a trigger, the message never came, and the back end asks again."""

    about: str
    waited_s: float


class UserActed(Observation, frozen=True, kw_only=True, tag="user_acted"):
    """Somebody decided about an incident: acknowledge, take, overrule, hand_over, comment, feedback; or told
    from the place itself: on_my_way, fixed.

    Stored among the observations so that a replay knows it too. `verdict`: what a feedback says of it. `eta`:
    when somebody on the way expects to be there. `cause`: what was fixed, a word of `Cause`. `until` and
    `wakes`: of a snooze, when it ends and what ends it earlier (`rules.core.speaking.snooze`). `party`: whom
    `by` acts for (`operator`, `installer:<name>`, `customer:<name>`); None where it was not written down.
    """

    action: str
    incident_id: str
    by: str
    side: str | None = None
    owner: str | None = None
    text: str | None = None
    verdict: str | None = None
    eta: datetime | None = None
    cause: str | None = None
    until: datetime | None = None
    wakes: tuple[str, ...] = ()
    party: str | None = None


class WindowSet(Observation, frozen=True, kw_only=True, tag="window_set"):
    """Somebody made a silence or a maintenance window. `station` is ""."""

    window: Window


class WindowEnded(Observation, frozen=True, kw_only=True, tag="window_ended"):
    """Somebody ended one before its time. `station` is ""."""

    window_id: str
    by: str
    why: str | None = None


class AidReported(Observation, frozen=True, kw_only=True, tag="aid_reported"):
    """What came of a remedy that judgement asked for. `outcome`: accepted, rejected, error, no_answer,
    not_connected, or not_sent (`detail` says why). Stored among the observations so that a replay knows it.
    """

    try_id: str
    incident_id: str
    outcome: str
    detail: str | None = None


class Subscribed(Observation, frozen=True, kw_only=True, tag="subscribed"):
    """A customer wants to be told of own stations (`stations` empty: all). No `kinds`: not any more.
    `station` is "". `party`: the customer as in the register."""

    email: str
    party: str
    stations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    language: str = "nl"


class DestinationFared(Observation, frozen=True, kw_only=True, tag="destination_fared"):
    """Our messages to one destination fail (`failing`), or are accepted again. `station` is "". `detail`: the
    last answer, in words without secrets."""

    destination: str
    failing: bool
    detail: str = ""


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
    | ConfigurationReported
    | CallErrored
    | CommandSent
    | CommandAnswered
    | CommandUnanswered
    | BackEndTrouble
    | FindingSeen
    | OddAnswered
    | AnswerIncomplete
    | BackEndMalformed
    | PromiseBroken
    | UserActed
    | WindowSet
    | WindowEnded
    | AidReported
    | DestinationFared
    | Subscribed
    | Blind
)
