"""What judgement remembers between observations. Plain data, so that it can be saved and restored exactly.

Decides nothing. Every instant is an aware UTC datetime. Connector keys are `evse/connector`.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from rules.core.calendar.window import Window
from rules.core.model import IncidentRow, NoticeReason, SessionRow, Severity, Status
from rules.core.subscription import Subscription


class MeterWatch(Struct):
    """What one connector's readings add up to. Wh, instants aware UTC."""

    ref: str | None = None
    wh: float | None = None
    at: datetime | None = None
    station_at: datetime | None = None
    idle_since: datetime | None = None  # first reading without power while charging
    idle_n: int = 0
    dead_n: int = 0  # readings in a row with a dead phase
    still_since: datetime | None = None  # first reading at the present register
    still_n: int = 0
    still_owed_wh: float = 0.0  # what the power told should have added since


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
    handled: str | None = None  # mark of the last error handled: station time and code
    poor: list[str] = field(default_factory=list)  # tokens of sessions in a row without energy
    brief: list[str] = field(default_factory=list)  # tokens of very short sessions in a row
    no_starts: list[str] = field(default_factory=list)  # tokens accepted in a row without a session
    status_at: datetime | None = None
    phase: Status | None = None  # 2.x: what Occupied means now, in the words of 1.6
    entered: datetime | None = None  # when the present status began
    watch_due: datetime | None = None  # when a look at a status that lasts comes up
    ended_reason: str | None = None  # why the last session here ended
    offered_a: float | None = None  # current that the station last said it offers
    behaviour: list[str] = field(default_factory=list)  # faults that no frame names and that still show
    ended_at: datetime | None = None  # when it did
    comes_and_goes: list[datetime] = field(default_factory=list)  # faults that cleared themselves
    cut_short: list[datetime] = field(default_factory=list)  # those that took a session along
    car_trouble: list[str] = field(default_factory=list)  # tokens in a row whose car failed here
    swings: dict[str, list[datetime]] = field(default_factory=dict)  # fault -> when charging began again
    meter: MeterWatch = field(default_factory=MeterWatch)


class LiveEvent(Struct):
    """A problem that a 2.x event told and that lasts. `about`: component and variable; `old`: told before the
    station's last restart."""

    evse: int | None
    connector: int | None
    fault: str
    since: datetime
    about: str = ""
    old: bool = False


class OpenSession(Struct):
    row: SessionRow
    began: datetime | None = None  # the station's own time of the start
    named: bool = False  # the station itself named it (2.x)
    message_id: str | None = None
    faulted: bool = False
    asked_at: datetime | None = None  # when its start came in
    soc: float | None = None  # percent, as last told
    charging_state: str | None = None  # 2.x, casefolded
    other_refs: int = 0  # readings in a row here under another number
    flow_wh: float = 0.0  # what its power readings add up to
    flow_at: datetime | None = None  # the last of them, and the power it told
    flow_w: float = 0.0


class ClockWatch(Struct):
    """Frames in a row whose own time is off by about the same. Seconds, receipt minus station time."""

    since: datetime
    lag_s: float
    n: int = 1


class Trend(Struct):
    """A station's own normal and how far it has left it: an exponential mean and spread and a cumulative sum.

    `day` (an ordinal, UTC) and `count` gather what is looked at day by day; `recent` holds the last values.
    """

    n: int = 0
    mean: float = 0.0
    spread: float = 0.0
    cusum: float = 0.0
    alarms: int = 0  # values in a row at which the rise was told
    day: int | None = None
    count: float = 0.0
    recent: list[float] = field(default_factory=list)


class CardTrail(Struct):
    """Where one card failed of late: (when, station, how). `told_at`: the station its incident stands at."""

    failures: list[tuple[datetime, str, str]] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)  # how -> station


class RemoteStart(Struct):
    """A start asked by the back end. `due`: when its session should have begun, once the station agreed."""

    asked_at: datetime
    token: str
    evse: int | None = None
    connector: int | None = None
    due: datetime | None = None
    told: bool = False


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
    boot_answered_at: datetime | None = None  # the boot that was answered
    link: str | None = None
    link_since: datetime | None = None
    lag_s: float | None = None  # usual receipt time minus station time
    connectors: dict[str, ConnectorState] = field(default_factory=dict)
    sessions: dict[str, OpenSession] = field(default_factory=dict)  # open, by session id
    boots: list[datetime] = field(default_factory=list)
    commanded_boots: int = 0
    connects: list[datetime] = field(default_factory=list)
    refused: dict[str, list[datetime]] = field(default_factory=dict)
    events: dict[str, LiveEvent] = field(default_factory=dict)  # by key of the incident
    clears_events: bool = False  # it said of an event that it is over
    closed: list[OpenSession] = field(default_factory=list)  # the last sessions that it named itself
    strangers: list[str] = field(default_factory=list)  # cards refused once, of which nothing else is known
    accepted_at: datetime | None = None
    accepted_token: str | None = None
    command_at: datetime | None = None
    command: str | None = None
    commands: dict[str, tuple[str, int | None, int | None, datetime]] = field(default_factory=dict)
    asked_about: dict[str, str] = field(default_factory=dict)  # message id of a command -> what it is about
    ended_refs: list[str] = field(default_factory=list)  # numbers of the sessions that ended last
    call_errors: dict[str, list[datetime]] = field(default_factory=dict)
    findings: dict[str, list[datetime]] = field(default_factory=dict)
    odd_boot: bool = False  # the boot message breaks the schema and was not accepted since
    read_anyway: list[str] = field(default_factory=list)  # findings that the back end reads all the same
    slow: list[datetime] = field(default_factory=list)  # answers of the back end that came late or never
    unreached: list[datetime] = field(default_factory=list)  # the back end refused or could not be reached
    unknown_stops: list[tuple[datetime, str]] = field(default_factory=list)
    lost_refs: list[datetime] = field(default_factory=list)
    power_losses: list[datetime] = field(default_factory=list)  # sessions that lost their power
    unplaced: tuple[str, datetime] | None = None  # a fault that a session's end named, its place not known
    had_session: bool = False
    profile_at: datetime | None = None  # the back end limited the power
    reset_at: datetime | None = None  # the station took a reset
    reset_boot_at: datetime | None = None  # the reset whose boot was seen
    reset_connect_at: datetime | None = None  # the reset whose new connection was seen
    storm_at: datetime | None = None
    storm_n: int = 0
    clock: ClockWatch | None = None
    timeouts: list[datetime] = field(default_factory=list)  # the back end waited in vain
    ignored: list[datetime] = field(default_factory=list)  # commands that the record shows no answer to
    start_at: datetime | None = None  # a session's start was asked or answered, and nothing came since
    drops: list[datetime] = field(default_factory=list)  # links lost within moments of a start
    dropped: bool = False  # and it did not come back yet
    refusals: dict[str, list[datetime]] = field(default_factory=dict)  # by command, in a row
    took: bool = False  # it took a command once
    remote: RemoteStart | None = None  # the last start asked from afar
    remote_sessions: int = 0  # in a row, since a card was last read
    card_at: datetime | None = None  # a session was last started with a card
    boot_told_at: datetime | None = None  # the last boot message, a boot or not
    repeated_boots: list[datetime] = field(default_factory=list)  # sent again at once though accepted
    vain_boots: list[datetime] = field(default_factory=list)  # boots that the back end left unanswered
    beat_day: int | None = None  # ordinal, UTC
    beats: int = 0  # heartbeats of that day
    late_beats: int = 0
    trends: dict[str, Trend] = field(default_factory=dict)


class Told(Struct):
    """What one destination was last told of an incident, and what of it waits.

    `group`: where its next word waits for others. `why`: what keeps that word back (budget, quiet_hours,
    night). `again`: it is to be told once more now. `call`: to be told whatever it was told. `away`: it went
    to others since.
    """

    seq: int = 0
    open: bool = False
    severity: Severity = Severity.LOW
    flapping: bool = False
    at: datetime | None = None
    again: bool = False
    call: NoticeReason | None = None
    group: str | None = None
    why: str | None = None
    away: bool = False


class Snooze(Struct):
    """Silence that a person asked for, until a time or until one of `wakes` happens (worse, back, member)."""

    until: datetime
    wakes: list[str] = field(default_factory=list)
    severity: Severity = Severity.LOW
    stuck: bool = False
    members: int = 0
    back: bool = False  # it came back since


class AidTry(Struct):
    """One remedy under way. `due`: when its effect must show; `outcome`: the station's word."""

    id: str
    policy: str
    do: str
    evse: int | None
    connector: int | None
    asked_at: datetime
    expires_at: datetime
    due: datetime
    outcome: str | None = None
    detail: str | None = None
    answered_at: datetime | None = None


class AidLedger(Struct):
    """What first aid did of late, for its limits: attempts by station and of the fleet, cool-downs by place,
    and at which stations (with the incident's key) something is under way."""

    stations: dict[str, list[datetime]] = field(default_factory=dict)
    fleet: list[datetime] = field(default_factory=list)
    cooling: dict[str, datetime] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)


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
    joined: list[str] = field(default_factory=list)  # destinations that its chain has called
    chain: str | None = None  # of the rule that routed it
    chain_of: str | None = None  # the party whose chain has begun, or need not begin any more
    driver_stuck: bool = False
    handed_to: str | None = None
    answered_for: str | None = None  # the party of who acknowledged
    flapping: bool = False
    swallowed: list[str] = field(default_factory=list)  # words held back: destination, reason, why
    fixed_due: datetime | None = None  # when it is looked whether what was fixed stays away
    aid: AidTry | None = None
    aided: dict[str, int] = field(default_factory=dict)  # policy id -> attempts
    aid_said: list[str] = field(default_factory=list)  # policies whose refusal stands in the history
    aid_again: datetime | None = None  # when the next attempt of the same policy may be made
    aid_hold: datetime | None = None  # nobody is told before, unless the outcome is known
    aid_ready: datetime | None = None  # when somebody would have been told without first aid
    weak: bool = False  # nothing but weak signs so far
    wake_at: datetime | None = None  # when speaking must look again by itself
    snooze: Snooze | None = None
    passed: list[str] = field(default_factory=list)  # windows whose letting it pass stands in the history


class HeldWindow(Struct):
    """A window that is not over. `since`: it holds, and since when; `stations` are then planned to be down.
    `due`: when it begins or ends next. `announced`: destinations of customers who were told, and of which
    stations."""

    window: Window
    due: datetime | None = None
    since: datetime | None = None
    stations: list[str] = field(default_factory=list)
    announced: dict[str, list[str]] = field(default_factory=dict)


class Ended(Struct):
    """The end of an incident that one destination still has to hear of."""

    seq: int
    severity: Severity
    safety: bool = False
    can_wait: bool = False
    imminent: bool = False


class Group(Struct):
    """Words for one destination about one place. `waiting`: incident keys; `ended`: by incident id."""

    destination: str
    due: datetime | None = None
    last_at: datetime | None = None
    waiting: dict[str, datetime] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)


class Outlet(Struct):
    """What one destination gets within an hour, and what is kept back for its digest."""

    window_at: datetime | None = None
    sent: int = 0
    held: dict[str, datetime] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    due: datetime | None = None


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
    subscriptions: dict[str, Subscription] = field(default_factory=dict)  # by id
    accepted_tokens: dict[str, datetime] = field(default_factory=dict)
    silent: dict[str, dict[str, datetime]] = field(default_factory=dict)  # site -> station -> since
    site_since: dict[str, datetime] = field(default_factory=dict)  # sites with an outage of their own
    platform_last: datetime | None = None  # when the last member of a platform outage fell silent
    platform_new: list[str] = field(default_factory=list)  # members not yet in its row
    suppliers: dict[str, dict[str, datetime]] = field(
        default_factory=dict
    )  # prefix -> silent station -> since
    supplier_last: dict[str, datetime] = field(default_factory=dict)  # when its last station fell silent
    supplier_new: dict[str, list[str]] = field(default_factory=dict)  # members not yet in its row
    cards: dict[str, CardTrail] = field(default_factory=dict)  # by token
    versions: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # make and model -> firmware -> stations
    waves: dict[str, dict[str, tuple[datetime, str]]] = field(default_factory=dict)  # wave -> station -> seen
    wave_new: dict[str, list[str]] = field(default_factory=dict)  # members not yet in its row
    awaited: dict[str, datetime] = field(default_factory=dict)  # installed, never heard: when that is told
    watch_since: datetime | None = None
    cured: dict[str, datetime] = field(
        default_factory=dict
    )  # a reset cleared it -> until when that is remembered
    groups: dict[str, Group] = field(default_factory=dict)  # by destination and place
    outlets: dict[str, Outlet] = field(default_factory=dict)  # by destination
    flaps: dict[str, list[datetime]] = field(default_factory=dict)  # key -> when it opened of late
    windows: dict[str, HeldWindow] = field(default_factory=dict)  # silences and maintenance, by id
    aid: AidLedger = field(default_factory=AidLedger)
    timers: list[tuple[datetime, str, str]] = field(default_factory=list)
