"""Delivery with real lanes, a real database, the real Apprise and real receivers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data import outbox
from data.store import Store
from rules.core.model import NoticeReason, NoticeRow
from rules.dispatch.apprise_target import DUPLICATE_HEADER, KEY_HEADER, AppriseTarget, Kind
from rules.dispatch.delivery import Delivery
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.outbox import Lane, Sent
from tests.dispatch.small_judge import notice
from tests.sinks import closed_port, http_sink, silent_sink, smtp_sink, wait_until

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def real_time() -> datetime:
    return datetime.now(UTC)


def mark_duplicate(language: str, subject: str, body: str) -> tuple[str, str]:
    return f"(mogelijk dubbel) {subject}", f"Mogelijk dubbel ({language}).\n\n{body}"


def config(name: str, url: str, timeout_s: float = 10.0) -> DestinationConfig:
    return DestinationConfig(name=name, party="operator", url=url, timeout_s=timeout_s)


def add(store: Store, *notices: NoticeRow) -> None:
    store.apply(
        list(notices),
        rendered={one.dedup_key: ("nl", f"{one.reason} {one.incident_id}", "Wat: x") for one in notices},
    )


def opening(incident: str = "inc1", destination: str = "wacht") -> NoticeRow:
    return notice(incident, destination, 1, NoticeReason.FIRST, START)


def resolve(incident: str = "inc1", destination: str = "wacht") -> NoticeRow:
    return notice(incident, destination, 2, NoticeReason.RESOLVED, START)


def rows(store: Store, columns: str = "dedup_key, state, last_class") -> list[tuple[Any, ...]]:
    return store.sql(f"SELECT {columns} FROM notice ORDER BY dedup_key").rows()


def one_lane(store: Store, clock: Clock, url: str, timeout_s: float = 10.0, **more: Any) -> Lane:
    target = AppriseTarget(config("wacht", url, timeout_s))
    return Lane("wacht", target, store, clock, timeout_s=timeout_s, mark_duplicate=mark_duplicate, **more)


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.duckdb") as store:
        yield store


@contextmanager
def running(
    store: Store, clock: Callable[[], datetime], *configs: DestinationConfig, **more: Any
) -> Iterator[Delivery]:
    delivery = Delivery(store, configs, clock, mark_duplicate, **{"settle_s": 0.0, **more})
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop(wait_s=0.5)


def test_an_opening_and_its_resolve_arrive_in_order_by_web_and_by_mail(store: Store) -> None:
    with http_sink() as web, smtp_sink() as mail:
        configs = [config("wacht", web.url), config("werf", mail.url)]
        with running(store, Clock(), *configs) as delivery:
            add(store, opening(), opening(destination="werf"))
            delivery.wake(["wacht", "werf"])
            assert web.wait_for(1)
            assert mail.wait_for(1)
            add(store, resolve(), resolve(destination="werf"))
            delivery.wake(["wacht", "werf"])
            assert web.wait_for(2)
            assert mail.wait_for(2)
            assert wait_until(lambda: all(row[1] == "sent" for row in rows(store)))
    assert [request.json()["title"] for request in web.requests] == ["first inc1", "resolved inc1"]
    assert [str(one.message["Subject"]) for one in mail.mails] == ["first inc1", "resolved inc1"]
    assert [request.headers[KEY_HEADER] for request in web.requests] == ["inc1-wacht-1", "inc1-wacht-2"]


@pytest.mark.parametrize("bad", ["hang", "trickle", "drop", 500, 401, 307])
def test_a_bad_destination_does_not_delay_another(store: Store, bad: int | str) -> None:
    clock = Clock()
    with http_sink(bad, trickle_s=0.05) as troubled, http_sink() as healthy, silent_sink() as silent:
        configs = [
            config("ziek", troubled.url, 5.0),
            config("stil", silent.url, 5.0),
            config("dicht", f"json://127.0.0.1:{closed_port()}/", 5.0),
            config("wacht", healthy.url),
        ]
        with running(store, clock, *configs) as delivery:
            names = [one.name for one in configs]
            add(store, *(opening(f"inc{i}", name) for i in range(5) for name in names))
            delivery.wake(names)
            assert healthy.wait_for(5), "the healthy lane waited for a sick one"
            sending = {lane.destination for lane in delivery.lanes() if lane.sending_s is not None}
            if bad in ("hang", "trickle"):
                assert "ziek" in sending, "its own lane is where it hangs"
            assert wait_until(
                lambda: all(state == "sent" for key, state, _ in rows(store) if "-wacht-" in key)
            )


@pytest.mark.parametrize(
    ("mode", "state", "kind", "code"),
    [
        (200, "sent", "sent", None),
        (401, "dead", "permanent", 401),
        (307, "dead", "permanent", 307),
        (500, "queued", "transient", 500),
        ("hang", "queued", "unknown", None),
        ("drop", "queued", "unknown", None),
    ],
)
def test_each_outcome_is_written_with_its_class(
    store: Store, mode: int | str, state: str, kind: str, code: int | None
) -> None:
    with http_sink(mode) as sink:
        add(store, opening())
        assert one_lane(store, Clock(), sink.url, timeout_s=1.0).step()
    assert rows(store, "state, last_class, last_code, attempts") == [(state, kind, code, 1)]


def test_a_failing_destination_is_tried_again_later_and_then_gets_both_in_order(store: Store) -> None:
    clock = Clock()
    with http_sink(500) as sink:
        lane = one_lane(store, clock, sink.url)
        add(store, opening())
        assert lane.step()
        assert not lane.step(), "not before its backoff"
        clock.pass_s(37)
        assert lane.step()
        assert not lane.step()
        sink.mode = 200
        clock.pass_s(73)
        assert lane.step()
        add(store, resolve())
        assert lane.step()
        assert not lane.step()
    assert [r.headers[KEY_HEADER] for r in sink.requests] == ["inc1-wacht-1"] * 3 + ["inc1-wacht-2"]
    assert not any(DUPLICATE_HEADER in r.headers for r in sink.requests), "a refusal leaves no doubt"
    assert rows(store, "state, attempts") == [("sent", 3), ("sent", 1)]


def test_a_resolve_comes_to_nothing_when_its_opening_was_never_accepted(store: Store) -> None:
    clock = Clock()
    with http_sink(500) as sink:
        lane = one_lane(store, clock, sink.url)
        add(store, opening())
        lane.step()
        add(store, resolve())
        sink.mode = 200
        clock.pass_s(3600)
        assert not lane.step()
        assert len(sink.requests) == 1
    assert rows(store, "state") == [("superseded",), ("superseded",)]


def test_a_retry_after_a_time_out_says_that_it_may_be_a_duplicate_until_it_is_sent(store: Store) -> None:
    clock = Clock()
    with http_sink("hang") as sink:
        lane = one_lane(store, clock, sink.url, timeout_s=1.0)
        add(store, opening())
        for mode in ("hang", 500, 200):
            sink.mode = mode
            assert lane.step()
            clock.pass_s(3600)
        first, second, third = sink.requests
    assert DUPLICATE_HEADER not in first.headers
    for again in (second, third):
        assert again.headers[KEY_HEADER] == "inc1-wacht-1"
        assert again.headers[DUPLICATE_HEADER] == "yes"
        assert again.json()["title"] == "(mogelijk dubbel) first inc1"
        assert again.json()["message"].startswith("Mogelijk dubbel (nl).")


def test_a_notice_is_given_up_after_a_day_and_no_resolve_follows_it(store: Store) -> None:
    clock = Clock()
    with http_sink(503) as sink:
        lane = one_lane(store, clock, sink.url)
        add(store, opening())
        tries = 0
        while rows(store)[0][1] == "queued":
            if lane.step():
                tries += 1
            clock.pass_s(600)
        assert clock.now - START < timedelta(hours=25)
        assert 24 <= tries <= 40
        add(store, resolve())
        sink.mode = 200
        assert not lane.step()
    assert rows(store, "state") == [("dead",), ("superseded",)]


def undelivered(language: str, to: str, detail: str, subject: str, body: str) -> tuple[str, str]:
    return f"({language}: niet bezorgd aan {to}) {subject}", f"{detail}\n\n{body}"


def test_what_cannot_be_delivered_goes_to_the_helpdesk_and_so_does_its_end(store: Store) -> None:
    with http_sink(401) as werf, http_sink() as desk:
        installer = DestinationConfig(name="werf", party="installer:Volt", url=werf.url)
        configs = [installer, config("wacht", desk.url)]
        with running(store, Clock(), *configs, undelivered=undelivered) as delivery:
            add(store, opening(destination="werf"))
            delivery.wake(["werf"])
            assert desk.wait_for(1)
            add(store, resolve(destination="werf"))
            delivery.wake(["werf"])
            assert desk.wait_for(2)
            assert wait_until(
                lambda: [row[1] for row in rows(store)] == ["dead", "sent", "superseded", "sent"]
            )
        assert len(werf.requests) == 1
    first, second = desk.requests
    assert first.json()["title"] == "(nl: niet bezorgd aan werf) first inc1"
    assert first.json()["message"].startswith("HTTP 401")
    assert first.headers[KEY_HEADER] == "inc1-werf-1~wacht"
    assert second.json()["title"] == "resolved inc1"


def test_what_the_helpdesk_itself_cannot_get_is_not_sent_in_circles(store: Store) -> None:
    with http_sink(401) as werf, http_sink(401) as desk:
        installer = DestinationConfig(name="werf", party="installer:Volt", url=werf.url)
        with running(
            store, Clock(), installer, config("wacht", desk.url), undelivered=undelivered
        ) as delivery:
            add(store, opening(destination="werf"), opening("inc2", "wacht"))
            delivery.wake(["werf", "wacht"])
            assert wait_until(lambda: [row[1] for row in rows(store)] == ["dead"] * 3)
    assert (len(werf.requests), len(desk.requests)) == (1, 2)


def test_kill_between_send_and_mark_gives_exactly_one_duplicate_marked_as_such(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with http_sink() as sink:
        command = [sys.executable, "-m", "tests.dispatch.crash_sender", str(database), sink.url]
        died = subprocess.run(command, check=False, capture_output=True, timeout=60)
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
        assert len(sink.requests) == 1
        with Store.open(database) as store:
            assert rows(store) == [("inc1-wacht-1", "leased", None)]
            with running(store, real_time, config("wacht", sink.url)):
                assert sink.wait_for(2)
                assert wait_until(lambda: rows(store) == [("inc1-wacht-1", "sent", "sent")])
        with Store.open(database) as store:  # and a third owner has nothing left to do
            with running(store, real_time, config("wacht", sink.url)) as again:
                assert wait_until(lambda: all(lane.running for lane in again.lanes()))
            assert rows(store, "attempts") == [(2,)]
    first, second = sink.requests
    assert first.headers[KEY_HEADER] == second.headers[KEY_HEADER] == "inc1-wacht-1"
    assert DUPLICATE_HEADER not in first.headers
    assert second.headers[DUPLICATE_HEADER] == "yes"
    assert first.json()["title"] == "Aardfout"
    assert second.json()["title"] == "(mogelijk dubbel) Aardfout"


def test_stopping_during_a_hung_send_is_quick_and_the_next_owner_sends_it_marked(tmp_path: Path) -> None:
    with http_sink("hang") as sink:
        with Store.open(tmp_path / "a.duckdb") as store:
            add(store, opening())
            with running(store, Clock(), config("wacht", sink.url, 100.0)) as delivery:
                assert sink.wait_for(1)
                delivery.stop(wait_s=0.1)
            assert rows(store) == [("inc1-wacht-1", "leased", None)]
        sink.mode = 200
        with (
            Store.open(tmp_path / "a.duckdb") as store,
            running(store, Clock(), config("wacht", sink.url)),
        ):
            assert sink.wait_for(2)
            assert wait_until(lambda: rows(store) == [("inc1-wacht-1", "sent", "sent")])
    assert sink.requests[1].headers[DUPLICATE_HEADER] == "yes"


def test_nothing_leaves_before_the_settle_window_is_over(store: Store) -> None:
    with http_sink() as sink:
        add(store, opening())
        with running(store, Clock(), config("wacht", sink.url), settle_s=3600.0) as delivery:
            delivery.wake(["wacht"])
            assert wait_until(lambda: delivery.lanes()[0].running)
            add(store, resolve())
        with running(store, Clock(), config("wacht", sink.url)):
            assert wait_until(lambda: {row[1] for row in rows(store)} == {"superseded"})
    assert sink.requests == []


def test_a_destination_that_fails_in_a_row_is_asked_rarely(store: Store) -> None:
    with http_sink(500) as sink:
        with running(store, Clock(), config("wacht", sink.url)) as delivery:
            add(store, *(opening(f"inc{i}") for i in range(20)))
            delivery.wake(["wacht"])
            assert wait_until(lambda: delivery.lanes()[0].failures_in_row >= 3)
            delivery.wake(["wacht"])
        assert len(sink.requests) == 3


def test_what_was_sent_is_told_to_the_metrics(store: Store) -> None:
    told: list[Sent] = []
    clock = Clock()
    clock.pass_s(2)
    with http_sink() as sink:
        add(store, opening())
        one_lane(store, clock, sink.url, on_sent=told.append).step()
    (sent,) = told
    assert (sent.destination, sent.kind, sent.state, sent.latency_s) == ("wacht", Kind.SENT, "sent", 2.0)
    assert sent.took_s > 0


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


def test_no_secret_of_a_destination_reaches_log_or_database(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    secret = "s3kr3t-t0ken"
    with http_sink(401) as sink:
        url = f"json://user:{secret}@127.0.0.1:{sink.port}/{secret}?+X-Token={secret}"
        add(store, opening(), opening("inc2"))
        lane = one_lane(store, Clock(), url)
        lane.step()
        sink.mode = "drop"
        lane.step()
    stored = str(
        store.sql("SELECT * FROM notice").rows() + store.sql("SELECT * FROM destination_health").rows()
    )
    assert secret not in caplog.text + stored + str(lane.stats())
    assert "HTTP 401" in caplog.text


def test_the_lanes_are_daemons_so_that_a_hung_receiver_cannot_keep_the_process(store: Store) -> None:
    with http_sink() as sink, running(store, Clock(), config("wacht", sink.url)):
        mine = [t for t in threading.enumerate() if t.name in ("lane-wacht", "watchdog")]
        assert len(mine) == 2
        assert all(thread.daemon for thread in mine)
