"""Our own messages do not arrive somewhere: an incident of the installation itself, told by another way.

Decides when a destination is an incident and when it is over. Never told to the one it is about.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from rules.core.model import DestinationFared, Effect, Evidence, IncidentRow, Scope
from rules.core.signals import Raise, place_key

FAULT = "delivery.destination_failing"
RULE = "delivery.destination"
_KEY = place_key(None, None, None, FAULT)


class Incidents(Protocol):
    """What this needs of the book of incidents."""

    def seen(self, signal: Raise, at: datetime, out: list[Effect]) -> object: ...

    def gone(self, key: str, at: datetime, out: list[Effect], evidence: Evidence | None = None) -> None: ...


def fared(obs: DestinationFared, book: Incidents, out: list[Effect]) -> None:
    """A destination began to fail, goes on failing, or accepts again."""
    key = place_key(None, None, None, FAULT, obs.destination)
    proof = Evidence(
        at=obs.at,
        says="destination_failing" if obs.failing else "destination_accepts",
        record_id=obs.record_id or None,
        values={"destination": obs.destination, "detail": obs.detail},
    )
    if obs.failing:
        signal = Raise(
            fault=FAULT, rule=RULE, evidence=(proof,), scope=Scope.PLATFORM, suffix=obs.destination
        )
        book.seen(signal, obs.at, out)
    else:
        book.gone(key, obs.at, out, proof)


def destination_of(row: IncidentRow) -> str | None:
    """The destination that an incident of this kind is about; None for every other incident."""
    return row.key.removeprefix(f"{_KEY}/") if row.fault == FAULT else None
