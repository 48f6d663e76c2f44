"""Sessions and states are put together from what stations really send."""

from __future__ import annotations

from typing import Any

from rules.core.model import (
    Booted,
    Effect,
    IntervalRow,
    LinkRow,
    MeterRead,
    Observation,
    SessionAccepted,
    SessionEnded,
    SessionRow,
    SessionStarted,
    SessionUpdated,
    Status,
    StatusReported,
)
from tests.rules_core import helpers


def _base(seconds: float) -> dict[str, Any]:
    return {"station": "S-1", "at": helpers.at(seconds), "record_id": int(seconds * 10) + 1}


def _start(seconds: float, **more: Any) -> SessionStarted:
    return SessionStarted(
        **{
            "evse": 1,
            "connector": 1,
            "message_id": "m1",
            "token": "a",
            "meter_wh": 1000.0,
            **_base(seconds),
            **more,
        }
    )


def _sessions(*observations: Observation) -> list[SessionRow]:
    judge = helpers.judge()
    effects: list[Effect] = helpers.feed(judge, observations)
    return list({e.session_id: e for e in effects if isinstance(e, SessionRow)}.values())


def test_a_session_has_its_energy_from_registers() -> None:
    (row,) = _sessions(
        _start(0),
        SessionAccepted(**_base(1), message_id="m1", ref="7", outcome="Accepted"),
        MeterRead(**_base(600), evse=1, connector=1, ref="7", energy_wh=4000.0, power_w=11000.0),
        SessionEnded(**_base(1200), ref="7", meter_wh=8000.0, reason="EVDisconnected"),
    )
    assert (row.energy_wh, row.max_power_w, row.outcome, row.ref) == (7000.0, 11000.0, "completed", "7")
    assert (row.started_at, row.ended_at) == (helpers.at(0), helpers.at(1200))


def test_an_answer_that_comes_a_minute_late_still_names_the_session() -> None:
    (row,) = _sessions(
        _start(0),
        SessionAccepted(**_base(61), message_id="m1", ref="9", outcome="Accepted"),
        SessionEnded(**_base(100), ref="9", meter_wh=2000.0),
    )
    assert (row.ref, row.energy_wh) == ("9", 1000.0)


def test_a_lost_transaction_number_still_ends_the_only_open_session() -> None:
    for ref in ("-1", "0", None):
        (row,) = _sessions(_start(0), SessionEnded(**_base(100), ref=ref, meter_wh=2000.0))
        assert (row.ref, row.energy_wh, row.outcome) == (None, 1000.0, "completed")


def test_the_newest_session_at_the_edge_of_the_log_is_kept_open() -> None:
    (row,) = _sessions(_start(0))
    assert row.ended_at is None
    assert row.outcome is None


def test_an_end_without_a_start_is_an_orphan() -> None:
    (row,) = _sessions(SessionEnded(**_base(0), ref="77", meter_wh=2000.0))
    assert (row.outcome, row.energy_wh) == ("orphan", None)


def test_a_session_followed_by_another_at_the_same_connector_never_told_its_end() -> None:
    first, second = _sessions(_start(0), _start(100, message_id="m2", token="b"))
    assert (first.outcome, first.ended_at, second.ended_at) == ("unfinished", helpers.at(100), None)


def test_two_connectors_keep_their_sessions_apart() -> None:
    one, two = _sessions(
        _start(0),
        _start(5, evse=2, connector=2, message_id="m2", token="b", meter_wh=0.0),
        SessionAccepted(**_base(6), message_id="m2", ref="2"),
        SessionAccepted(**_base(7), message_id="m1", ref="1"),
        SessionEnded(**_base(100), ref="2", meter_wh=500.0),
    )
    assert (one.ended_at, two.energy_wh) == (None, 500.0)


def test_a_refused_start_is_refused_even_when_the_station_ends_it() -> None:
    (row,) = _sessions(
        _start(0),
        SessionAccepted(**_base(1), message_id="m1", ref="5", outcome="Blocked"),
        SessionEnded(**_base(3), ref="5", meter_wh=1000.0, reason="DeAuthorized"),
    )
    assert row.outcome == "refused"


def test_a_fault_in_the_middle_is_no_success_though_the_reason_says_local() -> None:
    (row,) = _sessions(
        StatusReported(**_base(0), evse=1, connector=1, status=Status.CHARGING, error_code="NoError"),
        _start(1),
        StatusReported(**_base(50), evse=1, connector=1, status=Status.FAULTED, error_code="InternalError"),
        SessionEnded(**_base(60), ref=None, meter_wh=5000.0, reason="Local"),
    )
    assert row.outcome == "faulted"


def test_a_session_without_energy_is_no_success_because_the_car_was_unplugged() -> None:
    (row,) = _sessions(_start(0), SessionEnded(**_base(60), meter_wh=1000.0, reason="EVDisconnected"))
    assert row.outcome == "zero_energy"


def test_a_large_register_loses_no_watt_hour() -> None:
    (row,) = _sessions(_start(0, meter_wh=987_654_321.0), SessionEnded(**_base(60), meter_wh=987_654_322.0))
    assert row.energy_wh == 1.0


def test_an_ocpp_2_session_takes_its_connector_from_a_later_event() -> None:
    (row,) = _sessions(
        SessionStarted(**_base(0), ref="tx-1", message_id="q"),
        SessionUpdated(**_base(5), ref="tx-1", evse=2, connector=1, token="a"),
        SessionEnded(**_base(60), ref="tx-1", reason="Local"),
    )
    assert (row.evse, row.connector, row.token, row.energy_wh, row.outcome) == (2, 1, "a", None, "unmeasured")


def test_a_start_sent_again_is_one_session() -> None:
    assert len(_sessions(_start(0, ref="tx"), _start(30, ref="tx"))) == 1


def test_a_queued_session_is_dated_by_the_station_s_clock() -> None:
    status = StatusReported(
        **_base(0),
        evse=1,
        connector=1,
        status=Status.AVAILABLE,
        error_code="NoError",
        station_at=helpers.at(-2),
    )
    (row,) = _sessions(status, _start(7200, station_at=helpers.at(3000)))
    assert row.started_at == helpers.at(3002)


def test_states_are_dated_by_receipt_and_unknown_before_the_first_report() -> None:
    judge = helpers.judge()
    report = StatusReported(
        **_base(50),
        evse=1,
        connector=1,
        status=Status.AVAILABLE,
        error_code="NoError",
        station_at=helpers.at(0),
    )
    rows = [e for e in judge.feed(report) if isinstance(e, IntervalRow)]
    assert [(r.started_at, r.ended_at, r.status) for r in rows] == [(helpers.at(50), None, Status.AVAILABLE)]


def test_a_repeated_state_is_one_interval() -> None:
    judge = helpers.judge()
    for n in range(5):
        judge.feed(
            StatusReported(**_base(n), evse=1, connector=1, status=Status.AVAILABLE, error_code="NoError")
        )
    rows = [
        e
        for e in judge.feed(StatusReported(**_base(9), evse=1, connector=1, status=Status.CHARGING))
        if isinstance(e, IntervalRow)
    ]
    assert [(r.started_at, r.ended_at) for r in rows] == [
        (helpers.at(0), helpers.at(9)),
        (helpers.at(9), None),
    ]


def test_an_outage_is_dated_back_to_the_last_frame() -> None:
    judge = helpers.judge()
    judge.feed(StatusReported(**_base(10), evse=1, connector=1, status=Status.AVAILABLE))
    links = [e for e in judge.advance(helpers.at(5000)) if isinstance(e, LinkRow)]
    assert [(r.state, r.started_at, r.ended_at) for r in links] == [
        ("online", helpers.at(10), helpers.at(10)),
        ("offline", helpers.at(10), None),
    ]


def _named(seconds: float, ref: str, **more: Any) -> SessionStarted:
    """A start as OCPP 2.x tells it: with its own reference and its own time."""
    return _start(
        seconds, **{"ref": ref, "station_at": helpers.at(seconds), "message_id": f"{seconds}", **more}
    )


def _boot(seconds: float) -> Booted:
    return Booted(**_base(seconds), reason="PowerUp")


def test_an_end_that_is_told_twice_is_one_session_and_no_orphan() -> None:
    (row,) = _sessions(
        _named(0, "tx"),
        SessionEnded(**_base(60), ref="tx", meter_wh=5000.0, reason="Local"),
        SessionEnded(**_base(70), ref="tx", meter_wh=5000.0, reason="Other"),
    )
    assert (row.reason, row.outcome, row.energy_wh) == ("Local", "completed", 4000.0)


def test_an_update_after_the_end_opens_nothing() -> None:
    (row,) = _sessions(
        _named(0, "tx"),
        SessionEnded(**_base(60), ref="tx", meter_wh=5000.0),
        SessionUpdated(**_base(70), ref="tx", evse=1, connector=1, charging_state="Charging"),
    )
    assert row.ended_at == helpers.at(60)


def test_a_reference_used_again_after_a_restart_is_another_session() -> None:
    first, second = _sessions(
        _named(0, "1"),
        _boot(100),
        _named(101, "1", station_at=helpers.at(0)),  # the first start again, from the queue
        _named(200, "1"),
        SessionEnded(**_base(300), ref="1", meter_wh=3000.0),
    )
    assert (first.outcome, first.ended_at) == ("unfinished", helpers.at(200))
    assert (second.outcome, second.energy_wh) == ("completed", 2000.0)


def test_two_transactions_that_alternate_at_one_evse_are_two_sessions_each_with_its_end() -> None:
    rows = _sessions(
        _named(0, "a"),
        _named(10, "b", connector=None),
        SessionUpdated(**_base(20), ref="a", evse=1, connector=1),
        SessionUpdated(**_base(30), ref="b", evse=1),
        SessionEnded(**_base(40), ref="a", meter_wh=2000.0, reason="Local"),
        SessionEnded(**_base(50), ref="b", meter_wh=3000.0, reason="EVDisconnected"),
    )
    assert [(row.ref, row.outcome, row.reason) for row in rows] == [
        ("a", "completed", "Local"),
        ("b", "completed", "EVDisconnected"),
    ]


def test_what_happened_offline_is_dated_by_the_station_though_it_is_only_minutes_late() -> None:
    (row,) = _sessions(
        _named(300, "tx", station_at=helpers.at(60), offline=True),
        SessionEnded(**_base(301), ref="tx", station_at=helpers.at(240), offline=True, meter_wh=9000.0),
    )
    assert (row.started_at, row.ended_at) == (helpers.at(60), helpers.at(240))


def test_a_start_that_comes_after_its_updates_completes_the_session() -> None:
    (row,) = _sessions(
        SessionUpdated(**_base(5), ref="tx", evse=1, connector=1),
        MeterRead(**_base(6), evse=1, connector=1, ref="tx", energy_wh=1500.0),
        _named(7, "tx"),
        SessionEnded(**_base(60), ref="tx", meter_wh=3000.0),
    )
    assert (row.token, row.energy_wh) == ("a", 2000.0)


def test_a_session_that_names_its_evse_late_has_it_from_then_on() -> None:
    first, second = _sessions(
        _named(0, "a"),
        _named(10, "b", evse=None, connector=None),
        SessionUpdated(**_base(20), ref="b", evse=1, connector=1),
    )
    assert (first.outcome, first.ended_at) == ("unfinished", helpers.at(20))
    assert (second.evse, second.ended_at) == (1, None)


def test_a_transaction_that_its_station_calls_0_is_no_lost_one() -> None:
    (row,) = _sessions(_named(0, "0"), SessionEnded(**_base(60), ref="0", meter_wh=2000.0))
    assert (row.ref, row.energy_wh) == ("0", 1000.0)
