"""The two metrics with a series per connector or station, kept as ready-made text.

A fleet of 10,000 connectors has 110,000 status series, of which few change between two scrapes: the text of a
connector is made when its status changes, not when it is asked for. Decides nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime

from rules.core.model import Observation, Seen, Status, StatusReported

# Names and connector numbers come from outside: a station, or somebody who invents stations, must not be able
# to fill the memory of this process or of Prometheus.
MAX_STATIONS = 50_000
MAX_CONNECTORS = 100_000
MAX_PER_STATION = 64

STATUSES = tuple(status.value for status in Status)

_STATUS_HEAD = (
    "# HELP laadwacht_connector_status Connector status as a state set: 1 for the present status, else 0.\n"
    "# TYPE laadwacht_connector_status gauge\n"
)
_SEEN_HEAD = (
    "# HELP laadwacht_station_last_seen_timestamp_seconds When the station's last frame arrived, Unix time.\n"
    "# TYPE laadwacht_station_last_seen_timestamp_seconds gauge\n"
)


def label_value(text: str) -> str:
    """Escaped as the exposition format asks."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


class FleetMetrics:
    """Safe from any thread. Beyond the limits nothing new is taken up: what is known stays right."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: dict[tuple[str, int, int], str] = {}
        self._status_text: dict[tuple[str, int, int], str] = {}
        self._connectors: dict[str, int] = {}
        self._status_all: bytes | None = None
        self._seen: dict[str, float] = {}
        self._seen_label: dict[str, str] = {}

    def observed(self, observations: Iterable[Observation]) -> None:
        """What the station itself sent proves life; its own back end's doings do not."""
        newest: dict[str, datetime] = {}
        for observation in observations:
            kind = type(observation)
            if kind is StatusReported:
                self.connector_status(
                    observation.station,
                    observation.evse,  # type: ignore[attr-defined]
                    observation.connector,  # type: ignore[attr-defined]
                    observation.status.value,  # type: ignore[attr-defined]
                )
            elif kind not in _LIFE and not (kind is Seen and observation.direction == "in"):  # type: ignore[attr-defined]
                continue
            known = newest.get(observation.station)
            if known is None or observation.at > known:
                newest[observation.station] = observation.at
        for station, at in newest.items():
            self.last_seen(station, at.timestamp())

    def connector_status(self, station: str, evse: int, connector: int, status: str) -> None:
        key = (station, evse, connector)
        if self._status.get(key) == status:
            return
        with self._lock:
            present = self._status.get(key)
            if present == status or (present is None and not self._has_room(station)):
                return
            if present is None:
                self._connectors[station] = self._connectors.get(station, 0) + 1
            self._status[key] = status
            labels = f'station="{label_value(station)}",evse="{evse}",connector="{connector}"'
            self._status_text[key] = "".join(
                f'laadwacht_connector_status{{{labels},status="{name}"}} {int(name == status)}\n'
                for name in STATUSES
            )
            self._status_all = None

    def last_seen(self, station: str, timestamp: float) -> None:
        """Unix time in seconds; an earlier one than known is left out."""
        with self._lock:
            if timestamp <= self._seen.get(station, 0.0):
                return
            if station not in self._seen:
                if len(self._seen) >= MAX_STATIONS:
                    return
                self._seen_label[station] = (
                    f'laadwacht_station_last_seen_timestamp_seconds{{station="{label_value(station)}"}} '
                )
            self._seen[station] = timestamp

    def _has_room(self, station: str) -> bool:
        return len(self._status) < MAX_CONNECTORS and self._connectors.get(station, 0) < MAX_PER_STATION

    def render(self) -> bytes:
        with self._lock:
            if self._status_all is None:
                self._status_all = (_STATUS_HEAD + "".join(self._status_text.values())).encode(
                    "utf-8", "replace"
                )
            seen = "".join([f"{self._seen_label[name]}{at:.3f}\n" for name, at in self._seen.items()])
            return self._status_all + (_SEEN_HEAD + seen).encode("utf-8", "replace")


_PROOF_OF_LIFE = frozenset(
    {
        "connected",
        "heartbeat",
        "booted",
        "event",
        "session_started",
        "meter",
        "session_updated",
        "session_ended",
        "firmware",
        "configuration",
        "command_answered",
        "finding",
    }
)
_LIFE = frozenset(
    kind for kind in Observation.__subclasses__() if kind.__struct_config__.tag in _PROOF_OF_LIFE
)
