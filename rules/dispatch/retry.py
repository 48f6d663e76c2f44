"""When a notice is tried again, and when it is given up. Pure arithmetic, no clock, no I/O.

Decides the state a notice gets after an attempt. Source of the constants: 30 s doubling to 1 h with jitter,
dead after 24 h, is the protocol this product's outbox was designed with.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from rules.dispatch.outcome import Kind, Outcome

FIRST_S = 30.0
MOST_S = 3600.0
JITTER = 0.2
DEAD_AFTER = timedelta(hours=24)
# A destination that failed this often in a row is asked by one probe at a time, at this distance at most.
CIRCUIT_FAILURES = 3
CIRCUIT_MOST_S = 300.0


class Next(StrEnum):
    SENT = "sent"
    QUEUED = "queued"
    DEAD = "dead"


class Plan(Struct, frozen=True, kw_only=True):
    """`state` after the attempt, `not_before` of the next one (UTC), `kind` as the notice remembers it."""

    state: Next
    kind: Kind
    not_before: datetime | None = None


def backoff_s(attempts: int, chance: float) -> float:
    """Seconds until the next try after `attempts` tries; `chance` in [0, 1) spreads it by ±20 %."""
    plain = min(FIRST_S * 2.0 ** min(attempts - 1, 20), MOST_S)
    return plain * (1 - JITTER + 2 * JITTER * chance)


def plan(
    outcome: Outcome, *, attempts: int, created_at: datetime, now: datetime, in_doubt: bool, chance: float
) -> Plan:
    """What follows an attempt that ended at `now` (UTC).

    `attempts` includes this one. `in_doubt`: an earlier attempt may have arrived; that stays remembered
    until the notice is sent or dead, so that every later try can say so.
    """
    if outcome.kind is Kind.SENT:
        return Plan(state=Next.SENT, kind=Kind.SENT)
    if outcome.kind is Kind.PERMANENT:
        return Plan(state=Next.DEAD, kind=Kind.PERMANENT)
    kind = Kind.UNKNOWN if in_doubt else outcome.kind
    again = now + timedelta(seconds=backoff_s(attempts, chance))
    if again > created_at + DEAD_AFTER:
        return Plan(state=Next.DEAD, kind=kind)
    return Plan(state=Next.QUEUED, kind=kind, not_before=again)


def pause_s(consecutive_failures: int) -> float:
    """Seconds for which a whole lane rests after that many failures in a row; 0 while it may be chance."""
    if consecutive_failures < CIRCUIT_FAILURES:
        return 0.0
    return min(FIRST_S * 2.0 ** min(consecutive_failures - CIRCUIT_FAILURES, 10), CIRCUIT_MOST_S)
