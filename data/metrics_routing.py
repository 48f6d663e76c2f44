"""Metrics of routing and of promises: not routed as meant, late, thrown back and forth.

Decides their names. Counted in the store at each scrape, so that a restart does not begin at nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

GAPS = ("not_registered", "no_installer", "no_customer", "no_destination", "unrouted", "otherwise")
TARGETS = ("response", "repair")


class RoutingMetrics(Collector):
    """One per owner process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}
        registry.register(self)

    def counted(self, rows: Iterable[tuple[str, str, int, int]]) -> None:
        """(kind, detail, open now, ever) as the query `routing_counts` gives them."""
        self._counts = {(kind, detail): (now, ever) for kind, detail, now, ever in rows}

    def collect(self) -> Iterator[Metric]:
        yield from self._pair(
            "laadwacht_incidents_unrouted",
            "Incidents that are not with whom their rule means, by why.",
            "gap",
            "why",
            GAPS,
        )
        yield from self._pair(
            "laadwacht_target_breaches",
            "Incidents past a target of their contract, by target.",
            "late",
            "target",
            TARGETS,
        )
        now, _ = self._counts.get(("bounced", ""), (0, 0))
        bounced = GaugeMetricFamily(
            "laadwacht_incidents_bounced", "Open incidents that went back and forth three times."
        )
        bounced.add_metric([], now)
        yield bounced

    def _pair(self, name: str, what: str, kind: str, label: str, values: tuple[str, ...]) -> Iterator[Metric]:
        total = CounterMetricFamily(name, what, labels=[label])
        present = GaugeMetricFamily(f"{name}_open", f"{what.removesuffix('.')}; open now.", labels=[label])
        for value in values:
            now, ever = self._counts.get((kind, value), (0, 0))
            total.add_metric([value], ever)
            present.add_metric([value], now)
        yield total
        yield present
