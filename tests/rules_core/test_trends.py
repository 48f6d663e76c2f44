"""A trend is told when a value leaves the station's own normal, and versions compare as numbers."""

from __future__ import annotations

from random import Random

import pytest

from rules.core.detect import trend
from rules.core.detect.cohort import version_of
from rules.core.state import Trend


def _alarms(values: list[float], *, least: int = 7, floor: float = 1.0) -> list[int]:
    """The places in `values` at which the trend is told."""
    kept = Trend()
    return [n for n, value in enumerate(values) if trend.push(kept, value, least=least, floor=floor)]


def test_a_steady_value_is_never_told() -> None:
    assert _alarms([5.0] * 200) == []


def test_a_value_that_swings_within_its_own_spread_is_never_told() -> None:
    assert _alarms([2.0, 8.0] * 100) == []


def test_mere_noise_is_told_less_than_once_in_a_thousand_values() -> None:
    dice = Random(7)
    told = _alarms([dice.gauss(10.0, 3.0) for _ in range(20_000)], least=20)
    assert len([n for n in told if n - 1 not in told]) < 20


def test_a_level_that_stays_becomes_the_new_normal() -> None:
    told = _alarms([1.0] * 20 + [6.0] * 100)
    assert told[-1] < 40


def test_a_step_up_is_told_on_the_second_or_third_value() -> None:
    (first, *_) = _alarms([1.0] * 20 + [6.0] * 5)
    assert first in (21, 22)


def test_a_single_outlier_however_large_is_not_told() -> None:
    assert _alarms([1.0] * 20 + [1000.0] + [1.0] * 20) == []


def test_a_value_that_falls_is_not_told() -> None:
    assert _alarms([9.0] * 20 + [1.0] * 20) == []


def test_nothing_is_told_before_there_is_a_baseline() -> None:
    assert _alarms([1.0, 50.0, 1.0, 50.0, 90.0], least=7) == []


def test_the_last_values_are_shown_oldest_first() -> None:
    kept = Trend()
    for value in range(15):
        trend.push(kept, float(value), least=3, floor=1.0)
    assert trend.shown(kept) == "5, 6, 7, 8, 9, 10, 11, 12, 13, 14"


@pytest.mark.parametrize(
    ("older", "newer"),
    [("6.4.0", "6.5.0"), ("V6.9.0-4221", "V6.10.0-4100"), ("1.2.3", "1.2.10"), ("4.12.0-beta", "4.13.0")],
)
def test_versions_compare_by_their_numbers(older: str, newer: str) -> None:
    assert version_of(older) < version_of(newer)


def test_a_version_without_numbers_says_nothing() -> None:
    assert version_of("release") == ()
