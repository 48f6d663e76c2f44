"""When a notice is tried again and when it is given up: a table, and what must hold for any outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.dispatch.outcome import Kind, Outcome
from rules.dispatch.retry import DEAD_AFTER, Next, backoff_s, pause_s, plan

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MIDDLE = 0.5  # of the jitter: none


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (9, 3600), (1000, 3600)]
)
def test_the_wait_doubles_from_half_a_minute_to_an_hour(attempts: int, seconds: float) -> None:
    assert backoff_s(attempts, MIDDLE) == seconds


@pytest.mark.parametrize(
    ("kind", "in_doubt", "age_h", "state", "remembered"),
    [
        (Kind.SENT, False, 0, Next.SENT, Kind.SENT),
        (Kind.SENT, True, 30, Next.SENT, Kind.SENT),
        (Kind.PERMANENT, False, 0, Next.DEAD, Kind.PERMANENT),
        (Kind.TRANSIENT, False, 0, Next.QUEUED, Kind.TRANSIENT),
        (Kind.TRANSIENT, True, 0, Next.QUEUED, Kind.UNKNOWN),
        (Kind.UNKNOWN, False, 0, Next.QUEUED, Kind.UNKNOWN),
        (Kind.TRANSIENT, False, 24, Next.DEAD, Kind.TRANSIENT),
        (Kind.UNKNOWN, False, 24, Next.DEAD, Kind.UNKNOWN),
        (Kind.TRANSIENT, True, 24, Next.DEAD, Kind.UNKNOWN),
    ],
)
def test_what_follows_an_attempt(
    kind: Kind, in_doubt: bool, age_h: int, state: Next, remembered: Kind
) -> None:
    found = plan(
        Outcome(kind=kind),
        attempts=1,
        created_at=NOW - timedelta(hours=age_h),
        now=NOW,
        in_doubt=in_doubt,
        chance=MIDDLE,
    )
    assert (found.state, found.kind) == (state, remembered)
    assert found.not_before == (NOW + timedelta(seconds=30) if state is Next.QUEUED else None)


@given(
    attempts=st.integers(1, 10_000),
    age_s=st.floats(0, 200_000),
    chance=st.floats(0, 1, exclude_max=True),
    in_doubt=st.booleans(),
)
def test_a_retry_lies_ahead_within_the_day_and_a_doubt_is_never_forgotten(
    attempts: int, age_s: float, chance: float, in_doubt: bool
) -> None:
    created = NOW - timedelta(seconds=age_s)
    found = plan(
        Outcome(kind=Kind.TRANSIENT),
        attempts=attempts,
        created_at=created,
        now=NOW,
        in_doubt=in_doubt,
        chance=chance,
    )
    if found.not_before is not None:
        assert NOW + timedelta(seconds=24) <= found.not_before <= created + DEAD_AFTER
    assert (found.kind is Kind.UNKNOWN) is in_doubt


def test_a_lane_rests_only_after_three_failures_in_a_row_and_never_longer_than_five_minutes() -> None:
    assert [pause_s(n) for n in (0, 1, 2, 3, 4, 5, 6, 7, 100)] == [0, 0, 0, 30, 60, 120, 240, 300, 300]
