"""Metrics: what Prometheus' own checker accepts, and what no station can make explode."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from data.metrics import Metrics
from data.metrics_fleet import MAX_PER_STATION
from data.store import Store
from rules.core.model import (
    Booted,
    CommandSent,
    FindingSeen,
    Heartbeat,
    IncidentState,
    IntervalRow,
    Seen,
    StationRow,
    Status,
    StatusReported,
)
from tests.data.rows import NOON, after, heard, incident, notice, submit_and_wait


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("0.1.0", duckdb_version="1.5.5")


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """(name, sorted labels) -> value, read by the client library's own parser."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, f"{key} is there twice"
            found[key] = sample.value
    return found


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics).get((name, tuple(sorted(labels.items()))))


def fill(metrics: Metrics) -> None:
    metrics.message("Heartbeat", "1.6", "in")
    metrics.stations_connected(3)
    metrics.connector_status('BE"\\1\n', 1, 1, "faulted")
    metrics.last_seen("BE-1", NOON)
    metrics.incidents_open({("hardware", "installer", "high"): 2})
    metrics.notice("helpdesk", "sent", 1.5)
    metrics.notice("helpdesk", "transient", 1.5)
    metrics.commit(0.004, 100)
    metrics.queue_depth("store", 7)
    metrics.delivery(12.5, healthy=False)


def test_promtool_finds_nothing_to_say(metrics: Metrics) -> None:
    fill(metrics)
    command = ["promtool", "check", "metrics"]
    checked = subprocess.run(command, input=metrics.render(), capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_every_name_has_the_prefix_and_what_was_told_is_shown(metrics: Metrics) -> None:
    fill(metrics)
    assert all(name.startswith("laadwacht_") for name, _ in samples(metrics))
    assert value(metrics, "laadwacht_messages_total", action="Heartbeat", version="1.6", direction="in") == 1
    assert value(metrics, "laadwacht_stations_connected") == 3
    hardware = {"side": "hardware", "owner": "installer"}
    assert value(metrics, "laadwacht_incidents_open", **hardware, severity="high") == 2
    assert value(metrics, "laadwacht_incidents_open", **hardware, severity="low") == 0
    assert value(metrics, "laadwacht_notices_total", destination="helpdesk", outcome="transient") == 1
    assert value(metrics, "laadwacht_notice_latency_seconds_count", destination="helpdesk") == 1
    assert value(metrics, "laadwacht_commit_duration_seconds_count") == 1
    assert value(metrics, "laadwacht_queue_depth", queue="store") == 7
    assert value(metrics, "laadwacht_build_info", version="0.1.0", duckdb_version="1.5.5") == 1


def test_a_connector_has_exactly_one_status_of_all(metrics: Metrics) -> None:
    where = {"station": "BE-1", "evse": "1", "connector": "2"}
    for status in (Status.AVAILABLE, Status.FAULTED):
        metrics.connector_status("BE-1", 1, 2, status.value)
        values = {
            other.value: value(metrics, "laadwacht_connector_status", **where, status=other.value)
            for other in Status
        }
        assert values == {other.value: float(other is status) for other in Status}


def test_invented_actions_and_versions_share_one_series(metrics: Metrics) -> None:
    for number in range(2_000):
        metrics.message(f"Invented{number}", f"9.{number}", "in")
    metrics.message(None, None, "in")
    found = value(metrics, "laadwacht_messages_total", action="other", version="other", direction="in")
    assert found == 2_001
    assert len([name for name, _ in samples(metrics) if name == "laadwacht_messages_total"]) == 1


def test_a_station_cannot_invent_connectors_without_end(metrics: Metrics) -> None:
    for number in range(1_000):
        metrics.connector_status("BE-1", number, number, "available")
    metrics.connector_status("BE-1", 1, 1, "faulted")
    series = [labels for name, labels in samples(metrics) if name == "laadwacht_connector_status"]
    assert len(series) == MAX_PER_STATION * len(Status)
    where = {"station": "BE-1", "evse": "1", "connector": "1"}
    assert value(metrics, "laadwacht_connector_status", **where, status="faulted") == 1


def test_only_what_a_station_itself_sends_proves_that_it_lives(metrics: Metrics) -> None:
    name = "laadwacht_station_last_seen_timestamp_seconds"
    metrics.observed([Heartbeat(station="BE-1", at=after(10))])
    metrics.observed([CommandSent(station="BE-1", at=after(20), action="Reset", message_id="1")])
    metrics.observed([Seen(station="BE-1", at=after(30), direction="out")])
    metrics.observed([Heartbeat(station="BE-1", at=after(5))])
    assert value(metrics, name, station="BE-1") == after(10).timestamp()
    status = StatusReported(station="BE-1", at=after(40), evse=1, connector=1, status=Status.CHARGING)
    metrics.observed([status])
    assert value(metrics, name, station="BE-1") == after(40).timestamp()
    where = {"station": "BE-1", "evse": "1", "connector": "1"}
    assert value(metrics, "laadwacht_connector_status", **where, status="charging") == 1


def test_findings_are_counted_by_name_and_make_and_neither_can_be_invented(metrics: Metrics) -> None:
    def odd(station: str, finding: str = "json_truncated") -> FindingSeen:
        return FindingSeen(station=station, at=NOON, finding=finding)

    name = "laadwacht_findings_total"
    metrics.observed([odd("BE-1"), Booted(station="BE-1", at=NOON, make="EV-BOX"), odd("BE-1"), odd("BE-1")])
    metrics.observed([Booted(station="BE-1", at=NOON), odd("BE-1")])
    assert value(metrics, name, finding="json_truncated", make="unknown") == 1
    assert value(metrics, name, finding="json_truncated", make="evbox") == 3
    for number in range(200):
        station = f"X-{number}"
        metrics.observed([Booted(station=station, at=NOON, make=station), odd(station, f"invented{number}")])
    assert value(metrics, name, finding="other", make="other") == 200
    assert len([series for series, _ in samples(metrics) if series == name]) == 3


def test_after_a_restart_the_store_tells_what_was_known(store: Store, metrics: Metrics) -> None:
    store.apply(
        [
            StationRow(station="BE-1", first_seen_at=NOON, last_seen_at=after(7)),
            IntervalRow(
                station="BE-1", evse=1, connector=1, started_at=NOON, ended_at=after(5), status=Status.FAULTED
            ),
            IntervalRow(station="BE-1", evse=1, connector=1, started_at=after(5), status=Status.AVAILABLE),
            incident(),
            incident("inc-2", state=IncidentState.RESOLVED),
            incident("inc-3", state=IncidentState.RECOVERING),
            notice(),
        ]
    )
    store.watch_commits(metrics.commit)
    submit_and_wait(store, heard(1))
    store.transact(lambda cursor: None)
    metrics.restore(store)
    metrics.refresh(store)
    where = {"station": "BE-1", "evse": "1", "connector": "1"}
    assert value(metrics, "laadwacht_connector_status", **where, status="available") == 1
    seen = value(metrics, "laadwacht_station_last_seen_timestamp_seconds", station="BE-1")
    assert seen == after(7).timestamp()
    labels = {"side": "hardware", "owner": "installer", "severity": "high"}
    assert value(metrics, "laadwacht_incidents_open", **labels) == 2
    assert value(metrics, "laadwacht_queue_depth", queue="outbox") == 1
    assert value(metrics, "laadwacht_rows_committed_total") == 2
