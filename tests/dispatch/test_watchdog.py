"""The watchdog over delivery sees what is not well, and takes back what nobody sends any more."""

from __future__ import annotations

from data import outbox
from data.store import Store
from rules.core.model import IncidentState, Status
from rules.dispatch.watchdog import DeliveryHealth, Watchdog
from tests.dispatch.lanes import Clock, add, config, opening, rows, running
from tests.dispatch.small_judge import incident
from tests.dispatch.test_engine import Clock as EngineClock
from tests.dispatch.test_engine import at, engine, status, submit
from tests.sinks import http_sink, wait_until


def test_the_watchdog_names_what_is_not_well(store: Store) -> None:
    clock = Clock()
    with (
        http_sink(401) as refusing,
        http_sink() as fine,
        running(store, clock, config("ziek", refusing.url), config("goed", fine.url)) as delivery,
    ):
        assert delivery.health().ok
        add(store, *(opening(f"inc{i}", "ziek") for i in range(3)), opening("x", "weg"), opening("y", "goed"))
        delivery.wake(["ziek", "goed"])
        assert wait_until(lambda: sum(state in ("dead", "sent") for _, state, _ in rows(store)) == 4)
        assert wait_until(lambda: delivery.lanes()[0].failures_in_row == 3)
        clock.pass_s(1000)
        health = delivery.look()
    assert not health.ok
    assert health.oldest_unsent_s == 1000
    assert health.reasons == [
        "destination ziek failed 3 times in a row: HTTP 401",
        "1 notices wait for destination weg, which is not configured",
        "3 notices to ziek were given up in the last 24 hours",
    ]


def test_the_watchdog_hands_back_a_notice_whose_sender_vanished(store: Store) -> None:
    clock = Clock()
    with http_sink() as sink, running(store, clock, config("wacht", sink.url), look_every_s=0.02):
        add(store, opening())
        assert wait_until(lambda: rows(store, "state") == [("sent",)])
        add(store, opening("inc2", "elders"))
        assert outbox.claim(store, "elders", clock(), 30.0) is not None
        assert rows(store, "state") == [("sent",), ("leased",)]
        clock.pass_s(31)
        assert wait_until(lambda: rows(store, "state, last_class")[1] == ("queued", "unknown"))


def test_a_step_of_a_chain_that_time_forgot_is_told(store: Store) -> None:
    clock = Clock()
    row = incident("BE-1", clock())
    row.state, row.escalate_at = IncidentState.OPEN, clock()
    store.apply([row])
    with running(store, clock) as delivery:
        clock.pass_s(100)
        assert delivery.look().ok
        clock.pass_s(100)
        assert delivery.look().mute == ["1 steps of escalation are overdue"]


def test_only_what_no_message_could_tell_silences_the_sign_of_life(store: Store) -> None:
    clock = Clock()
    with (
        http_sink(401) as refusing,
        http_sink() as fine,
        running(store, clock, config("ziek", refusing.url), config("goed", fine.url)) as delivery,
    ):
        add(store, *(opening(f"inc{i}", "ziek") for i in range(3)))
        delivery.wake(["ziek"])
        assert wait_until(lambda: delivery.lanes()[0].failures_in_row == 3)
        assert (delivery.look().ok, delivery.look().mute) == (False, [])
        fine.mode = 401
        add(store, *(opening(f"inc{i}", "goed") for i in range(3, 6)))
        delivery.wake(["goed"])
        assert wait_until(lambda: delivery.lanes()[1].failures_in_row == 3)
        assert delivery.look().mute == ["no destination of the helpdesk accepts messages"]


def test_a_listener_that_fails_does_not_end_the_watchdog(store: Store) -> None:
    heard: list[DeliveryHealth] = []

    def failing(health: DeliveryHealth) -> None:
        heard.append(health)
        raise RuntimeError("no room for metrics")

    watchdog = Watchdog(store, Clock(), list, every_s=0.01, on_look=failing)
    watchdog.start()
    assert wait_until(lambda: len(heard) >= 2)
    watchdog.stop()


def test_a_clock_that_was_set_back_is_told_until_it_has_caught_up(store: Store) -> None:
    clock = EngineClock()
    judging = engine(store, clock)
    watchdog = Watchdog(store, clock, list, judging.stats)
    judging.start()
    submit(store, [status(store, 7200, "A", Status.AVAILABLE)])
    assert judging.drain()
    assert watchdog.look().mute == ["the clock was set back: judgement waits until 2026-11-22 12:00:00 UTC"]
    clock.now = at(7200)
    assert watchdog.look().mute == []
    judging.stop()
