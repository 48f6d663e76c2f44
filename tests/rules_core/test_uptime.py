"""Uptime counts what was, under a named definition, and makes none of the known mistakes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.core.facts.uptime import Definition, Span, Uptime, average, uptime
from rules.core.model import (
    BlindRow,
    Cause,
    IncidentRow,
    IncidentState,
    IntervalRow,
    LinkRow,
    Owner,
    Scope,
    Severity,
    Side,
    Status,
)
from tests.rules_core.helpers import at

HOUR = 3600.0
DAY = Span(at(0), at(24 * HOUR))


def _state(
    start: float, end: float | None, status: Status = Status.AVAILABLE, connector: int = 1
) -> IntervalRow:
    return IntervalRow(
        station="S-1",
        evse=connector,
        connector=connector,
        started_at=at(start),
        ended_at=None if end is None else at(end),
        status=status,
    )


def _link(start: float, end: float | None, state: str = "online") -> LinkRow:
    return LinkRow(
        station="S-1", started_at=at(start), ended_at=None if end is None else at(end), state=state
    )


def _incident(
    start: float, end: float | None, owner: Owner, scope: Scope = Scope.STATION, cause: Cause = Cause.UNKNOWN
) -> IncidentRow:
    return IncidentRow(
        incident_id="i",
        key="k",
        state=IncidentState.OPEN,
        scope=scope,
        fault="f",
        side=Side.HARDWARE,
        cause=cause,
        owner=owner,
        task="t",
        severity=Severity.HIGH,
        confidence=0.9,
        rule_id="r",
        rule_version="v",
        pending_at=at(start),
        closed_at=None if end is None else at(end),
    )


def _figure(window: Span = DAY, now: float = 48 * HOUR, **more: Any) -> Uptime:
    return uptime(window, at(now), **{"statuses": [_state(0, None)], "links": [_link(0, None)], **more})


def test_a_connector_that_is_free_all_day_is_up_all_day() -> None:
    figure = _figure()
    assert figure.ratio == 1.0
    assert figure.up_s == 24 * HOUR


def test_touching_is_not_overlapping() -> None:
    figure = _figure(
        statuses=[_state(0, 100), _state(100, 189, Status.FAULTED), _state(189, None)],
        incidents=[_incident(189, 5000, Owner.INSTALLER)],
    )
    assert figure.down_s == 89.0
    assert figure.down_by_owner == {"none": 89.0}


def test_time_before_the_first_report_is_unknown_and_not_down() -> None:
    figure = _figure(statuses=[_state(HOUR, None)], links=[_link(HOUR, None)])
    assert (figure.unknown_s, figure.down_s, figure.ratio) == (HOUR, 0.0, 1.0)


def test_a_figure_of_the_past_does_not_change_with_the_day_it_is_asked() -> None:
    states = [_state(0, HOUR, Status.FAULTED), _state(HOUR, None)]
    first, later = (_figure(statuses=states, now=days * 24 * HOUR) for days in (2, 90))
    assert first == later


def test_a_fault_still_open_lasts_until_the_question_is_asked() -> None:
    figure = _figure(statuses=[_state(0, 6 * HOUR), _state(6 * HOUR, None, Status.FAULTED)], now=12 * HOUR)
    assert (figure.down_s, figure.window_s) == (6 * HOUR, 12 * HOUR)


def test_a_state_that_began_long_before_the_window_still_counts() -> None:
    figure = _figure(
        statuses=[_state(-80 * 24 * HOUR, 6 * HOUR, Status.FAULTED), _state(6 * HOUR, None)],
        links=[_link(-90 * 24 * HOUR, None)],
    )
    assert figure.down_s == 6 * HOUR


def test_minutes_are_measured_and_not_counted_by_their_boundaries() -> None:
    figure = _figure(statuses=[_state(0, 59.5), _state(59.5, 60.5, Status.FAULTED), _state(60.5, None)])
    assert figure.down_s == 1.0


def test_offline_is_down_whatever_was_said_last() -> None:
    figure = _figure(links=[_link(0, HOUR), _link(HOUR, 3 * HOUR, "offline"), _link(3 * HOUR, None)])
    assert figure.down_s == 2 * HOUR


def test_what_was_said_last_is_unknown_while_offline_when_only_reports_count() -> None:
    figure = _figure(
        links=[_link(0, HOUR), _link(HOUR, 3 * HOUR, "offline"), _link(3 * HOUR, None)],
        definition=Definition.REPORTED,
    )
    assert (figure.down_s, figure.unknown_s) == (0.0, 2 * HOUR)


def test_faulted_and_offline_at_once_count_once() -> None:
    figure = _figure(
        statuses=[_state(0, HOUR), _state(HOUR, 4 * HOUR, Status.FAULTED), _state(4 * HOUR, None)],
        links=[_link(0, 2 * HOUR), _link(2 * HOUR, 3 * HOUR, "offline"), _link(3 * HOUR, None)],
    )
    assert figure.down_s == 3 * HOUR


def test_connector_zero_faulted_takes_every_connector_down() -> None:
    figure = _figure(whole=[_state(0, HOUR, Status.FAULTED, 0), _state(HOUR, None, Status.AVAILABLE, 0)])
    assert figure.down_s == HOUR


def test_connector_zero_available_says_nothing_of_the_connector() -> None:
    figure = _figure(statuses=[], whole=[_state(0, None, Status.AVAILABLE, 0)])
    assert (figure.unknown_s, figure.ratio) == (24 * HOUR, None)


def test_unavailable_is_down() -> None:
    assert _figure(statuses=[_state(0, None, Status.UNAVAILABLE)]).down_s == 24 * HOUR


def test_a_connector_that_never_reported_has_no_figure() -> None:
    assert _figure(statuses=[], links=[]).ratio is None


def test_a_window_in_the_future_is_an_error_and_not_a_hundred_percent() -> None:
    with pytest.raises(ValueError, match="future"):
        _figure(now=-1)
    with pytest.raises(ValueError, match="empty"):
        _figure(window=Span(at(0), at(0)))


def test_our_own_blindness_counts_for_nobody() -> None:
    figure = _figure(
        statuses=[_state(0, None, Status.FAULTED)],
        blind=[BlindRow(started_at=at(0), ended_at=at(12 * HOUR), reason="owner_down")],
    )
    assert (figure.blind_s, figure.down_s) == (12 * HOUR, 12 * HOUR)


def test_planned_work_is_left_out_or_counted_as_up_by_definition() -> None:
    states = [
        _state(0, 12 * HOUR, Status.UNAVAILABLE),
        _state(12 * HOUR, 18 * HOUR, Status.FAULTED),
        _state(18 * HOUR, None),
    ]
    planned = [Span(at(0), at(12 * HOUR))]
    assert _figure(statuses=states, planned=planned).ratio == pytest.approx(0.5)
    assert _figure(statuses=states, planned=planned, definition=Definition.NEVI).ratio == pytest.approx(0.75)


def test_what_the_car_or_a_vandal_caused_is_no_outage_under_nevi() -> None:
    more = {
        "statuses": [_state(0, HOUR, Status.FAULTED), _state(HOUR, None)],
        "incidents": [_incident(0, HOUR, Owner.CUSTOMER, cause=Cause.VEHICLE)],
    }
    assert _figure(**more).down_s == HOUR
    nevi = _figure(**more, definition=Definition.NEVI)
    assert (nevi.down_s, nevi.excused_s, nevi.ratio) == (0.0, HOUR, 1.0)


def test_down_time_is_split_by_whose_it_was() -> None:
    figure = _figure(
        statuses=[_state(0, HOUR, Status.FAULTED), _state(HOUR, None)],
        links=[_link(0, 2 * HOUR), _link(2 * HOUR, 4 * HOUR, "offline"), _link(4 * HOUR, None)],
        incidents=[_incident(0, HOUR, Owner.INSTALLER), _incident(2.5 * HOUR, 4 * HOUR, Owner.OPERATOR)],
    )
    assert figure.down_by_owner == {"installer": HOUR, "operator": 2 * HOUR}


def test_the_wider_incident_owns_the_down_time() -> None:
    figure = _figure(
        links=[_link(0, HOUR), _link(HOUR, 2 * HOUR, "offline"), _link(2 * HOUR, None)],
        incidents=[
            _incident(HOUR, 2 * HOUR, Owner.INSTALLER),
            _incident(HOUR, 2 * HOUR, Owner.OPERATOR, Scope.PLATFORM),
        ],
    )
    assert figure.down_by_owner == {"operator": HOUR}


def test_a_short_first_day_weighs_little_in_the_mean() -> None:
    short = _figure(window=Span(at(0), at(HOUR)), statuses=[_state(0, None, Status.FAULTED)])
    assert average([short, _figure()]) == pytest.approx(24 / 25)
    assert average([]) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 90_000), st.integers(1, 30_000), st.sampled_from(list(Status))), max_size=12
    )
)
def test_the_parts_always_add_up_to_the_window(parts: list[tuple[int, int, Status]]) -> None:
    figure = _figure(
        statuses=[_state(start, start + length, status) for start, length, status in parts],
        links=[
            _link(start, start + length, "offline" if n % 3 == 0 else "online")
            for n, (start, length, _) in enumerate(parts)
        ],
        blind=[BlindRow(started_at=at(p[0]), ended_at=at(p[0] + 50), reason="x") for p in parts[:2]],
    )
    total = figure.up_s + figure.down_s + figure.unknown_s + figure.blind_s + figure.planned_s
    assert total == pytest.approx(figure.window_s)
    assert sum(figure.down_by_owner.values()) == pytest.approx(figure.down_s)
    assert timedelta(seconds=figure.window_s) == DAY.end - DAY.start
