"""A storm with real receivers: 500 stations in ten seconds are one message for each place and party."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from data.catalog_files import load_catalog
from data.store import Batch, Store
from rules.core.judge import Judge
from rules.core.model import Asset, Status, StatusReported
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.dispatch.delivery import Delivery
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.engine import Engine
from rules.dispatch.message import Renderer
from tests.dispatch.lanes import Clock
from tests.sinks import http_sink, wait_until

STATIONS, SITES, INSTALLERS = 500, 20, 3


def test_a_storm_of_500_stations_is_one_message_for_each_site_and_installer(tmp_path: Path) -> None:
    catalog = load_catalog(None)
    register = {
        f"S{n % SITES:02d}-{n:03d}": Asset(
            station=f"S{n % SITES:02d}-{n:03d}",
            site=f"S{n % SITES:02d}",
            installer=f"I{n % SITES % INSTALLERS}",
        )
        for n in range(STATIONS)
    }
    clock = Clock()
    policy = Policy(hold_scale=0, group_wait_s=60, offline_min_s=864_000)
    with ExitStack() as stack:
        sinks = {f"i{n}": stack.enter_context(http_sink()) for n in range(INSTALLERS)}
        configs = [
            DestinationConfig(name=name, party=f"installer:I{name[1:]}", url=sink.url)
            for name, sink in sinks.items()
        ]
        routes = [Destination(name=one.name, party=one.party) for one in configs]
        store = stack.enter_context(Store.open(tmp_path / "a.duckdb"))
        renderer = Renderer(catalog, lambda: register, {}, "http://127.0.0.1:8501")
        delivery = Delivery(store, configs, clock, renderer.mark_duplicate, settle_s=0.0)
        engine = Engine(
            store,
            lambda state: Judge(catalog, register, policy, routes, state),
            clock,
            renderer,
            on_notices=delivery.wake,
            tick_s=0.02,
        )
        engine.start()
        delivery.start()
        try:
            start = clock()
            storm = [
                StatusReported(
                    station=name,
                    at=start + timedelta(seconds=10 * n / STATIONS),
                    record_id=store.next_record_id(),
                    evse=1,
                    connector=1,
                    status=Status.FAULTED,
                    error_code="ReaderFailure",
                )
                for n, name in enumerate(register)
            ]
            store.submit(Batch(observations=storm), None)
            store.settle()
            clock.pass_s(10)
            assert wait_until(lambda: engine.stats().judged >= STATIONS)
            assert engine.drain()
            assert not any(sink.requests for sink in sinks.values()), "the group waits"
            clock.pass_s(120)
            marked = "SELECT count(*) AS n FROM notice WHERE state = 'sent'"
            assert wait_until(lambda: store.sql(marked)["n"][0] == SITES)
            clock.pass_s(200)
            assert engine.drain()
            sent = store.sql("SELECT destination FROM notice WHERE state = 'sent'")["destination"].to_list()
            told = store.sql("SELECT count(*) AS n FROM notice_item")["n"][0]
        finally:
            engine.stop()
            delivery.stop(wait_s=1.0)
        assert Counter(sent) == {"i0": 7, "i1": 7, "i2": 6}
        assert told == STATIONS
        assert sum(len(sink.requests) for sink in sinks.values()) == SITES
        text = sinks["i0"].requests[0].json()["message"]
        assert "S00-000" in text
        assert "13" in text, "what does not fit is counted"
        assert "{" not in text
