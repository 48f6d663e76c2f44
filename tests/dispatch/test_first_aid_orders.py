"""What judgement asks of a station leaves the engine once, after its commit, and never for the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.catalog_files import load_catalog
from data.store import Batch, Store
from rules.core.aid_policy import AidPlan, AidPolicy, Remedy
from rules.core.judge import Judge
from rules.core.model import Connected, FirstAidRow, Observation, Status, StatusReported
from rules.core.policy import Policy
from rules.dispatch.engine import Engine
from tests.sinks import wait_until

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
AID = AidPolicy(id="one", fault="station.internal", do=Remedy.SOFT_RESET)
POLICY = Policy(hold_scale=0.0, boot_noise_s=0.0, first_aid=AidPlan(policies=(AID,)))


def breakdown(store: Store, station: str) -> Batch:
    told: list[Observation] = [
        Connected(station=station, at=START, record_id=store.next_record_id(), version="1.6")
    ]
    for n, code in enumerate(("NoError", "InternalError"), 1):
        told.append(
            StatusReported(
                station=station,
                at=START + timedelta(seconds=n),
                record_id=store.next_record_id(),
                evse=1,
                connector=1,
                status=Status.AVAILABLE if code == "NoError" else Status.FAULTED,
                error_code=code,
            )
        )
    return Batch(observations=told)


def engine_on(store: Store, orders: list[FirstAidRow]) -> Engine:
    catalog = load_catalog()
    return Engine(
        store,
        lambda state: Judge(catalog, {}, POLICY, (), state),
        lambda: START + timedelta(seconds=10),
        lambda notice, incident: ("en", "", ""),
        on_first_aid=orders.extend,
        tick_s=0.02,
    )


def test_an_order_leaves_once_it_is_written_and_not_again_when_it_is_judged_again(tmp_path: Path) -> None:
    orders: list[FirstAidRow] = []
    with Store.open(tmp_path / "laadwacht.duckdb") as store:
        engine = engine_on(store, orders)
        engine.start()
        store.submit(breakdown(store, "A"))
        assert wait_until(lambda: bool(orders))
        assert store.sql("SELECT station, outcome FROM first_aid").rows() == [("A", None)]
        engine.stop()
    assert [(row.station, row.do) for row in orders] == [("A", "soft_reset")]


def test_what_a_crash_left_unjudged_is_written_down_and_never_sent(tmp_path: Path) -> None:
    orders: list[FirstAidRow] = []
    with Store.open(tmp_path / "laadwacht.duckdb") as store:
        store.submit(breakdown(store, "A"))
        store.settle()
        engine = engine_on(store, orders)
        engine.start()
        assert store.sql("SELECT station, outcome FROM first_aid").rows() == [("A", None)]
        engine.stop()
    assert orders == []
