"""What an incident remembers of how it is handled: its chain of escalation, as it was when it began.

Decides nothing. Instants are aware UTC. Nothing here is changed in place: rows that were emitted stay as they
were.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class EscalationStep(Struct, frozen=True):
    """`to`: as the routing file names it. `due_at` is known once the step before it was taken."""

    to: str
    wait_s: float
    destinations: tuple[str, ...]
    contact: int = 1
    due_at: datetime | None = None
    done_at: datetime | None = None


class Escalation(Struct, frozen=True):
    """A snapshot: changing the file does not change it. `stopped`: acknowledged, take, on_my_way, fixed,
    handed_over, overruled, rerouted, resolved; None while it runs or when every step was taken."""

    chain: str
    party: str
    started_at: datetime
    steps: tuple[EscalationStep, ...]
    stopped_at: datetime | None = None
    stopped: str | None = None
