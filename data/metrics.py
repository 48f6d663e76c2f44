"""Every Prometheus metric of Laadwacht: its name, help and labels, in one place.

Decides what may become a label: names from a fixed set, the fleet's own stations, and nothing else a station
says, so that no station can grow the number of series. Must stay cheap: one dictionary look-up per message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from data.metrics_findings import FindingCounts
from data.metrics_fleet import FleetMetrics
from data.metrics_routing import RoutingMetrics
from data.ocpp_actions import OCPP_ACTIONS
from data.store import Store
from rules.core.model import FirstAidRow, Observation, Owner, Severity, Side

VERSIONS = frozenset({"1.6", "2.0.1", "2.1"})
OTHER = "other"
# From "at once" to the outbox's last try a day later, seconds.
NOTICE_BUCKETS = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400)
# A group commit takes milliseconds on a disk that is well, seconds on one that is not.
COMMIT_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

# The `_created` series double the number of series and nobody asks for them.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """One per owner process, with its own registry. Safe from any thread."""

    def __init__(self, version: str, *, duckdb_version: str = "") -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._fleet = FleetMetrics()
        self._findings = FindingCounts(self.registry)
        self._routing = RoutingMetrics(self.registry)
        self._messages = Counter(
            "laadwacht_messages",
            "OCPP messages by action (names outside OCPP count as other), version and direction.",
            ["action", "version", "direction"],
            registry=self.registry,
        )
        self._message_children: dict[tuple[str, str, str], Counter] = {}
        self._connected = Gauge(
            "laadwacht_stations_connected", "Stations with an open connection.", registry=self.registry
        )
        self._incidents = Gauge(
            "laadwacht_incidents_open",
            "Incidents that are open or recovering.",
            ["side", "owner", "severity"],
            registry=self.registry,
        )
        self._notices = Counter(
            "laadwacht_notices",
            "Attempts to deliver a notice, by destination and outcome.",
            ["destination", "outcome"],
            registry=self.registry,
        )
        self._first_aid = Counter(
            "laadwacht_first_aid",
            "Remedies tried from afar, by remedy and what came of it.",
            ["remedy", "outcome"],
            registry=self.registry,
        )
        self._notice_latency = Histogram(
            "laadwacht_notice_latency_seconds",
            "Time from a notice's creation to its delivery.",
            ["destination"],
            buckets=NOTICE_BUCKETS,
            registry=self.registry,
        )
        self._commits = Histogram(
            "laadwacht_commit_duration_seconds",
            "Duration of a group commit.",
            buckets=COMMIT_BUCKETS,
            registry=self.registry,
        )
        self._rows = Counter(
            "laadwacht_rows_committed", "Rows stored by group commits.", registry=self.registry
        )
        self._queues = Gauge(
            "laadwacht_queue_depth", "Items waiting, by queue.", ["queue"], registry=self.registry
        )
        self._oldest_unsent = Gauge(
            "laadwacht_notice_oldest_unsent_seconds",
            "Age of the oldest notice that is due and not yet sent.",
            registry=self.registry,
        )
        self._delivery_healthy = Gauge(
            "laadwacht_delivery_healthy",
            "1 when every notice finds its way in time, 0 when the watchdog has something to say.",
            registry=self.registry,
        )
        self._failing = Gauge(
            "laadwacht_destination_failures_in_row",
            "Failed attempts in a row, by destination; from 3 on it is asked by one probe at a time.",
            ["destination"],
            registry=self.registry,
        )
        self._reloaded = Gauge(
            "laadwacht_config_last_reload_successful",
            "1 when rules, routes and destinations are those of the files, 0 after a change with a mistake.",
            registry=self.registry,
        )
        self._reloaded.set(1)
        self._heartbeats = Counter(
            "laadwacht_heartbeats",
            "Signs of life to the monitor outside: sent, failed, or withheld because something is wrong.",
            ["outcome"],
            registry=self.registry,
        )
        self._spool_bytes = Gauge(
            "laadwacht_spool_bytes",
            "Tapped messages on disk that the store did not take.",
            registry=self.registry,
        )
        self._spool_lost = Gauge(
            "laadwacht_spool_lost_records",
            "Records of tapped stations that found no room in the spool, since the start.",
            registry=self.registry,
        )
        self._spool_set_aside = Gauge(
            "laadwacht_spool_set_aside_records",
            "Records of the spool that fit no table and were kept in a file beside it, since the start.",
            registry=self.registry,
        )
        self._certificate_refused = Gauge(
            "laadwacht_tls_renewal_refused",
            "1 while renewed certificate files cannot be used and the former certificate goes on.",
            registry=self.registry,
        )
        build = Gauge(
            "laadwacht_build_info",
            "Always 1; the labels tell what runs.",
            ["version", "duckdb_version"],
            registry=self.registry,
        )
        build.labels(version, duckdb_version).set(1)
        self.incidents_open({})

    def message(self, action: str | None, version: str | None, direction: str, count: int = 1) -> None:
        """Counts messages. `direction` is `in` (from a station) or `out`."""
        key = (action or OTHER, version or OTHER, direction)
        child = self._message_children.get(key)
        if child is None:
            known = (
                key[0] if key[0] in OCPP_ACTIONS else OTHER,
                key[1] if key[1] in VERSIONS else OTHER,
                direction if direction in {"in", "out"} else OTHER,
            )
            child = self._messages.labels(*known)
            # Only fixed names are remembered: a station that invents one per message must not fill memory.
            if known == key:
                self._message_children[key] = child
        child.inc(count)

    def stations_connected(self, count: int) -> None:
        self._connected.set(count)

    def observed(self, observations: Sequence[Observation]) -> None:
        """Connector status, last-seen time and findings from observations; fit for `Store.subscribe`."""
        self._fleet.observed(observations)
        self._findings.observed(observations)

    def connector_status(self, station: str, evse: int, connector: int, status: str) -> None:
        self._fleet.connector_status(station, evse, connector, status)

    def last_seen(self, station: str, at: datetime) -> None:
        self._fleet.last_seen(station, at.timestamp())

    def incidents_open(self, counts: Mapping[tuple[str, str, str], int]) -> None:
        """`counts` maps (side, owner, severity) to how many are open; what is not in it is 0."""
        for side in Side:
            for owner in Owner:
                for severity in Severity:
                    count = counts.get((side.value, owner.value, severity.value), 0)
                    self._incidents.labels(side.value, owner.value, severity.value).set(count)

    def first_aid(self, row: FirstAidRow) -> None:
        """A remedy that is over: cleared or no_effect where the station took it, else its word."""
        outcome = row.outcome or "unknown"
        if row.cleared is not None:
            outcome = "cleared" if row.cleared else "no_effect"
        self._first_aid.labels(row.do, outcome).inc()

    def notice(self, destination: str, outcome: str, latency_s: float) -> None:
        """Counts one attempt. `outcome` is sent, transient, permanent or unknown; `latency_s` is for sent."""
        self._notices.labels(destination, outcome).inc()
        if outcome == "sent":
            self._notice_latency.labels(destination).observe(max(0.0, latency_s))

    def commit(self, seconds: float, rows: int) -> None:
        """One group commit; fit for `Store.watch_commits`."""
        self._commits.observe(seconds)
        self._rows.inc(rows)

    def queue_depth(self, queue: str, depth: int) -> None:
        """`queue` is one of this product's own names (store, jobs, outbox, engine ...)."""
        self._queues.labels(queue).set(depth)

    def delivery(self, oldest_unsent_s: float, healthy: bool) -> None:
        """What the watchdog over delivery last saw; the age in seconds."""
        self._oldest_unsent.set(oldest_unsent_s)
        self._delivery_healthy.set(int(healthy))

    def destination(self, name: str, failures_in_row: int) -> None:
        """How one destination fares."""
        self._failing.labels(name).set(failures_in_row)

    def reloaded(self, taken: bool) -> None:
        """Whether the settings that were read anew hold."""
        self._reloaded.set(int(taken))

    def heartbeat(self, outcome: str) -> None:
        """One turn of the sign of life: sent, failed or withheld."""
        self._heartbeats.labels(outcome).inc()

    def spool(self, size: int, lost: int, set_aside: int) -> None:
        """Tap mode: bytes waiting on disk, and records that found no room there since the start."""
        self._spool_bytes.set(size)
        self._spool_lost.set(lost)
        self._spool_set_aside.set(set_aside)

    def certificate(self, *, usable: bool) -> None:
        """Whether the newest certificate files of the stations' door are the ones in use."""
        self._certificate_refused.set(int(not usable))

    def restore(self, store: Store) -> None:
        """Takes up connector status, last-seen times and makes as stored; once, at the start."""
        for row in store.query("connector_status_now").iter_rows():
            self._fleet.connector_status(*row)
        for station, at in store.query("stations_last_seen").iter_rows():
            self._fleet.last_seen(station, at.timestamp())
        for station, make in store.query("station_makes").iter_rows():
            self._findings.make(station, make)

    def refresh(self, store: Store) -> None:
        """Asks the store for what is counted there: open incidents and waiting notices. Once per scrape."""
        open_rows = store.query("incidents_open_count").iter_rows()
        self.incidents_open({(side, owner, severity): count for side, owner, severity, count in open_rows})
        self._routing.counted(store.query("routing_counts").iter_rows())
        waiting = store.query("outbox_waiting_count")
        self.queue_depth("outbox", int(waiting.item(0, 0)))
        stats = store.stats()
        self.queue_depth("store", stats.queued_rows)
        self.queue_depth("jobs", stats.queued_jobs)

    def render(self) -> bytes:
        """The text exposition format 0.0.4."""
        return generate_latest(self.registry) + self._fleet.render()
