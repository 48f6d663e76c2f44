"""From a station's report to a message at the receiver: real judge, catalogue, store, Apprise and sinks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.catalog_files import load_catalog
from data.store import Batch, Store
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import Asset, Connected, Heartbeat, Observation, Status, StatusReported
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.dispatch.apprise_target import DUPLICATE_HEADER
from rules.dispatch.delivery import Delivery
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.engine import Engine
from rules.dispatch.message import Renderer
from tests.sinks import HttpSink, SmtpSink, http_sink, smtp_sink, wait_until

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
REGISTER = {
    f"GNT-{i}": Asset(
        station=f"GNT-{i}",
        site="Korenmarkt",
        address="Korenmarkt 1, 9000 Gent",
        installer="Volt",
        make="Alfen",
    )
    for i in range(1, 7)
}
AT_ONCE = Policy(hold_scale=0.0, group_wait_s=0.0, clear_delay_s=0.0, boot_noise_s=0.0)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@contextmanager
def house(
    path: Path, clock: Clock, catalog: Catalog, urls: dict[str, str], policy: Policy
) -> Iterator[tuple[Store, Engine]]:
    """Store, engine and delivery as the owner process wires them; `urls` by party."""
    names = {"operator": "wacht", "installer:Volt": "volt"}
    configs = [DestinationConfig(name=names[party], party=party, url=url) for party, url in urls.items()]
    routes = [Destination(name=one.name, party=one.party) for one in configs]

    def make(state: bytes | None) -> Judge:
        return Judge(catalog, REGISTER, policy, routes, state)

    renderer = Renderer(catalog, lambda: REGISTER, {}, "http://127.0.0.1:8501")
    with Store.open(path) as store:
        delivery = Delivery(store, configs, clock, renderer.mark_duplicate, settle_s=0.0)
        engine = Engine(store, make, clock, renderer, on_notices=delivery.wake, tick_s=0.02)
        engine.start()
        delivery.start()
        try:
            yield store, engine
        finally:
            engine.stop()
            delivery.stop(wait_s=1.0)


def tell(
    store: Store, clock: Clock, make: Callable[[str, datetime, int], Observation], *stations: str
) -> None:
    batch = [make(station, clock(), store.next_record_id()) for station in stations]
    stored = threading.Event()
    store.submit(Batch(observations=batch), lambda _error: stored.set())
    assert stored.wait(20)


def connected(station: str, at: datetime, record_id: int) -> Observation:
    return Connected(station=station, at=at, record_id=record_id, version="1.6")


def heartbeat(station: str, at: datetime, record_id: int) -> Observation:
    return Heartbeat(station=station, at=at, record_id=record_id)


def report(value: Status, code: str) -> Callable[[str, datetime, int], Observation]:
    def make(station: str, at: datetime, record_id: int) -> Observation:
        return StatusReported(
            station=station, at=at, record_id=record_id, evse=1, connector=1, status=value, error_code=code
        )

    return make


@contextmanager
def receivers() -> Iterator[tuple[HttpSink, SmtpSink]]:
    with http_sink() as web, smtp_sink() as mail:
        yield web, mail


def test_a_hardware_fault_reaches_the_installer_with_proof_and_its_end_follows(
    tmp_path: Path, catalog: Catalog
) -> None:
    clock = Clock()
    with receivers() as (web, mail):
        urls = {"operator": web.url, "installer:Volt": mail.url}
        with house(tmp_path / "a.duckdb", clock, catalog, urls, AT_ONCE) as (store, engine):
            tell(store, clock, connected, "GNT-1")
            clock.now += timedelta(minutes=5)
            tell(store, clock, report(Status.FAULTED, "GroundFailure"), "GNT-1")
            assert mail.wait_for(1)
            clock.now += timedelta(minutes=5)
            tell(store, clock, report(Status.AVAILABLE, "NoError"), "GNT-1")
            assert mail.wait_for(2), engine.stats()
            assert wait_until(lambda: set(store.sql("SELECT state FROM notice")["state"]) == {"sent"})
    assert web.requests == [], "the helpdesk has nothing to do with it"
    opening, ending = (one.message for one in mail.mails)
    assert catalog.faults["electrical.ground"].name.nl in str(opening["Subject"]).lower()
    text = opening.get_content()
    for words in ("laadpaal GNT-1", "Korenmarkt 1, 9000 Gent", "Waarom bij u", "GroundFailure", "11:05"):
        assert words in text
    for raw in ("says.", "message.", "{"):
        assert raw not in text
    assert "/fault?id=" in text
    assert str(ending["Subject"]).startswith("[Laadwacht] Opgelost: ")


def test_a_restart_neither_repeats_nor_forgets_a_message(tmp_path: Path, catalog: Catalog) -> None:
    clock = Clock()
    path = tmp_path / "a.duckdb"
    with receivers() as (web, mail):
        urls = {"operator": web.url, "installer:Volt": mail.url}
        with house(path, clock, catalog, urls, AT_ONCE) as (store, _engine):
            tell(store, clock, connected, "GNT-1", "GNT-2")
            clock.now += timedelta(minutes=5)
            tell(store, clock, report(Status.FAULTED, "GroundFailure"), "GNT-1")
            assert mail.wait_for(1)
            assert wait_until(lambda: list(store.sql("SELECT state FROM notice")["state"]) == ["sent"])
        clock.now += timedelta(minutes=1)
        with house(path, clock, catalog, urls, AT_ONCE) as (store, _engine):
            tell(store, clock, report(Status.FAULTED, "GroundFailure"), "GNT-2")
            assert mail.wait_for(2)
            clock.now += timedelta(minutes=1)
            tell(store, clock, report(Status.AVAILABLE, "NoError"), "GNT-1")
            assert mail.wait_for(3)
            assert wait_until(lambda: set(store.sql("SELECT state FROM notice")["state"]) == {"sent"})
    subjects = [str(one.message["Subject"]) for one in mail.mails]
    assert ["GNT-1" in subject for subject in subjects] == [True, False, True]
    assert subjects[2].startswith("[Laadwacht] Opgelost: ")
    assert all(one.message[DUPLICATE_HEADER] is None for one in mail.mails)
    assert web.requests == []


def test_our_own_outage_raises_no_alarm(tmp_path: Path, catalog: Catalog) -> None:
    clock = Clock()
    path = tmp_path / "a.duckdb"
    with receivers() as (web, mail):
        urls = {"operator": web.url, "installer:Volt": mail.url}
        with house(path, clock, catalog, urls, AT_ONCE) as (store, engine):
            tell(store, clock, connected, *REGISTER)
            assert wait_until(lambda: engine.stats().judged == len(REGISTER))
        clock.now += timedelta(hours=8)
        with house(path, clock, catalog, urls, AT_ONCE) as (store, engine):
            assert wait_until(lambda: engine.stats().judged == 1), "the blind time"
            tell(store, clock, heartbeat, *REGISTER)
            assert wait_until(lambda: engine.stats().judged == 1 + len(REGISTER))
            assert engine.drain()
            assert store.sql("SELECT * FROM incident").is_empty()
            assert store.sql("SELECT * FROM link_interval WHERE state = 'offline'").is_empty()
            assert store.sql("SELECT * FROM blind_interval").height == 1
    assert not web.requests
    assert not mail.mails


def test_silence_of_one_station_is_told_once_when_time_has_passed(tmp_path: Path, catalog: Catalog) -> None:
    clock = Clock()
    with receivers() as (web, mail):
        urls = {"operator": web.url, "installer:Volt": mail.url}
        with house(tmp_path / "a.duckdb", clock, catalog, urls, AT_ONCE) as (store, engine):
            tell(store, clock, connected, *REGISTER)
            assert wait_until(lambda: engine.stats().judged == len(REGISTER))
            others = [name for name in REGISTER if name != "GNT-1"]
            for _ in range(10):
                clock.now += timedelta(minutes=5)
                tell(store, clock, heartbeat, *others)
                assert engine.drain()
            assert mail.wait_for(1)
            clock.now += timedelta(minutes=5)
            tell(store, clock, heartbeat, *REGISTER)
            assert mail.wait_for(2)
    first, second = (str(one.message["Subject"]) for one in mail.mails)
    assert "GNT-1" in first
    assert second.startswith("[Laadwacht] Opgelost: ")
    assert not web.requests
