"""The same observations give the same effects, however they are cut up, saved, restored or waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.core.calendar.hours import parse_quiet
from rules.core.calendar.recurrence import Cron, Once
from rules.core.calendar.window import Matcher, Window, WindowKind
from rules.core.judge import Judge
from rules.core.model import (
    Authorised,
    BackEndMalformed,
    BackEndTrouble,
    Blind,
    BootAnswered,
    Booted,
    CallErrored,
    CommandAnswered,
    CommandSent,
    CommandUnanswered,
    Connected,
    Disconnected,
    Effect,
    EventReported,
    Heartbeat,
    MeterRead,
    Observation,
    Seen,
    SessionAccepted,
    SessionEnded,
    SessionStarted,
    SessionUpdated,
    Status,
    StatusReported,
    UserActed,
    WindowEnded,
    WindowSet,
)
from rules.core.policy import Policy
from rules.core.state import JudgeState
from tests.rules_core import helpers
from tests.rules_core.helpers import DESTINATIONS

STATIONS = [f"{site}-{n}" for site in ("GNT", "ANT", "LEU") for n in (1, 2, 3)] + ["XYZ"]
POLICY = Policy(offline_min_s=120, default_heartbeat_s=30, clear_delay_s=90, group_wait_s=20)
# Everything that keeps words back or repeats them.
SPARING = Policy(
    offline_min_s=120,
    default_heartbeat_s=30,
    clear_delay_s=90,
    group_wait_s=20,
    group_interval_s=100,
    budget_per_hour=2,
    remind_critical_s=20_000,
    remind_high_s=30_000,
    remind_medium_s=40_000,
    remind_low_s=90_000,
    ack_expires_s=25_000,
    service_hours="11:00-11:20",
    idle_hours="11:00-11:20",
)
QUIET = tuple(
    replace(one, quiet=(parse_quiet("11:10-12:05"),)) if one.name == "helpdesk" else one
    for one in helpers.DESTINATIONS
)
REGISTER = helpers.register(*[s for s in STATIONS if s != "XYZ"]) | {
    "NEW-1": helpers.asset("NEW-1", installed_on="2026-11-01")
}
ERRORS = ("NoError", "GroundFailure", "ConnectorLockFailure", "OtherError", "EVCommunicationError", None)
TOKENS = ("a", "b", "c")


def _one(dice: Random, base: dict[str, Any]) -> Observation:
    """Any observation about one station."""
    c = dice.randint(0, 2)
    token = dice.choice(TOKENS)
    makers: list[Callable[[], Observation]] = [
        lambda: Heartbeat(**base),
        lambda: Connected(**base),
        lambda: Disconnected(**base, replaced=dice.random() < 0.3),
        lambda: Seen(**base, direction=dice.choice(("in", "out"))),
        lambda: Booted(**base, make="Zaptec", reason="PowerUp"),
        lambda: Booted(
            **base,
            make="Alfen",
            model="NG910",
            firmware=dice.choice(("6.4.0", "6.5.0")),
            imsi=dice.choice(("206010000000001", "206100000000001")),
        ),
        lambda: BootAnswered(**base, status=dice.choice(("Accepted", "Rejected", "Pending")), interval_s=30),
        lambda: StatusReported(
            **base, evse=c, connector=c, status=dice.choice(list(Status)), error_code=dice.choice(ERRORS)
        ),
        lambda: EventReported(
            **base, evse=c, component="RCD", variable="Tripped", cleared=dice.random() < 0.5
        ),
        lambda: Authorised(**base, token=token, outcome=dice.choice(("Accepted", "Invalid", "Blocked"))),
        lambda: SessionStarted(**base, evse=c, connector=c, message_id=f"m{c}", token=token, meter_wh=10.0),
        lambda: SessionAccepted(**base, message_id=f"m{c}", ref=str(c)),
        lambda: MeterRead(**base, evse=c, connector=c, energy_wh=dice.uniform(0, 9000)),
        lambda: MeterRead(
            **base,
            station_at=base["at"] - timedelta(seconds=dice.choice((0, 3600, 3601))),
            evse=c,
            connector=c,
            ref=str(c),
            energy_wh=dice.choice((5.0, 5000.0)),
            power_w=dice.choice((0.0, 7000.0)),
            temperature_c=dice.choice((None, 70.0)),
        ),
        lambda: SessionUpdated(**base, ref=str(c), evse=c),
        *_modern(dice, base, c),
        lambda: SessionEnded(**base, ref=str(c), meter_wh=20.0),
        lambda: CallErrored(**base, direction="out", code="InternalError", action="Authorize"),
        lambda: CommandSent(**base, action="GetConfiguration", message_id="q"),
        lambda: CommandSent(**base, action=dice.choice(("Reset", "ChangeConfiguration")), message_id="r"),
        lambda: CommandAnswered(**base, action="Reset", message_id="r", status="Accepted"),
        lambda: CommandAnswered(
            **base, action="UnlockConnector", message_id="u", status="Unlocked", waited_s=dice.uniform(0, 9)
        ),
        lambda: CommandAnswered(
            **base, action="", message_id="x", status=dice.choice(("Accepted", "Rejected"))
        ),
        lambda: CommandSent(
            **base, action="RemoteStartTransaction", message_id="s", about=token, evse=c, connector=c
        ),
        lambda: CommandAnswered(
            **base,
            action="RemoteStartTransaction",
            message_id="s",
            status=dice.choice(("Accepted", "Rejected")),
        ),
        lambda: CommandUnanswered(**base),
        lambda: BackEndMalformed(**base, action="Authorize", problems=("idTagInfo: missing",)),
        lambda: BackEndTrouble(**base, event=dice.choice(("slow", "refused")), action="Heartbeat"),
        lambda: EventReported(
            **base, component="DataLink", variable="RSSI", value=str(-dice.randint(60, 120))
        ),
    ]
    return dice.choice(makers)()


def _modern(dice: Random, base: dict[str, Any], c: int) -> list[Callable[[], Observation]]:
    """What only stations of OCPP 2.x tell: transactions by name, what they do there, problems by event."""
    told = {**base, "station_at": base["at"] - timedelta(seconds=dice.choice((0, 200, 3600)))}
    states = ("Charging", "SuspendedEVSE", "SuspendedEV", "EVConnected", None)
    return [
        lambda: StatusReported(
            **told,
            evse=c,
            connector=1,
            status=dice.choice((Status.OCCUPIED, Status.FAULTED, Status.AVAILABLE)),
        ),
        lambda: SessionStarted(
            **told, ref=dice.choice("xy"), evse=dice.choice((None, c)), offline=dice.random() < 0.3
        ),
        lambda: SessionUpdated(
            **told,
            ref=dice.choice("xy"),
            evse=dice.choice((None, c)),
            connector=1,
            charging_state=dice.choice(states),
            trigger=dice.choice((None, "EVCommunicationLost", "AbnormalCondition")),
        ),
        lambda: SessionEnded(
            **told,
            ref=dice.choice("xy"),
            reason=dice.choice(("Local", "GroundFault", "EVDisconnected")),
            meter_wh=dice.choice((None, 5000.0)),
        ),
        lambda: EventReported(
            **base,
            evse=dice.choice((None, c)),
            component=dice.choice(("PowerContactor", "ISO15118Ctrlr", "security")),
            variable=dice.choice(("Problem", "InvalidMessages")),
            cleared=dice.random() < 0.4,
        ),
        lambda: CommandSent(**base, action="RequestStopTransaction", message_id="t", about=dice.choice("xy")),
        lambda: CommandAnswered(
            **base,
            action="RequestStopTransaction",
            message_id="t",
            status=dice.choice(("Accepted", "Rejected")),
        ),
    ]


def _quiet(dice: Random, now: datetime) -> Observation:
    """Somebody makes a silence or plans work, or ends one."""
    window_id = dice.choice("abc")
    if dice.random() < 0.3:
        return WindowEnded(station="", at=now, window_id=window_id, by="eva")
    return WindowSet(
        station="",
        at=now,
        window=Window(
            window_id=window_id,
            kind=dice.choice(list(WindowKind)),
            matcher=Matcher(site=dice.choice(("GNT", "*")), fault=dice.choice((None, "*offline"))),
            made_by="eva",
            why="works",
            made_at=now,
            starts_at=now + timedelta(seconds=dice.choice((0, 60))),
            ends_at=now + timedelta(seconds=dice.choice((90, 900))),
            recurrence=dice.choice((Once(), Cron(line="*/3 * * * *", minutes=2))),
        ),
    )


def _log(dice: Random, length: int) -> list[Observation]:
    """A log in order of receipt, with pauses long enough for every deadline."""
    found: list[Observation] = []
    now = helpers.START
    pauses = dice.choice(((0, 0.5, 3, 25, 60, 131, 400), (0, 1, 60, 400, 1300, 4000, 90_000)))
    for n in range(length):
        now += timedelta(seconds=dice.choice(pauses))
        if dice.random() < 0.05:
            since = max(found[-1].at if found else helpers.START, now - timedelta(seconds=200))
            found.append(Blind(station="", at=now, since=since))
            continue
        if dice.random() < 0.05:
            found.append(_quiet(dice, now))
            continue
        found.append(_one(dice, {"station": dice.choice(STATIONS), "at": now, "record_id": n + 1}))
    return found


# A seed and a length: hypothesis looks for the log that breaks it, and shrinks to the shortest.
logs = st.builds(lambda seed, length: _log(Random(seed), length), st.integers(0, 2**32), st.integers(1, 90))


def _acts(judged: list[Effect], log: list[Observation]) -> list[Observation]:
    """The log with people acting on the first incidents that it gives."""
    acts: list[Observation] = []
    for n, identity in enumerate(helpers.incidents(judged)):
        action, owner = (
            ("acknowledge", None),
            ("snooze", None),
            ("hand_over", "operator"),
            ("overrule", "installer"),
        )[n % 4]
        acts.append(
            UserActed(
                station="",
                at=log[-1].at,
                action=action,
                incident_id=identity,
                by="eva",
                owner=owner,
                side="hardware",
                until=log[-1].at + timedelta(seconds=300),
                wakes=("worse", "back", "member"),
            )
        )
    return [*log, *acts[:5]]


@settings(max_examples=80, deadline=None)
@given(logs, st.integers(0, 2**32), st.booleans())
def test_the_same_log_in_any_chunking_with_saves_and_waits_gives_the_same_effects(
    log: list[Observation], seed: int, sparing: bool
) -> None:
    def new(state: bytes | None = None) -> Judge:
        return (
            Judge(helpers.real_catalog(), REGISTER, SPARING, QUIET, state)
            if sparing
            else helpers.judge(REGISTER, POLICY, state)
        )

    end = log[-1].at + timedelta(seconds=2000)
    dice = Random(seed)
    first = new()
    log = _acts(helpers.feed(first, log), log)
    plain = new()
    expected = helpers.feed(plain, log) + plain.advance(end)

    other = new()
    found: list[Effect] = []
    for n, obs in enumerate(log):
        found += other.feed(obs)
        following = log[n + 1] if n + 1 < len(log) else None
        limit = (
            end if following is None else following.since if isinstance(following, Blind) else following.at
        )
        if limit > obs.at and dice.random() < 0.5:
            part = dice.random()
            found += other.advance(obs.at + (limit - obs.at) * part)
        if dice.random() < 0.2:
            other = new(other.state())
    found += other.advance(end)

    assert found == expected
    saved = [msgspec.msgpack.decode(one.state(), type=JudgeState) for one in (plain, other)]
    assert saved[0] == saved[1]


@settings(max_examples=60, deadline=None)
@given(logs, st.booleans())
def test_every_end_was_begun_and_everything_begun_ends_for_each_destination(
    log: list[Observation], sparing: bool
) -> None:
    judge = Judge(
        helpers.real_catalog(), REGISTER, SPARING if sparing else POLICY, QUIET if sparing else DESTINATIONS
    )
    effects = helpers.feed(judge, log) + judge.advance(log[-1].at + timedelta(days=3))
    open_at: set[tuple[str, str]] = set()
    for effect in effects:
        if type(effect).__name__ != "NoticeRow" or effect.suppressed is not None:  # type: ignore[attr-defined]
            continue
        for item in effect.told:
            who = (item.incident_id, effect.destination)
            if item.reason == "resolved":
                assert who in open_at
                open_at.remove(who)
            else:
                open_at.add(who)
    over = {row.incident_id for row in helpers.incidents(effects).values() if row.closed_at is not None}
    assert not [who for who in open_at if who[0] in over]


@settings(max_examples=60, deadline=None)
@given(logs)
def test_there_is_never_more_than_one_live_incident_of_a_key(log: list[Observation]) -> None:
    judge = helpers.judge(REGISTER, POLICY)
    live: dict[str, str] = {}
    for effect in helpers.feed(judge, log):
        if type(effect).__name__ != "IncidentRow":
            continue
        if effect.state == "resolved":  # type: ignore[attr-defined]
            live.pop(effect.key, None)  # type: ignore[attr-defined]
        else:
            assert live.setdefault(effect.key, effect.incident_id) == effect.incident_id  # type: ignore[attr-defined]


def test_feeding_does_not_change_what_was_emitted_before() -> None:
    judge = helpers.judge()
    faulted = StatusReported(
        station="S-1",
        at=helpers.at(0),
        evse=1,
        connector=1,
        status=Status.FAULTED,
        error_code="GroundFailure",
    )
    early = judge.feed(faulted)
    row = next(iter(helpers.incidents(early).values()))
    before = replace(row)
    judge.feed(replace(faulted, at=helpers.at(5), status=Status.AVAILABLE, error_code="NoError"))
    assert row == before
