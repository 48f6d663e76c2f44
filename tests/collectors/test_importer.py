"""A recorded log goes in once, is judged at its own clock and leaves live judgement alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.decode.privacy import Pseudonymiser
from collectors.logs.importer import ImportReport, import_log, judges
from collectors.logs.logfile import read_log, records_of
from data.catalog_files import load_catalog
from data.rows import Batch
from data.store import Store
from rules.core.model import Asset, Connected, Observation, StationRow
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from tests.corpus_log import cases, log_lines, log_of

CATALOG = load_catalog()
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
KEY = Pseudonymiser(b"k" * 32)
HELPDESK = Destination(name="helpdesk", party="operator")
REGISTER = {"S1": Asset(station="S1", site="Site", installer="Volta", connectors=1)}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def frame(seconds: float, raw: object, direction: str = "in", station: str = "S1") -> dict[str, Any]:
    return {"t": at(seconds), "station": station, "dir": direction, "raw": raw}


def link(seconds: float, event: str, station: str = "S1") -> dict[str, Any]:
    return {"t": at(seconds), "station": station, "event": event, "version": "1.6"}


def status(seconds: float, state: str, code: str = "NoError", n: int = 0) -> dict[str, Any]:
    payload = {"connectorId": 1, "status": state, "errorCode": code}
    return frame(seconds, [2, f"s{seconds}-{n}", "StatusNotification", payload])


def fault_log() -> list[dict[str, Any]]:
    """A ground failure that lasts ten minutes, and quiet heartbeats after it."""
    boot = {"chargePointVendor": "Alfen BV", "chargePointModel": "NG910"}
    return [
        link(0, "connected"),
        frame(1, [2, "b", "BootNotification", boot]),
        frame(1.1, [3, "b", {"status": "Accepted", "interval": 60, "currentTime": at(1)}], "out"),
        status(60, "Available"),
        status(120, "Faulted", "GroundFailure"),
        *(frame(120 + 60 * n, [2, f"g{n}", "Heartbeat", {}]) for n in range(1, 10)),
        status(720, "Available"),
        *(frame(720 + 60 * n, [2, f"h{n}", "Heartbeat", {}]) for n in range(1, 40)),
    ]


def take(
    store: Store, rows: Iterable[dict[str, Any]], *, own_past: bool = False, tell: bool = False
) -> ImportReport:
    make = judges(CATALOG, REGISTER, Policy(), [HELPDESK], tell=tell)
    return import_log(records_of(rows), store, KEY, make, own_past=own_past)


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    return store.sql(sql).rows()


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    tables = (
        "frame",
        "link",
        "observation",
        "session",
        "incident",
        "incident_event",
        "state_interval",
        "station",
    )
    return {table: sorted(rows(store, f"SELECT * FROM {table}"), key=repr) for table in tables}


def test_a_log_becomes_frames_intervals_and_a_resolved_incident_at_the_times_of_the_log(store: Store) -> None:
    report = take(store, fault_log())
    assert (report.read, report.stored, report.already_there, report.bad) == (54, 54, 0, 0)
    assert report.stations == 1
    assert (report.first, report.last) == (START, START + timedelta(seconds=720 + 60 * 39))
    assert rows(store, "SELECT count(*) FROM frame") == [(53,)]
    (incident,) = rows(store, "SELECT fault, side, owner, state, pending_at, suppression FROM incident")
    assert incident[:4] == ("electrical.ground", "hardware", "installer", "resolved")
    assert incident[4] == START + timedelta(seconds=120)
    assert incident[5] == ["imported"]


def test_the_same_log_again_adds_nothing_and_changes_nothing(store: Store) -> None:
    take(store, fault_log())
    before = everything(store)
    again = take(store, fault_log())
    assert (again.read, again.stored, again.already_there) == (54, 0, 54)
    assert everything(store) == before


def test_a_log_that_has_grown_adds_what_is_new_and_judges_it_with_what_came_before(store: Store) -> None:
    log = fault_log()
    assert take(store, log[:5]).stored == 5
    assert rows(store, "SELECT state FROM incident") == [("open",)]
    grown = take(store, log)
    assert (grown.stored, grown.already_there) == (49, 5)
    assert rows(store, "SELECT fault, state FROM incident") == [("electrical.ground", "resolved")]
    known = rows(store, "SELECT evidence FROM incident")[0][0]
    evidence = {entry.get("record_id") for entry in json.loads(known)} - {None}
    stored = {
        number for (number,) in rows(store, "SELECT record_id FROM frame UNION SELECT record_id FROM link")
    }
    assert evidence <= stored


def test_identical_records_of_one_instant_are_each_kept_and_still_added_once(store: Store) -> None:
    twice = [frame(1, [2, "h", "Heartbeat", {}])] * 2
    assert take(store, twice).stored == 2
    assert take(store, twice).stored == 0
    assert rows(store, "SELECT count(*), count(DISTINCT import_key) FROM frame") == [(2, 2)]


def test_a_file_that_holds_the_log_twice_covers_the_log(store: Store) -> None:
    log = fault_log()
    make = judges(CATALOG, REGISTER, Policy(), [])
    text = b"".join(json.dumps(row).encode() + b"\n" for row in log)
    whole = import_log(read_log([text, text]), store, KEY, make)
    # Put in order, both copies of a record stand at one instant: two records, as far as anybody can tell.
    assert (whole.read, whole.stored) == (108, 108)
    assert import_log(read_log([text]), store, KEY, make).stored == 0


def test_the_way_a_time_is_written_does_not_make_it_another_record(store: Store) -> None:
    take(store, [frame(0, [2, "h", "Heartbeat", {}])])
    other = {**frame(0, [2, "h", "Heartbeat", {}]), "t": "2026-03-01T09:00:00.000+01:00"}
    assert take(store, [other]).already_there == 1


def test_a_log_that_was_pseudonymised_before_is_the_same_log(store: Store) -> None:
    token = frame(1, [2, "a", "Authorize", {"idTag": "04AABBCC"}])
    take(store, [token])
    (raw,) = rows(store, "SELECT raw FROM frame")[0]
    assert "04AABBCC" not in raw
    assert take(store, [frame(1, json.loads(raw))]).already_there == 1


def test_bad_lines_are_counted_told_by_number_and_do_not_stop_the_import(store: Store) -> None:
    good = [json.dumps(row) for row in fault_log()]
    text = "\n".join([good[0], "not json", *good[1:], '{"t":"2026-01-01T00:00:00Z"}']).encode()
    report = import_log(read_log([text]), store, KEY, judges(CATALOG, REGISTER, Policy(), []))
    assert (report.stored, report.bad) == (54, 2)
    assert [bad.line for bad in report.bad_lines] == [2, 56]


def test_what_is_wrong_at_the_end_of_a_log_gets_its_hold_time_and_stays_open(store: Store) -> None:
    take(store, fault_log()[:5])
    assert rows(store, "SELECT state, closed_at FROM incident") == [("open", None)]
    ended = START + timedelta(seconds=120)
    assert rows(store, "SELECT state, ended_at FROM link_interval") == [("online", ended)]
    assert rows(store, "SELECT status, ended_at FROM state_interval ORDER BY started_at DESC LIMIT 1") == [
        ("faulted", ended)
    ]
    assert rows(store, "SELECT connected FROM station") == [(None,)]


def test_a_silence_within_the_log_is_an_outage_by_the_log_s_own_clock(store: Store) -> None:
    log = [*fault_log()[:4], *(frame(7200 + 60 * n, [2, f"h{n}", "Heartbeat", {}]) for n in range(30))]
    take(store, log)
    found = rows(store, "SELECT fault, state FROM incident")
    assert found == [("station.offline", "resolved")]
    (offline,) = rows(store, "SELECT started_at, ended_at FROM link_interval WHERE state = 'offline'")
    assert list(offline) == [
        START + timedelta(seconds=60),
        START + timedelta(seconds=7200),
    ]


def test_notices_of_an_import_are_kept_back_unless_asked_for(store: Store) -> None:
    take(store, fault_log())
    told = rows(store, "SELECT state, suppressed FROM notice")
    assert all(row == ("suppressed", "imported") for row in told)


def test_notices_of_an_import_are_queued_when_asked_for(store: Store) -> None:
    take(store, fault_log()[:5], tell=True)
    assert ("queued", None) in rows(store, "SELECT state, suppressed FROM notice")


def test_live_judgement_hears_nothing_of_an_import_now_or_after_a_restart(store: Store) -> None:
    heard: list[Observation] = []
    store.subscribe(heard.extend)
    live = Connected(station="LIVE", at=START, record_id=store.next_record_id())
    store.submit(Batch(observations=[live]), None)
    take(store, fault_log())
    store.transact(lambda cursor: None)
    assert heard == [live]
    assert [seen for batch in store.observations_after(0) for seen in batch] == [live]
    assert store.snapshot() is None


def test_an_old_log_of_a_live_station_leaves_what_is_known_of_it_and_is_closed_at_its_end(
    store: Store,
) -> None:
    now = START + timedelta(days=30)
    known = StationRow(station="S1", first_seen_at=now, last_seen_at=now, make="Alfen BV", connected=True)
    store.apply([known])
    take(store, fault_log()[:5])
    (row,) = rows(store, "SELECT first_seen_at, last_seen_at, connected FROM station")
    assert row[0] == START
    assert row[1] == now
    assert row[2] is True
    ended = START + timedelta(seconds=120)
    (incident,) = rows(store, "SELECT state, closed_at FROM incident")
    assert (incident[0], incident[1] >= ended) == ("resolved", True)
    assert rows(store, "SELECT count(*) FROM state_interval WHERE ended_at IS NULL") == [(0,)]
    assert rows(store, "SELECT count(*) FROM link_interval WHERE ended_at IS NULL") == [(0,)]
    assert ("log_ended",) in rows(store, "SELECT event FROM incident_event")


def test_a_log_that_is_our_own_past_becomes_the_state_that_judgement_goes_on_from(store: Store) -> None:
    take(store, fault_log()[:5], own_past=True)
    saved = store.snapshot()
    assert saved is not None
    cursor, judged_until, state = saved
    assert judged_until == START + timedelta(seconds=120)
    assert cursor == rows(store, "SELECT max(record_id) FROM frame")[0][0]
    judge = judges(CATALOG, REGISTER, Policy(), [])(state)
    later = Connected(station="S1", at=judged_until + timedelta(seconds=1), record_id=cursor + 1)
    assert judge.feed(later) is not None
    rest = take(store, fault_log(), own_past=True)
    assert (rest.stored, rest.already_there) == (49, 5)
    assert rows(store, "SELECT state FROM incident") == [("resolved",)]


def test_own_past_gives_the_same_rows_as_the_log_taken_apart(store: Store, tmp_path_factory: Any) -> None:
    take(store, fault_log())
    with Store.open(tmp_path_factory.mktemp("other") / "laadwacht.duckdb") as other:
        take(other, fault_log(), own_past=True)
        for table, columns in {
            "incident": "incident_id, state, opened_at, closed_at",
            # The last state goes on in our own past, and ends with a log taken apart.
            "state_interval": "* EXCLUDE (ended_at)",
            "frame": "* EXCLUDE (record_id)",
        }.items():
            sql = f"SELECT {columns} FROM {table} ORDER BY ALL"
            assert rows(store, sql) == rows(other, sql)


def test_a_log_older_than_what_was_judged_cannot_be_our_own_past(store: Store) -> None:
    take(store, fault_log(), own_past=True)
    older = [{**row, "t": (START - timedelta(days=1)).isoformat()} for row in fault_log()[:1]]
    with pytest.raises(ValueError, match="import it apart"):
        take(store, older, own_past=True)
    assert take(store, older).stored == 1


def test_a_record_far_out_of_order_is_stored_at_its_time_and_counted(store: Store) -> None:
    many = [frame(10 + n * 0.01, [2, f"h{n}", "Heartbeat", {}]) for n in range(21_000)]
    report = take(store, [*many, frame(0, [2, "late", "Heartbeat", {}])])
    assert (report.read, report.late) == (21_001, 1)
    assert rows(store, "SELECT received_at FROM frame WHERE message_id = 'late'") == [(START,)]


def test_an_empty_log_is_no_mistake(store: Store) -> None:
    assert take(store, []) == ImportReport()


def test_progress_is_told_and_ends_with_the_report(store: Store) -> None:
    told: list[ImportReport] = []
    make = judges(CATALOG, REGISTER, Policy(), [])
    report = import_log(records_of(fault_log()), store, KEY, make, progress=told.append)
    assert told[-1] == report


def test_every_real_trace_goes_in_whole(store: Store) -> None:
    every = cases()
    assert len(every) == 52
    make = judges(CATALOG, {}, Policy(), [HELPDESK])
    report = import_log(read_log(log_lines(every)), store, KEY, make)
    frames = sum(len(case["frames"]) for case in every)
    assert frames == 460
    assert report.bad == 0
    assert report.stations == 52
    assert rows(store, "SELECT count(*) FROM frame") == [(frames,)]
    for case in every:
        assert rows(store, f"SELECT count(*) FROM frame WHERE station = '{case['id']}'") == [
            (len(case["frames"]),)
        ]
    assert rows(store, "SELECT count(*) FROM frame WHERE raw = ''") == [(0,)]
    again = import_log(read_log(log_lines(every)), store, KEY, make)
    assert again.stored == 0


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_a_real_trace_s_log_is_in_order_and_holds_every_frame(case: dict[str, Any]) -> None:
    log = list(log_of(case))
    assert [row["t"] for row in log] == sorted(row["t"] for row in log)
    assert sum("raw" in row for row in log) == len(case["frames"])
    assert case["source_url"] is None or case["source_url"].startswith("https://")
