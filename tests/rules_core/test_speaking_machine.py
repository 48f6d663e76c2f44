"""Whatever happens in whatever order, speaking keeps its promises: random stories, checked word by word.

The judge is the real one with its real catalogue; the machine only plays stations, people and time, restarts
it now and then, and keeps its own account of what was told, to whom, and when that was forbidden.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from rules.core.calendar.hours import parse_quiet
from rules.core.calendar.window import Matcher, Window, WindowKind
from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import (
    Asset,
    Effect,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    NoticeReason,
    NoticeRow,
    Observation,
    Status,
    StatusReported,
    Subscribed,
    UserActed,
    WindowEnded,
    WindowSet,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from tests.rules_core import helpers

STATIONS = ("GNT-1", "GNT-2", "ANT-1")
ERRORS = ("GroundFailure", "ConnectorLockFailure", "ReaderFailure", "PowerMeterFailure")
DESTINATIONS = (
    Destination(name="helpdesk", party="operator", budget_per_hour=3),
    Destination(name="volt", party="installer:Volt", budget_per_hour=2),
    Destination(name="volt-chef", party="installer:Volt", contact=2),
    Destination(name="ampere", party="installer:Ampère", quiet=(parse_quiet("18:00-08:00"),)),
)
POLICY = Policy(
    offline_min_s=86_400 * 365,
    clear_delay_s=300,
    idle_hours="07:00-19:00",
    flap_times=3,
    ack_expires_s=14_400,
    customer_wait_s=600,
)
CHAINS = """
chains:
  installer: {steps: [{wait_minutes: 30, to: installer, contact: 2}, {wait_minutes: 60, to: helpdesk}]}
contracts:
  goud: {response_minutes: 60, repair_minutes: 240}
"""
OWNERS = ("operator", "installer:Ampère", "installer:Volt", "none")
WAITS_S = (1, 20, 60, 300, 1800, 7200, 30_000, 90_000)
QUIET_AT_LAST = timedelta(days=12)
OPENINGS = {NoticeReason.FIRST, NoticeReason.REROUTED}


@cache
def rules() -> Catalog:
    return catalog_reader.parse(helpers.catalog_texts() | {"own.yaml": CHAINS}, ("own.yaml",))


def asset(name: str, installer: str = "Volt") -> Asset:
    return helpers.asset(name, installer=installer, contract="goud")


class Speaking(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = helpers.START
        self.register = {name: asset(name) for name in STATIONS}
        self.judge = self.begun(None)
        self.windows: dict[str, tuple[Window, datetime]] = {}  # and when it really ended
        self.snoozes: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        self.rows: dict[str, IncidentRow] = {}
        self.told: dict[tuple[str, str], list[NoticeReason]] = defaultdict(list)
        self.keys: set[str] = set()
        self.withheld: set[tuple[str, str]] = set()  # incident, reason of suppression
        self.taken: dict[str, datetime] = {}
        self.opened: set[str] = set()
        self.feed(
            Subscribed(
                station="",
                at=self.now,
                email="an@shop.example",
                party="Shop",
                kinds=("down", "up"),
            )
        )

    def begun(self, state: bytes | None) -> Judge:
        return Judge(rules(), self.register, POLICY, DESTINATIONS, state)

    # --- what happens -----------------------------------------------------------------

    @rule(
        station=st.sampled_from(STATIONS), error=st.sampled_from(ERRORS), lasts=st.sampled_from((0, 200, 900))
    )
    def fault(self, station: str, error: str, lasts: float) -> None:
        self.feed(self.report(station, error))
        if lasts:
            self.wait(lasts)

    @rule(station=st.sampled_from(STATIONS))
    def clear(self, station: str) -> None:
        self.feed(self.report(station, "NoError"))

    @rule(seconds=st.sampled_from(WAITS_S))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.heard(self.judge.advance(self.now))

    @rule()
    def restart(self) -> None:
        self.judge = self.begun(self.judge.state())

    @rule(
        which=st.integers(0, 5),
        action=st.sampled_from(("acknowledge", "take", "on_my_way", "fixed", "wake")),
    )
    def answer(self, which: int, action: str) -> None:
        self.act(which, action)

    @rule(
        which=st.integers(0, 5),
        owner=st.sampled_from(("operator", "installer:Ampère", "installer:Volt", "none")),
    )
    def hand_over(self, which: int, owner: str) -> None:
        self.act(which, "hand_over", owner=owner)

    @rule(which=st.integers(0, 5), side=st.sampled_from(("software", "hardware")))
    def overrule(self, which: int, side: str) -> None:
        self.act(which, "overrule", side=side)

    @rule(
        which=st.integers(0, 5),
        seconds=st.sampled_from(WAITS_S),
        wakes=st.sampled_from(((), ("worse", "back"))),
    )
    def snooze(self, which: int, seconds: float, wakes: tuple[str, ...]) -> None:
        until = self.now + timedelta(seconds=seconds)
        row = self.act(which, "snooze", until=until, wakes=wakes)
        if row is not None:
            self.snoozes[row.incident_id].append((self.now, until if not wakes else self.now))

    @rule(
        station=st.sampled_from(("*", *STATIONS)),
        kind=st.sampled_from(WindowKind),
        safety=st.booleans(),
        seconds=st.sampled_from(WAITS_S),
        ahead=st.sampled_from((0, 60)),
    )
    def silence(self, station: str, kind: WindowKind, seconds: float, ahead: float, *, safety: bool) -> None:
        starts = self.now + timedelta(seconds=ahead)
        window = Window(
            window_id=f"{kind.value[0]}{len(self.windows)}",
            kind=kind,
            matcher=Matcher(station=station),
            made_by="els",
            why="because",
            made_at=self.now,
            starts_at=starts,
            ends_at=starts + timedelta(seconds=seconds),
            safety=safety,
        )
        assert window.ends_at is not None
        self.windows[window.window_id] = (window, window.ends_at)
        self.feed(WindowSet(station="", at=self.now, window=window))

    @rule(which=st.integers(0, 3))
    def unsilence(self, which: int) -> None:
        lasting = [one for one, (_, ends) in self.windows.items() if ends > self.now]
        if lasting:
            self.end(lasting[which % len(lasting)])

    @rule(station=st.sampled_from(STATIONS), installer=st.sampled_from(("Volt", "Ampère", "Nobody")))
    def other_installer(self, station: str, installer: str) -> None:
        self.register = self.register | {station: asset(station, installer)}
        self.judge.set_register(self.register)

    # --- the account ------------------------------------------------------------------

    def report(self, station: str, error: str) -> StatusReported:
        status = Status.AVAILABLE if error == "NoError" else Status.FAULTED
        return StatusReported(
            station=station, at=self.now, evse=1, connector=1, status=status, error_code=error
        )

    def act(self, which: int, action: str, **more: object) -> IncidentRow | None:
        lasting = [row for row in self.rows.values() if row.state is not IncidentState.RESOLVED]
        if not lasting:
            return None
        row = lasting[which % len(lasting)]
        if action in ("wake", "snooze"):  # it ends the one before
            self.snoozes[row.incident_id] = [
                (since, min(until, self.now)) for since, until in self.snoozes[row.incident_id]
            ]
        self.feed(
            UserActed(
                station="",
                at=self.now,
                action=action,
                incident_id=row.incident_id,
                by="eva",
                **more,  # type: ignore[arg-type]
            )
        )
        return row

    def end(self, window_id: str) -> None:
        window, _ = self.windows[window_id]
        self.windows[window_id] = (window, self.now)
        self.feed(WindowEnded(station="", at=self.now, window_id=window_id, by="els"))

    def feed(self, observation: Observation) -> None:
        self.now += timedelta(milliseconds=1)
        self.heard(self.judge.feed(observation))

    def heard(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, IncidentRow):
                self.rows[effect.incident_id] = effect
        for effect in effects:
            if isinstance(effect, IncidentEventRow):
                self.follows(effect)
            elif isinstance(effect, NoticeRow):
                self.one(effect)

    def follows(self, event: IncidentEventRow) -> None:
        if event.event in ("acknowledged", "taken"):
            self.taken[event.incident_id] = event.at
        elif (
            event.event in ("acknowledgement_expired", "acknowledgement_ended", "handed_over")
            or "from" in event.detail
        ):
            # Whoever has it now has not answered yet.
            self.taken.pop(event.incident_id, None)
        elif event.event == "opened":
            self.opened.add(event.incident_id)
        elif event.event == "unsilenced":
            row, window = self.rows[event.incident_id], self.windows[event.detail["window"]][0]
            heard = any(words for (one, _), words in self.told.items() if one == row.incident_id)
            lasts = event.incident_id in self.opened and row.state is IncidentState.OPEN
            if not heard and lasts and row.route_party not in (None, "none"):
                assert (row.incident_id, window.reason) in self.withheld, "withheld without a row"
        elif event.event == "notice" and event.detail["reason"] == NoticeReason.ESCALATED.value:
            assert self.taken.get(event.incident_id, event.at) >= event.at, "called though somebody has it"

    def one(self, notice: NoticeRow) -> None:
        if notice.suppressed is not None:
            assert notice.dedup_key not in self.keys, "recorded twice as withheld"
            self.keys.add(notice.dedup_key)
            self.withheld.add((notice.incident_id, notice.suppressed))
            return
        assert notice.dedup_key not in self.keys, "two messages with one key"
        self.keys.add(notice.dedup_key)
        for item in notice.told:
            before = self.told[item.incident_id, notice.destination]
            assert item.seq == len(before), "the words on one incident are not counted one by one"
            if item.reason is NoticeReason.RESOLVED:
                assert before, "an end without an opening"
                assert NoticeReason.RESOLVED not in before, "two ends"
            else:
                assert NoticeReason.RESOLVED not in before, "news after the end"
                assert item.reason not in OPENINGS or not before, "a second opening"
                self.may_be_said(item.incident_id, notice)
            before.append(item.reason)

    def may_be_said(self, incident_id: str, notice: NoticeRow) -> None:
        """Strictly within a window or a snooze nothing is said; its first and last instant may
        come before or after."""
        row, at = self.rows[incident_id], notice.created_at
        passes = row.safety and not notice.party.startswith("customer:")
        for window, ends in self.windows.values():
            meant = window.matcher.station in ("*", row.station) and (window.safety or not passes)
            assert not (meant and window.starts_at < at < ends), f"told under {window.window_id}"
        for since, until in self.snoozes[incident_id]:
            assert not since < at < until, "told while snoozed"

    def hushed(self, row: IncidentRow) -> list[str]:
        """The windows that lasted for as long as it was open, and longer."""
        if row.opened_at is None or row.closed_at is None:
            return []
        return [
            window.reason
            for window, ends in self.windows.values()
            if window.matcher.station in ("*", row.station)
            and (window.safety or not row.safety)
            and window.starts_at < row.opened_at
            and row.closed_at < ends
        ]

    # --- the end ----------------------------------------------------------------------

    def teardown(self) -> None:
        """Everything clears, every silence ends, nobody holds anything: then no word is left unsaid."""
        for name in list(self.windows):
            if self.windows[name][1] > self.now:
                self.end(name)
        for station in STATIONS:
            self.feed(self.report(station, "NoError"))
        for _ in range(3):  # a restart must not lose what waits
            self.judge = self.begun(self.judge.state())
            self.now += QUIET_AT_LAST
            self.heard(self.judge.advance(self.now))
        for row in self.rows.values():
            assert row.state is IncidentState.RESOLVED, f"{row.fault} never ends"
            for reason in self.hushed(row):
                if row.route_party not in (None, "none"):
                    assert (row.incident_id, reason) in self.withheld, f"withheld by {reason} without a row"
        for (incident_id, name), words in self.told.items():
            assert words[-1] is NoticeReason.RESOLVED, f"{name} was left with {words} of {incident_id}"


TestSpeaking = Speaking.TestCase
TestSpeaking.settings = settings(
    max_examples=80,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
