"""Stops, crashes and starts of delivery: nothing lost, one marked duplicate at most, nothing too early."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from data.store import Store
from rules.dispatch.apprise_target import DUPLICATE_HEADER, KEY_HEADER
from tests.dispatch.lanes import Clock, add, config, opening, real_time, resolve, rows, running
from tests.sinks import http_sink, wait_until

ROOT = Path(__file__).resolve().parents[2]


def test_kill_between_send_and_mark_gives_exactly_one_duplicate_marked_as_such(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with http_sink() as sink:
        command = [sys.executable, "-m", "tests.dispatch.crash_sender", str(database), sink.url]
        died = subprocess.run(command, check=False, capture_output=True, timeout=60, cwd=ROOT)
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


def test_the_lanes_are_daemons_so_that_a_hung_receiver_cannot_keep_the_process(store: Store) -> None:
    with http_sink() as sink, running(store, Clock(), config("wacht", sink.url)):
        mine = [t for t in threading.enumerate() if t.name in ("lane-wacht", "watchdog")]
        assert len(mine) == 2
        assert all(thread.daemon for thread in mine)
