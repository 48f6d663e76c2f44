"""A boot that the back end does not accept: the station is not registered as it should be.

The operator's task. Accepted clears it.
"""

from __future__ import annotations

from rules.core.detect.context import proof
from rules.core.model import BootAnswered
from rules.core.signals import Clear, Raise, Signal, place_key

RULE = "boot.answer"
FAULTS = {"rejected": "station.boot_rejected", "pending": "station.boot_pending"}


def detect(obs: BootAnswered) -> list[Signal]:
    fault = FAULTS.get(obs.status.casefold())
    signals: list[Signal] = [
        Clear(
            key=place_key(obs.station, None, None, other),
            evidence=proof(obs, "boot_answer", status=obs.status),
        )
        for other in FAULTS.values()
        if other != fault
    ]
    if fault is not None:
        signals.append(
            Raise(
                fault=fault,
                rule=RULE,
                station=obs.station,
                evidence=(proof(obs, "boot_answer", status=obs.status),),
            )
        )
    return signals
