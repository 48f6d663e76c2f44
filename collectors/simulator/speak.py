"""Which dialect a simulated station speaks. Decides nothing else."""

from __future__ import annotations

from collectors.simulator.assets import VirtualStation
from collectors.simulator.dialect import Dialect
from collectors.simulator.station2 import Station2
from collectors.simulator.station16 import Station16


def dialect_of(station: VirtualStation) -> Dialect:
    """OCPP 2.0.1 for makes that speak 2.x, else 1.6J."""
    return Station2(station) if station.version.startswith("2") else Station16(station)
