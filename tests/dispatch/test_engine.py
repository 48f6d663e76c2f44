"""The engine on a real DuckDB file: nothing lost, nothing twice, the same result after any restart."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.store import Batch, Store
from rules.core.model import (
    Connected,
    Effect,
    IncidentRow,
    NoticeReason,
    NoticeRow,
    Observation,
    StationRow,
    Status,
    StatusReported,
)
from rules.dispatch.engine import Engine
from rules.dispatch.restore import Judging
from tests.dispatch.small_judge import SmallJudge, incident, notice
from tests.sinks import wait_until

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def text(notice: NoticeRow, incident: IncidentRow) -> tuple[str, str, str]:
    return "nl", f"{notice.reason} {incident.station}", f"{incident.state} {notice.dedup_key}"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def status(store: Store, seconds: float, station: str, value: Status) -> Observation:
    return StatusReported(
        station=station, at=at(seconds), record_id=store.next_record_id(), evse=1, connector=1, status=value
    )


def story(store: Store) -> list[Observation]:
    """Three stations: one fault that is held and ends, one that ends in time, one that stays."""
    return [
        status(store, 0, "A", Status.FAULTED),
        status(store, 1, "B", Status.FAULTED),
        status(store, 3, "B", Status.AVAILABLE),
        status(store, 4, "C", Status.FAULTED),
        Connected(station="B", at=at(8), record_id=store.next_record_id()),
        status(store, 9, "A", Status.AVAILABLE),
        Connected(station="B", at=at(20), record_id=store.next_record_id()),
    ]


def submit(store: Store, observations: Sequence[Observation]) -> None:
    stored = threading.Event()
    errors: list[BaseException | None] = []

    def done(error: BaseException | None) -> None:
        errors.append(error)
        stored.set()

    store.submit(Batch(observations=list(observations)), done)
    assert stored.wait(20)
    assert errors == [None]


def engine(store: Store, clock: Clock, **more: Any) -> Engine:
    def make(state: bytes | None) -> Judging:
        return SmallJudge(state)

    return Engine(store, make, clock, text, **{"tick_s": 0.01, **more})


TABLES = {
    "notice": "SELECT dedup_key, reason, subject, body, state, created_at FROM notice ORDER BY ALL",
    "incident": "SELECT incident_id, state, opened_at, closed_at, updated_at FROM incident ORDER BY ALL",
    "event": "SELECT incident_id, n, event FROM incident_event ORDER BY ALL",
    "station": "SELECT station, first_seen_at, last_seen_at FROM station ORDER BY ALL",
}


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {name: store.sql(query).rows() for name, query in TABLES.items()}


def whole_run(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Store.open(path) as store:
        clock = Clock()
        runs = engine(store, clock)
        runs.start()
        submit(store, story(store))
        assert runs.drain()
        runs.stop()
        return contents(store)


def test_a_fault_becomes_an_incident_and_a_rendered_notice_and_its_end_another(tmp_path: Path) -> None:
    found = whole_run(tmp_path / "a.duckdb")
    assert [row[:3] for row in found["notice"]] == [
        ("A-100000-wacht-1", "first", "first A"),
        ("A-100000-wacht-2", "resolved", "resolved A"),
        ("C-100004-wacht-1", "first", "first C"),
    ]
    assert {row[4] for row in found["notice"]} == {"queued"}
    # All was judged in one go, and yet each text tells its incident as it was at that moment.
    assert [row[3].split()[0] for row in found["notice"]] == ["open", "resolved", "open"]


@pytest.mark.parametrize("stop_after", range(1, 7))
@pytest.mark.parametrize("clean", [True, False])
def test_a_stop_anywhere_gives_the_rows_of_an_undisturbed_run(
    tmp_path: Path, stop_after: int, clean: bool
) -> None:
    expected = whole_run(tmp_path / "whole.duckdb")
    path = tmp_path / "stopped.duckdb"
    clock = Clock()
    with Store.open(path) as store:
        first = engine(store, clock)
        first.start()
        told = story(store)
        submit(store, told[:stop_after])
        if clean:
            first.stop()
        else:
            assert first.drain()  # and no snapshot: as after a crash
        submit(store, told[stop_after : stop_after + 1])  # stored, and not judged by a stopped engine
    if not clean:
        first.stop()
    with Store.open(path) as store:
        second = engine(store, clock)
        second.start()
        submit(store, told[stop_after + 1 :])
        assert second.drain()
        second.stop()
        assert contents(store) == expected


def test_after_a_restart_judgement_is_told_since_when_nobody_watched(tmp_path: Path) -> None:
    clock = Clock()
    with Store.open(tmp_path / "a.duckdb") as store:
        first = engine(store, clock)
        first.start()
        submit(store, [status(store, 3, "A", Status.AVAILABLE)])
        first.drain()
        first.stop()
        assert store.sql("SELECT * FROM blind_interval").is_empty(), "the very first start was never blind"
    clock.now = at(3600)
    with Store.open(tmp_path / "a.duckdb") as store:
        second = engine(store, clock)
        second.start()
        submit(store, [status(store, 3601, "A", Status.AVAILABLE)])
        second.drain()
        second.stop()
        (row,) = store.sql("SELECT started_at, ended_at, reason FROM blind_interval").rows()
    assert row == (at(3), at(3600), "owner_down")


def test_time_alone_opens_an_incident(tmp_path: Path) -> None:
    clock = Clock()
    heard: list[set[str]] = []
    told = threading.Event()

    def on_notices(destinations: set[str]) -> None:
        heard.append(destinations)
        told.set()

    with Store.open(tmp_path / "a.duckdb") as store:
        runs = engine(store, clock, on_notices=on_notices)
        runs.start()
        submit(store, [status(store, 0, "A", Status.FAULTED)])
        runs.drain()
        assert contents(store)["notice"] == []
        clock.now = at(6)
        assert told.wait(20)
        runs.stop()
        (row,) = contents(store)["notice"]
        assert row[5] == at(5), "dated when it was due, not when the engine looked"
    assert heard == [{"wacht"}]


def test_time_stands_still_while_what_stations_said_is_yet_to_come(tmp_path: Path) -> None:
    clock, told = Clock(), threading.Event()
    asked, waits = threading.Semaphore(0), [True]

    def held() -> bool:
        asked.release()
        return waits[0]

    with Store.open(tmp_path / "a.duckdb") as store:
        runs = engine(store, clock, held=held, on_notices=lambda _: told.set())
        runs.start()
        submit(store, [status(store, 0, "A", Status.FAULTED)])
        runs.drain()
        clock.now = at(60)
        for _ in range(5):
            assert asked.acquire(timeout=20)
        assert contents(store)["notice"] == []
        # It comes late from elsewhere, and judgement is as if it had come in time.
        submit(store, [status(store, 3, "A", Status.AVAILABLE)])
        runs.drain()
        waits[0] = False
        for _ in range(5):
            assert asked.acquire(timeout=20)
        runs.stop()
        assert contents(store)["notice"] == []
    assert not told.is_set()


def test_a_rule_that_breaks_on_one_observation_does_not_stop_judgement(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Fragile(SmallJudge):
        def feed(self, obs: Observation) -> list[Effect]:
            if isinstance(obs, Connected):
                raise ZeroDivisionError
            return super().feed(obs)

    with Store.open(tmp_path / "a.duckdb") as store:
        runs = Engine(store, Fragile, Clock(), text, tick_s=0.01)
        runs.start()
        submit(store, story(store))
        assert runs.drain()
        runs.stop()
        assert [row[0] for row in contents(store)["notice"]] == [
            "A-100000-wacht-1",
            "A-100000-wacht-2",
            "C-100004-wacht-1",
        ]
        assert runs.stats().rule_errors == 2
    assert "Connected of record" in caplog.text


def test_an_effect_that_no_table_takes_does_not_hold_up_the_others(tmp_path: Path) -> None:
    class Odd(SmallJudge):
        def feed(self, obs: Observation) -> list[Effect]:
            return [*super().feed(obs), Effect()]

    with Store.open(tmp_path / "a.duckdb") as store:
        runs = Engine(store, Odd, Clock(), text, tick_s=0.01, give_up_s=0.0)
        runs.start()
        submit(store, story(store))
        assert runs.drain()
        runs.stop()
        stats = runs.stats()
        assert len(contents(store)["notice"]) == 3
    assert stats.dropped == 7
    assert stats.refused >= 1


@pytest.mark.parametrize("damage", ["every table", "one table"])
def test_nothing_is_lost_while_the_store_refuses(tmp_path: Path, damage: str) -> None:
    expected = whole_run(tmp_path / "whole.duckdb")
    tables = ["notice", "incident", "incident_event", "station"] if damage == "every table" else ["notice"]
    with Store.open(tmp_path / "a.duckdb") as store:

        def rename(kind: str) -> None:
            names = [(name, f"{name}_away") for name in tables]
            pairs = names if kind == "away" else [(after, before) for before, after in names]
            statements = ";".join(f"ALTER TABLE {before} RENAME TO {after}" for before, after in pairs)
            store.transact(lambda cursor: cursor.execute(statements))

        runs = engine(store, Clock())
        runs.start()
        rename("away")
        submit(store, story(store))
        assert wait_until(lambda: runs.stats().refused >= 4)
        rename("back")
        assert runs.drain()
        runs.stop()
        assert contents(store) == expected
        assert runs.stats().dropped == 0


def test_a_notice_whose_text_cannot_be_made_still_goes_out(tmp_path: Path) -> None:
    def broken(notice: NoticeRow, incident: IncidentRow) -> tuple[str, str, str]:
        raise KeyError("template")

    with Store.open(tmp_path / "a.duckdb") as store:
        runs = Engine(store, SmallJudge, Clock(), broken, tick_s=0.01)
        runs.start()
        submit(store, story(store))
        assert runs.drain()
        runs.stop()
        for key, _reason, subject, body, *_ in contents(store)["notice"]:
            assert subject.startswith("[Laadwacht]")
            assert key in body


def test_a_notice_about_an_incident_that_this_process_never_saw_is_told_from_the_store(
    tmp_path: Path,
) -> None:
    class Reminds(SmallJudge):
        def feed(self, obs: Observation) -> list[Effect]:
            return [notice("OLD-1", "wacht", 3, NoticeReason.WORSE, obs.at)]

    row = incident("A", START, 1)
    row.incident_id, row.members, row.evse = "OLD-1", ["A", "B"], 2
    told: list[IncidentRow] = []

    def keeps(notice: NoticeRow, found: IncidentRow) -> tuple[str, str, str]:
        told.append(found)
        return text(notice, found)

    with Store.open(tmp_path / "a.duckdb") as store:
        store.apply([row, StationRow(station="A", first_seen_at=START, last_seen_at=START)])
        runs = Engine(store, Reminds, Clock(), keeps, tick_s=0.01)
        runs.start()
        submit(store, [status(store, 0, "A", Status.FAULTED)])
        assert runs.drain()
        runs.stop()
        assert [one[2] for one in contents(store)["notice"]] == ["worse A"]
    (found,) = told
    assert (found.evidence, found.pending_at, found.evse) == (row.evidence, START, 2)
    assert (found.state, found.severity, found.owner) == (row.state, row.severity, row.owner)


def test_an_unreadable_snapshot_means_judging_everything_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = whole_run(tmp_path / "whole.duckdb")
    path = tmp_path / "a.duckdb"
    clock = Clock()
    with Store.open(path) as store:
        first = engine(store, clock)
        first.start()
        submit(store, story(store))
        first.drain()
        first.stop()
        store.apply([], cursor=7, snapshot=b'{"seen": 4}', at=at(20))
    with Store.open(path) as store:
        second = engine(store, clock)
        second.start()
        second.drain()
        second.stop()
        assert contents(store) == expected
    assert "judging all records anew" in caplog.text


def test_an_engine_tells_how_it_fares(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        runs = engine(store, Clock())
        assert not runs.stats().running
        runs.start()
        submit(store, story(store))
        assert runs.drain()
        stats = runs.stats()
        assert stats.running
        assert (stats.judged, stats.cursor, stats.queued, stats.notices) == (7, 7, 0, 3)
        runs.stop()
        assert not runs.stats().running


def test_a_thread_that_died_keeps_nothing_in_memory_and_the_next_start_judges_it(store: Store) -> None:
    class Forgetful(SmallJudge):
        def state(self) -> bytes:
            raise ValueError("cannot be saved")

    dying = Engine(store, Forgetful, Clock(), text, tick_s=0.01, snapshot_s=0.0)
    dying.start()
    submit(store, [status(store, 0, "A", Status.FAULTED)])
    assert wait_until(lambda: not dying.stats().running)
    submit(store, [status(store, 1, "B", Status.FAULTED)])
    assert not dying.drain(0.1)
    assert (dying.stats().queued, dying.stats().last_error) == (0, "ValueError: cannot be saved")
    dying.stop()
    judged: list[str] = []

    class Told(SmallJudge):
        def feed(self, obs: Observation) -> list[Effect]:
            judged.append(obs.station)
            return super().feed(obs)

    well = Engine(store, Told, Clock(), text, tick_s=0.01)
    well.start()
    well.stop()
    assert [station for station in judged if station] == ["A", "B"]
