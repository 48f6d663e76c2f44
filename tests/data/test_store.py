"""What the store promises: stored before told, in order, once, and nothing half."""

from __future__ import annotations

import threading
from datetime import timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from data.rows import UnfitRow
from data.store import Batch, FrameRow, Store, StoreClosed
from rules.core.model import (
    BlindRow,
    FindingSeen,
    Heartbeat,
    IncidentEventRow,
    IntervalRow,
    LinkRow,
    Observation,
    SessionRow,
    StationRow,
    Status,
    StatusReported,
)
from tests.data.rows import NOON, after, frame, heard, incident, link, notice, replayed, seen, submit_and_wait


def test_a_batch_is_told_done_when_its_rows_can_be_read(store: Store) -> None:
    assert submit_and_wait(store, heard(1)) == [None]
    row = store.sql("SELECT * FROM frame").row(0, named=True)
    assert row["station"] == "BE-1"
    assert row["received_at"] == after(1)
    assert row["received_at"].utcoffset() == timedelta(0)


def test_an_instant_in_another_zone_is_stored_as_utc(store: Store) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=2)))
    row = FrameRow(record_id=1, received_at=local, station="s", direction="in", raw="x")
    assert submit_and_wait(store, Batch(frames=[row])) == [None]
    assert store.sql("SELECT received_at FROM frame").item(0, 0) == NOON


def test_subscribers_hear_everything_in_commit_order_after_the_commit(store: Store) -> None:
    heard_records: list[int] = []
    stored_then: list[int] = []

    def listen(observations: list[Observation]) -> None:
        heard_records.extend(observation.record_id for observation in observations)
        stored_then.append(store.sql("SELECT count(*) FROM frame").item(0, 0))

    store.subscribe(listen)
    submit_and_wait(store, *[heard(number) for number in range(1, 200)])
    store.transact(lambda cursor: None)
    assert heard_records == list(range(1, 200))
    assert stored_then[-1] == 199


def test_many_threads_submit_and_nothing_is_lost(store: Store) -> None:
    def work() -> None:
        results = submit_and_wait(store, *[heard(store.next_record_id()) for _ in range(100)])
        assert results == [None] * 100

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.sql("SELECT count(*), count(DISTINCT record_id) FROM frame").row(0) == (800, 800)
    assert store.stats().committed_rows == 1600


def test_one_unfit_row_fails_alone_and_its_neighbours_are_stored(store: Store) -> None:
    unfit = FrameRow(record_id=2, received_at=NOON, station=None, direction="in", raw="x")  # type: ignore[arg-type]
    hold = threading.Event()
    blocker = threading.Thread(target=lambda: store.transact(lambda cursor: hold.wait(10)))
    blocker.start()
    threading.Timer(0.1, hold.set).start()
    results = submit_and_wait(store, heard(1), Batch(frames=[unfit]), heard(3))
    blocker.join()
    assert results[0] is None
    assert isinstance(results[1], UnfitRow)
    assert results[2] is None
    assert store.sql("SELECT record_id FROM frame ORDER BY 1")["record_id"].to_list() == [1, 3]


def test_a_failing_callback_does_not_stop_the_writer(store: Store) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a mistake of the caller")

    store.submit(heard(1), broken)
    assert submit_and_wait(store, heard(2)) == [None]
    assert store.stats().failed_callbacks == 1


def test_record_ids_go_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht.duckdb"
    with Store.open(path) as store:
        last = [store.next_record_id() for _ in range(5)][-1]
        submit_and_wait(store, heard(last))
    with Store.open(path) as store:
        assert store.next_record_id() == last + 1


def test_closing_writes_what_is_queued(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht.duckdb"
    store = Store.open(path)
    for number in range(1, 1001):
        store.submit(heard(number))
    store.close()
    store.close()
    with Store.open(path) as again:
        assert again.sql("SELECT count(*) FROM frame").item(0, 0) == 1000


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "laadwacht.duckdb")
    store.close()
    assert isinstance(submit_and_wait(store, heard(1))[0], StoreClosed)
    with pytest.raises(StoreClosed):
        store.submit(heard(1))
    with pytest.raises(StoreClosed):
        store.transact(lambda cursor: None)
    with pytest.raises(StoreClosed):
        store.sql("SELECT 1")


def test_a_failed_transaction_leaves_nothing_behind(store: Store) -> None:
    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(
            "INSERT INTO blind_interval VALUES (TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-02', 'x')"
        )
        raise KeyError("changed my mind")

    with pytest.raises(KeyError):
        store.transact(job)
    assert store.sql("SELECT * FROM blind_interval").is_empty()
    assert submit_and_wait(store, heard(1)) == [None]


def test_a_subscriber_may_write_by_itself(store: Store) -> None:
    store.subscribe(lambda observations: store.apply([incident()]))
    submit_and_wait(store, heard(1))
    store.transact(lambda cursor: None)
    assert len(store.sql("SELECT * FROM incident")) == 1


def test_an_imported_record_is_stored_once_and_judged_once(store: Store) -> None:
    heard_records: list[int] = []
    store.subscribe(lambda seen: heard_records.extend(one.record_id for one in seen))
    big = 2**64 - 1
    submit_and_wait(store, heard(1, import_key=7), heard(2, import_key=big), heard(3, import_key=7))
    submit_and_wait(store, heard(4, import_key=big), heard(5, import_key=8))
    store.transact(lambda cursor: None)
    assert heard_records == [1, 2, 5]
    assert store.sql("SELECT record_id FROM frame ORDER BY 1")["record_id"].to_list() == [1, 2, 5]
    assert store.stats().skipped_imports == 2


def test_a_replay_gives_what_was_heard_live_in_the_same_order(store: Store) -> None:
    live: list[Observation] = []
    store.subscribe(live.extend)
    status = StatusReported(
        station="BE-1", at=after(2), record_id=2, evse=1, connector=1, status=Status.FAULTED, station_at=NOON
    )
    finding = FindingSeen(station="BE-1", at=after(2), record_id=2, finding="timestamp_late")
    submit_and_wait(
        store,
        heard(1),
        Batch(frames=[frame(2)], observations=[status, finding]),
        Batch(links=[link(3)]),
        heard(4, "BE-2"),
    )
    store.transact(lambda cursor: None)
    assert replayed(store) == live
    assert replayed(store, 2) == [seen(4, "BE-2")]
    assert replayed(store, 4) == []


def test_a_heartbeat_is_in_its_frame_and_comes_back_as_that_proof_of_life(store: Store) -> None:
    submit_and_wait(
        store,
        Batch(frames=[frame(1)], observations=[Heartbeat(station="BE-1", at=after(1), record_id=1)]),
    )
    assert store.sql("SELECT count(*) FROM observation").item() == 0
    assert replayed(store) == [seen(1)]


def test_frames_to_a_station_are_no_proof_of_life_in_a_replay(store: Store) -> None:
    out = FrameRow(record_id=1, received_at=NOON, station="BE-1", direction="out", raw="[3]")
    submit_and_wait(store, Batch(frames=[out]))
    assert replayed(store) == []


def all_kinds() -> list[object]:
    return [
        StationRow(
            station="BE-1", first_seen_at=NOON, last_seen_at=after(9), connected=True, heartbeat_s=300
        ),
        IntervalRow(station="BE-1", evse=1, connector=1, started_at=NOON, status=Status.FAULTED),
        LinkRow(station="BE-1", started_at=NOON, state="online"),
        BlindRow(started_at=NOON, ended_at=after(60), reason="owner_down"),
        SessionRow(session_id="s1", station="BE-1", started_at=NOON, energy_wh=12.5),
        incident(members=["BE-1", "BE-2"], suppression=["silence"]),
        IncidentEventRow(incident_id="inc-1", n=1, at=NOON, event="opened", detail={"why": "é"}),
        notice(),
    ]


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    tables = ("station", "state_interval", "link_interval", "blind_interval", "session", "incident")
    more = ("incident_event", "notice")
    return {table: store.sql(f"SELECT * FROM {table}").rows() for table in tables + more}


def test_applying_effects_again_changes_nothing(store: Store) -> None:
    texts = {"inc-1:helpdesk:1": ("nl", "onderwerp", "tekst")}
    store.apply(all_kinds(), rendered=texts)  # type: ignore[arg-type]
    once = dump(store)
    assert all(len(rows) == 1 for rows in once.values())
    for _ in range(3):
        store.apply(all_kinds(), rendered=texts)  # type: ignore[arg-type]
    assert dump(store) == once


def test_of_several_effects_on_one_row_the_last_counts(store: Store) -> None:
    rows = [incident(count=number, members=[str(number)] * number) for number in range(1, 6)]
    store.apply(rows)
    store.apply([incident(count=7), incident(count=9, members=["x"])])
    found = store.sql("SELECT count, members FROM incident")
    assert found.rows() == [(9, ["x"])]


def test_a_notice_and_an_event_once_written_are_left_alone(store: Store) -> None:
    store.apply([notice(), IncidentEventRow(incident_id="inc-1", n=1, at=NOON, event="opened")])
    store.transact(lambda cursor: cursor.execute("UPDATE notice SET state = 'sent'"))
    store.apply([notice(), IncidentEventRow(incident_id="inc-1", n=1, at=NOON, event="other")])
    assert store.sql("SELECT state FROM notice").item(0, 0) == "sent"
    assert store.sql("SELECT event FROM incident_event").item(0, 0) == "opened"


def test_a_suppressed_notice_is_kept_and_never_queued(store: Store) -> None:
    store.apply([notice(suppressed="maintenance")])
    assert store.sql("SELECT state, suppressed FROM notice").row(0) == ("suppressed", "maintenance")


def test_effects_and_snapshot_are_written_together_or_not_at_all(store: Store) -> None:
    store.apply([incident()], cursor=5, snapshot=b"five", at=after(5))
    broken = incident("inc-2")
    broken.fault = None  # type: ignore[assignment]
    with pytest.raises(duckdb.ConstraintException):
        store.apply([broken, incident("inc-3")], cursor=6, snapshot=b"six", at=after(6))
    assert store.snapshot() == (5, after(5), b"five")
    assert store.sql("SELECT incident_id FROM incident")["incident_id"].to_list() == ["inc-1"]
    store.apply([], cursor=7, snapshot=b"seven", at=after(7))
    assert store.snapshot() == (7, after(7), b"seven")


def test_without_a_snapshot_there_is_none(store: Store) -> None:
    assert store.snapshot() is None


def test_a_naive_instant_is_refused_where_it_would_be_guessed(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.apply([], cursor=1, snapshot=b"x", at=NOON.replace(tzinfo=None))


def test_a_row_no_column_takes_is_set_aside_told_and_holds_up_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    # The right kind, so the journal takes it; but the column has 8 bits.
    odd = FrameRow(record_id=2, received_at=NOON, station="BE-1", direction="in", raw="x", type=4_000)
    assert submit_and_wait(store, heard(1), Batch(frames=[odd]), heard(3)) == [None, None, None]
    assert store.sql("SELECT record_id FROM frame ORDER BY 1")["record_id"].to_list() == [1, 3]
    assert store.stats().unfit_rows == 1
    assert "fits no table" in caplog.text
    assert "4000" in caplog.text


def test_a_row_with_a_naive_instant_is_refused_and_others_are_stored(store: Store) -> None:
    naive = FrameRow(
        record_id=1, received_at=NOON.replace(tzinfo=None), station="BE-1", direction="in", raw="x"
    )
    assert isinstance(submit_and_wait(store, Batch(frames=[naive]))[0], UnfitRow)
    assert submit_and_wait(store, heard(2)) == [None]
