"""How often frames were odd, and how: one series per finding and make.

Fed by what was committed, never by the receiving of frames. A station that does not say its make, or says one
that is not listed, cannot add a series.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter

from data.finding_texts import finding_texts
from data.makes import OTHER, UNKNOWN, make_label
from rules.core.model import Booted, FindingSeen, Observation

# Names of stations come from outside; what is beyond counts under the make `unknown`.
MAX_STATIONS = 50_000


class FindingCounts:
    """Used by one thread at a time: the one that tells subscribers of the store."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "laadwacht_findings",
            "Odd frames by finding and by the station's make (makes that are not listed count as other).",
            ["finding", "make"],
            registry=registry,
        )
        self._known = frozenset(finding_texts())
        self._makes: dict[str, str] = {}
        self._children: dict[tuple[str, str], Counter] = {}

    def observed(self, observations: Iterable[Observation]) -> None:
        for observation in observations:
            if type(observation) is FindingSeen:
                self._count(observation.finding, self._makes.get(observation.station, UNKNOWN))
            elif type(observation) is Booted:
                self.make(observation.station, observation.make)

    def make(self, station: str, name: str | None) -> None:
        """What a station says it is; a boot that names nothing takes nothing back."""
        if name is not None and (station in self._makes or len(self._makes) < MAX_STATIONS):
            self._makes[station] = make_label(name)

    def _count(self, finding: str, make: str) -> None:
        key = (finding if finding in self._known else OTHER, make)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._counter.labels(*key)
        child.inc()
