"""A destination that fails becomes an incident by itself, and its end too: real sinks, the real judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.settings.options import Settings
from data.catalog_files import load_catalog
from data.store import Store
from rules.core.judge import Judge
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.dispatch.delivery import Delivery
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.engine import Engine
from rules.dispatch.message import Renderer
from tests.dispatch.lanes import Clock, add, opening, real_time, rows, running
from tests.dispatch.lanes import config as operators
from tests.sinks import http_sink, wait_until

SECRET = "s3kr3t-t0ken"


def told(store: Store) -> list[tuple[Any, ...]]:
    query = "SELECT body->>'destination', body->>'failing' FROM observation WHERE kind = 'destination_fared'"
    return store.sql(f"{query} ORDER BY record_id").rows()


@pytest.mark.parametrize(
    ("mode", "notices"), [(401, 1), (500, 3)], ids=["refused for good", "three times in a row"]
)
def test_failing_is_told_once_and_its_end_once_though_a_restart_lies_between(
    store: Store, mode: int, notices: int
) -> None:
    clock = Clock()
    with http_sink(mode) as sink, running(store, clock, operators("ziek", sink.url)) as delivery:
        add(store, *(opening(f"inc{i}", "ziek") for i in range(notices)))
        delivery.wake(["ziek"])
        assert wait_until(lambda: told(store) == [("ziek", "true")])
    with http_sink() as sink, running(store, clock, operators("ziek", sink.url)) as delivery:
        add(store, opening("inc9", "ziek"))
        delivery.wake(["ziek"])
        assert wait_until(lambda: told(store) == [("ziek", "true"), ("ziek", "false")])


def test_a_single_failure_of_the_moment_is_not_told(store: Store) -> None:
    clock = Clock()
    with http_sink(500) as sink, running(store, clock, operators("ziek", sink.url)) as delivery:
        add(store, opening("inc1", "ziek"))
        delivery.wake(["ziek"])
        assert wait_until(lambda: rows(store, "state, attempts, last_class") == [("queued", 1, "transient")])
        sink.mode = 200
        clock.pass_s(60)
        delivery.wake(["ziek"])
        assert wait_until(lambda: rows(store, "state") == [("sent",)])
    assert told(store) in ([], [("ziek", "false")])


def test_a_destination_that_is_taken_out_of_the_configuration_fails_no_more(store: Store) -> None:
    clock = Clock()
    with http_sink(401) as sink, running(store, clock, operators("ziek", sink.url)) as delivery:
        add(store, opening("inc1", "ziek"))
        delivery.wake(["ziek"])
        assert wait_until(lambda: told(store) == [("ziek", "true")])
        with running(store, clock, operators("ander", sink.url)):
            assert wait_until(lambda: told(store) == [("ziek", "true"), ("ziek", "false")])


def test_an_installer_who_cannot_be_reached_is_an_incident_that_the_helpdesk_hears(tmp_path: Path) -> None:
    catalog, clock = load_catalog(), real_time
    with http_sink(401) as volt, http_sink() as desk, Store.open(tmp_path / "a.duckdb") as store:
        configs = [
            DestinationConfig(name="volt", party="installer:Volt", url=f"{volt.url}?+X-Token={SECRET}"),
            DestinationConfig(name="desk", party="operator", url=desk.url),
        ]
        renderer = Renderer(catalog, dict, {}, Settings().dashboard.link())
        destinations = [Destination(name=one.name, party=one.party) for one in configs]
        policy = Policy(group_wait_s=0.0)
        make: Callable[[bytes | None], Judge] = lambda state: Judge(catalog, {}, policy, destinations, state)  # noqa: E731
        delivery = Delivery(
            store, configs, clock, renderer.mark_duplicate, undelivered=renderer.undelivered, settle_s=0.0
        )
        engine = Engine(store, make, clock, renderer, on_notices=delivery.wake)
        engine.start()
        delivery.start()
        add(store, opening("inc1", "volt"))
        delivery.wake(["volt"])
        assert desk.wait_for(2)
        titles = sorted(one.json()["title"] for one in desk.requests)
        volt.mode = 200
        add(store, opening("inc2", "volt"))
        delivery.wake(["volt"])
        assert desk.wait_for(3)
        engine.stop()
        delivery.stop()
        said = " ".join(one.body.decode() for one in desk.requests)
        stored = str(store.sql("SELECT * FROM incident").rows()) + str(store.sql("FROM notice").rows())
    assert titles[0].startswith("(niet bezorgd aan volt)")
    assert titles[1].startswith("[Laadwacht] Berichten komen niet aan")
    assert "Bestemming volt neemt onze berichten niet aan (HTTP 401)." in said
    assert desk.requests[-1].json()["title"].startswith("[Laadwacht] Opgelost: ")
    assert SECRET not in said + stored
