"""Delivery with real lanes, a real database, the real Apprise and real receivers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from data.store import Store
from rules.dispatch.apprise_target import DUPLICATE_HEADER, KEY_HEADER
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.outbox import Sent
from rules.dispatch.outcome import Kind
from tests.dispatch.lanes import (
    START,
    Clock,
    add,
    config,
    one_lane,
    opening,
    resolve,
    rows,
    running,
    undelivered,
)
from tests.sinks import closed_port, http_sink, silent_sink, smtp_sink, wait_until


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
        (200, "sent", "sent", 200),
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


def test_a_destination_that_fails_in_a_row_is_asked_rarely(store: Store) -> None:
    with http_sink(500) as sink:
        with running(store, Clock(), config("wacht", sink.url)) as delivery:
            add(store, *(opening(f"inc{i}") for i in range(20)))
            delivery.wake(["wacht"])
            assert wait_until(lambda: delivery.lanes()[0].failures_in_row >= 3)
            delivery.wake(["wacht"])
        assert len(sink.requests) == 3


def test_a_notice_without_words_still_goes_out(store: Store) -> None:
    with http_sink() as sink:
        store.apply([opening()])
        assert one_lane(store, Clock(), sink.url).step()
    assert sink.requests[0].json()["title"] == "[Laadwacht] first #inc1"
    assert "inc1-wacht-1" in sink.requests[0].json()["message"]


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
