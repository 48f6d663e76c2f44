"""Who hears what, when: groups, reminders, the budget and its digest, quiet hours, the night, snoozes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from rules.core.calendar.hours import parse_quiet
from rules.core.calendar.service_hours import next_closing, parse
from rules.core.calendar.window import Matcher, Window, WindowKind
from rules.core.judge import Judge
from rules.core.model import (
    Effect,
    Heartbeat,
    NoticeRow,
    Observation,
    SessionAccepted,
    SessionStarted,
    Status,
    StatusReported,
    UserActed,
    WindowSet,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from tests.rules_core import helpers
from tests.rules_core.helpers import at

LOCK, CRITICAL_SAFETY, MEDIUM = "ConnectorLockFailure", "GroundFailure", "ReaderFailure"
QUIET_STATIONS = Policy(offline_min_s=864_000, clear_delay_s=60)
SPARED_NIGHTS = Policy(offline_min_s=864_000, clear_delay_s=60, idle_hours="07:00-19:00")
NIGHT = 15 * 3600.0  # 01:00 UTC, 02:00 in Brussels


def report(
    seconds: float, error: str = MEDIUM, station: str = "GNT-1", status: Status | None = None
) -> StatusReported:
    return StatusReported(
        station=station,
        at=at(seconds),
        evse=1,
        connector=1,
        status=status or (Status.AVAILABLE if error == "NoError" else Status.FAULTED),
        error_code=error,
    )


def judge(
    stations: Sequence[str] = ("GNT-1", "GNT-2", "ANT-1"),
    policy: Policy = QUIET_STATIONS,
    destinations: Sequence[Destination] = helpers.DESTINATIONS,
    state: bytes | None = None,
) -> Judge:
    return Judge(helpers.real_catalog(), helpers.register(*stations), policy, destinations, state)


def sent(effects: Sequence[Effect]) -> list[NoticeRow]:
    return [one for one in effects if isinstance(one, NoticeRow) and one.suppressed is None]


def told(effects: Sequence[Effect]) -> list[tuple[str, str, int, float]]:
    """(destination, reason, incidents in it, seconds since the start) of each message to the installer."""
    return [
        (one.destination, one.reason.value, len(one.told), (one.created_at - helpers.START).total_seconds())
        for one in sent(effects)
        if one.destination == "volt"
    ]


def play(one: Judge, until: float, *observations: Observation) -> list[Effect]:
    return helpers.feed(one, observations) + one.advance(at(until))


def act(effects: Sequence[Effect], action: str, seconds: float, **more: object) -> UserActed:
    row = next(iter(helpers.incidents(effects).values()))
    return UserActed(
        station="",
        at=at(seconds),
        action=action,
        incident_id=row.incident_id,
        by="eva",
        **more,  # type: ignore[arg-type]
    )


def silence(since: float, until: float, window_id: str = "s1", **more: object) -> WindowSet:
    """Of everything, made at its beginning."""
    window = Window(
        window_id=window_id,
        kind=WindowKind.SILENCE,
        matcher=Matcher(station="*"),
        made_by="els",
        why="because",
        made_at=at(since),
        starts_at=at(since),
        ends_at=at(until),
        **more,  # type: ignore[arg-type]
    )
    return WindowSet(station="", at=at(since), window=window)


# --- groups -----------------------------------------------------------------------------


def test_faults_at_one_site_within_a_minute_are_one_message_and_the_gravest_leads() -> None:
    one = judge()
    effects = play(one, 600, report(0), report(10, LOCK, "GNT-2"), report(20, station="ANT-1"))
    messages = sent(effects)
    assert [(m.destination, len(m.told)) for m in messages] == [("volt", 2), ("volt", 1)]
    rows = helpers.incidents(effects)
    assert [rows[item.incident_id].fault for item in messages[0].told] == [
        "connector.lock",
        "station.card_reader",
    ]
    assert messages[0].dedup_key == f"{messages[0].incident_id}:volt:0"


def test_what_comes_later_waits_for_the_interval_since_the_last_message() -> None:
    one = judge()
    effects = play(one, 1000, report(0), report(200, LOCK, "GNT-2"))
    first, second = (message[3] for message in told(effects))
    assert second - first == QUIET_STATIONS.group_interval_s


def test_what_comes_and_goes_between_two_messages_is_never_told() -> None:
    one = judge(policy=Policy(offline_min_s=864_000, clear_delay_s=0))
    effects = play(one, 3000, report(0), report(200, LOCK, "GNT-2"), report(330, "NoError", "GNT-2"))
    assert [rows.closed_at is not None for rows in helpers.incidents(effects).values()] == [False, True]
    assert [message[1:3] for message in told(effects)] == [("first", 1)]


def test_safety_goes_at_once_and_alone() -> None:
    one = judge()
    effects = play(one, 300, report(0), report(5, CRITICAL_SAFETY, "GNT-2"))
    assert told(effects)[0] == ("volt", "first", 1, 5.0)
    assert len(told(effects)) == 2


def test_ends_share_a_message() -> None:
    names = ("GNT-1", "GNT-2", "GNT-3")
    one = judge(names)
    began = [report(n, station=name) for n, name in enumerate(names)]
    ended = [report(900 + n, "NoError", name) for n, name in enumerate(names)]
    assert [message[1:3] for message in told(play(one, 3000, *began, *ended))] == [
        ("first", 3),
        ("resolved", 3),
    ]


# --- reminders --------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "every_s"), [(CRITICAL_SAFETY, 3600), (LOCK, 14_400), (MEDIUM, 86_400)])
def test_an_open_incident_is_told_again_by_its_severity(error: str, every_s: float) -> None:
    one = judge()
    messages = told(play(one, every_s * 2 + 500, report(0, error)))
    assert [message[1] for message in messages] == ["first", "reminder", "reminder"]
    assert messages[1][3] - messages[0][3] == messages[2][3] - messages[1][3] == every_s


def test_an_acknowledgement_stops_reminders_until_it_expires() -> None:
    one = judge()
    began = play(one, 100, report(0, CRITICAL_SAFETY))
    after = play(one, 86_500, act(began, "acknowledge", 100))
    row = list(helpers.incidents(after).values())[-1]
    assert [message[1:] for message in told(after)] == [("reminder", 1, 86_500.0)]
    assert row.acknowledged_at is None


def test_a_reminder_under_a_silence_is_recorded_as_withheld_and_told_at_its_end() -> None:
    one = judge()
    effects = play(one, 40_000, report(0, LOCK), silence(7200, 36_000))
    assert [(message[1], message[3]) for message in told(effects)] == [
        ("first", 180.0),
        ("reminder", 36_060.0),
    ]
    assert ("volt", "reminder", "silence:s1") in helpers.withheld(effects)
    row = next(
        one for one in effects if isinstance(one, NoticeRow) and one.suppressed and one.destination == "volt"
    )
    assert row.created_at == at(180 + 14_400)


def test_a_reminder_under_a_snooze_is_recorded_as_withheld_and_told_when_it_ends() -> None:
    one = judge()
    effects = play(one, 600, report(0, LOCK))
    effects += play(one, 40_000, act(effects, "snooze", 7200, until=at(36_000)))
    assert [(message[1], message[3]) for message in told(effects)] == [
        ("first", 180.0),
        ("reminder", 36_000.0),
    ]
    assert ("volt", "reminder", "snoozed") in helpers.withheld(effects)


def test_a_restart_neither_brings_a_reminder_forward_nor_forgets_it() -> None:
    one = judge()
    play(one, 1800, report(0, CRITICAL_SAFETY))
    again = judge(state=one.state())
    assert told(again.advance(at(3599))) == []
    assert [message[1:] for message in told(again.advance(at(3700)))] == [("reminder", 1, 3600.0)]


# --- budget -----------------------------------------------------------------------------

SITES = [f"S{n:02d}-1" for n in range(8)]


def test_what_is_over_the_budget_comes_in_one_digest() -> None:
    one = judge(SITES, Policy(offline_min_s=864_000, clear_delay_s=60, budget_per_hour=3))
    effects = play(one, 600, *(report(n, station=name) for n, name in enumerate(SITES)))
    assert [message[1:3] for message in told(effects)] == [("first", 1)] * 3
    held = [row for row in helpers.incidents(effects).values() if row.suppression == ["budget"]]
    assert len(held) == 5
    effects += one.advance(at(8000))
    assert [message[1:3] for message in told(effects)] == [("first", 1)] * 3 + [("digest", 5)]
    assert not any(row.suppression for row in helpers.incidents(effects).values())


def test_safety_is_outside_the_budget_and_ends_of_what_was_told_are_not_lost() -> None:
    one = judge(SITES, Policy(offline_min_s=864_000, clear_delay_s=60, budget_per_hour=2))
    effects = play(one, 900, *(report(n, station=name) for n, name in enumerate(SITES[:3])))
    effects += play(one, 1000, report(901, CRITICAL_SAFETY, SITES[7]))
    assert told(effects)[-1] == ("volt", "first", 1, 901.0)
    effects = play(one, 9000, *(report(1001 + n, "NoError", name) for n, name in enumerate(SITES[:3])))
    # The third was never told, so neither is its end; those of the others come together.
    assert [message[1:3] for message in told(effects)] == [("resolved", 2), ("reminder", 1), ("reminder", 1)]


# --- hours ------------------------------------------------------------------------------


def with_quiet(*entries: str) -> list[Destination]:
    quiet = tuple(parse_quiet(entry) for entry in entries)
    return [Destination(name="volt", party="installer:Volt", quiet=quiet)]


def test_quiet_hours_keep_words_for_one_message_at_their_end() -> None:
    one = judge(destinations=with_quiet("10:30-13:00"))  # the start is 11:00 in Brussels
    effects = play(one, 1000, report(0), report(5, station="ANT-1"))
    assert told(effects) == []
    assert all(row.suppression == ["quiet_hours"] for row in helpers.incidents(effects).values())
    assert told(one.advance(at(10_000))) == [("volt", "digest", 2, 7200.0)]


@pytest.mark.parametrize(
    ("entry", "error", "passes"),
    [
        ("10:30-13:00", CRITICAL_SAFETY, True),
        ("10:30-13:00", LOCK, True),  # a driver may be stuck
        ("low: 10:30-13:00", MEDIUM, True),
        ("low+medium: 10:30-13:00", MEDIUM, False),
        ("medium: Sa-Su 10:30-13:00", MEDIUM, True),  # it is a Monday
    ],
)
def test_what_quiet_hours_let_through(entry: str, error: str, passes: bool) -> None:
    one = judge(destinations=with_quiet(entry))
    assert bool(told(play(one, 1000, report(0, error)))) is passes


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-28T22:30", "2026-03-29T05:00"),  # the night in which the clock goes forward
        ("2026-10-24T22:30", "2026-10-25T06:00"),  # and the one in which it goes back
        ("2026-07-01T02:00", "2026-07-01T05:00"),
    ],
)
def test_seven_in_the_morning_is_seven_on_the_wall(now: str, end: str) -> None:
    hours = parse("22:00-07:00")
    found = next_closing(hours, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_an_idle_fault_at_night_waits_for_the_hours_that_are_set_for_it() -> None:
    one = judge(policy=SPARED_NIGHTS)
    effects = play(one, NIGHT + 1000, report(NIGHT))
    assert told(effects) == []
    assert [row.suppression for row in helpers.incidents(effects).values()] == [["night"]]
    assert told(one.advance(at(NIGHT + 30_000))) == [("volt", "first", 1, NIGHT + 5 * 3600)]


def test_a_fault_under_a_charging_car_wakes_the_installer_and_says_why() -> None:
    one = judge(policy=SPARED_NIGHTS)
    base = {"station": "GNT-1"}
    effects = play(
        one,
        NIGHT + 1000,
        SessionStarted(
            **base, at=at(NIGHT - 60), evse=1, connector=1, message_id="m", token="a", meter_wh=0.0
        ),
        SessionAccepted(**base, at=at(NIGHT - 60), message_id="m", ref="7"),
        report(NIGHT - 50, "NoError", status=Status.CHARGING),
        report(NIGHT),
    )
    assert [message[1] for message in told(effects)] == ["first"]
    assert [row.driver_stuck for row in helpers.incidents(effects).values()] == [True]


# --- snooze -----------------------------------------------------------------------------


def test_a_snooze_is_silent_until_its_time_and_then_tells_once_more() -> None:
    one = judge()
    began = play(one, 100, report(0, CRITICAL_SAFETY))
    after = play(one, 7000, act(began, "snooze", 120, until=at(7200), wakes=("worse", "back")))
    assert told(after) == []
    assert list(helpers.incidents(after).values())[-1].suppression == ["snoozed"]
    assert [message[1] for message in told(one.advance(at(7500)))] == ["reminder"]


def test_a_snooze_ends_when_the_fault_comes_back() -> None:
    one = judge()
    began = play(one, 1000, report(0, LOCK))
    after = play(one, 3000, act(began, "snooze", 1001, until=at(80_000), wakes=("back",)))
    after += play(one, 3500, report(3001, "NoError"), report(3030, LOCK))
    assert [message[1] for message in told(after)] == ["reminder"]
    assert list(helpers.incidents(after).values())[-1].snoozed_until is None


@pytest.mark.parametrize("until", [50.0, 40 * 86_400.0])
def test_a_snooze_that_is_over_or_without_end_is_refused(until: float) -> None:
    one = judge()
    began = play(one, 100, report(0, CRITICAL_SAFETY))
    after = play(one, 200, act(began, "snooze", 120, until=at(until)))
    assert list(helpers.incidents(began + after).values())[-1].snoozed_until is None


def test_an_end_passes_a_snooze() -> None:
    one = judge()
    began = play(one, 100, report(0, CRITICAL_SAFETY))
    after = play(one, 3000, act(began, "snooze", 120, until=at(80_000)), report(200, "NoError"))
    assert [message[1] for message in told(after)] == ["resolved"]


# --- flapping ---------------------------------------------------------------------------


def test_a_hundred_flaps_are_two_messages_a_digest_a_day_and_one_end() -> None:
    one = judge(policy=Policy(offline_min_s=864_000, clear_delay_s=600, hold_scale=0))
    flaps: list[Observation] = []
    for n in range(100):
        began = n * 200.0 if n < 10 else 2000.0 + (n - 10) * 1000.0
        flaps += [report(began, LOCK), report(began + 100, "NoError")]
    effects = play(one, 200_000, *flaps)
    lock = next(row for row in helpers.incidents(effects).values() if row.fault == "connector.lock")
    reasons = [
        item.reason.value
        for message in sent(effects)
        if message.destination == "volt"
        for item in message.told
        if item.incident_id == lock.incident_id
    ]
    assert reasons == ["first", "flapping", "digest", "resolved"]
    assert lock.count == 100


def test_a_restart_with_children_of_a_site_outage_tells_none_of_them() -> None:
    names = [f"GNT-{n}" for n in range(1, 6)]
    policy = Policy(default_heartbeat_s=60)
    one = judge(names, policy)
    effects = play(one, 420, *(Heartbeat(station=name, at=at(n)) for n, name in enumerate(names)))
    assert len(helpers.incidents(effects)) == 6
    restored = judge(names, policy, state=one.state())
    messages = sent(effects + restored.advance(at(2000)))
    rows = helpers.incidents(effects)
    assert [rows[item.incident_id].scope.value for one in messages for item in one.told] == ["site"]
