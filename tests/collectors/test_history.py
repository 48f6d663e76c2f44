"""A generated history is plausible, in order, of bounded size and always the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from ocpp.messages import Call, validate_payload

from collectors.decode.privacy import Pseudonymiser
from collectors.logs.importer import import_log, judges
from collectors.logs.logfile import LogRecord, records_of
from collectors.simulator import demo_assets, stations_of
from collectors.simulator.history import generate
from collectors.simulator.history_plan import HEARTBEAT_S, plan_fleet
from data.catalog_files import load_catalog
from data.store import Store
from rules.core.policy import Policy

UNTIL = datetime(2026, 11, 22, 10, tzinfo=UTC)
ASSETS = demo_assets(12)


def history(days: float = 20, seed: int = 1) -> list[dict[str, Any]]:
    return list(generate(ASSETS, days, UNTIL, seed))


def test_it_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert history(5) == history(5)
    assert history(5) != history(5, seed=2)


def test_records_are_in_order_within_the_period_and_of_the_fixed_format() -> None:
    rows = history()
    times = [row["t"] for row in rows]
    assert times == sorted(times)
    records = list(records_of(rows))
    assert all(isinstance(item, LogRecord) for item in records)
    first, last = records[0], records[-1]
    assert isinstance(first, LogRecord)
    assert isinstance(last, LogRecord)
    assert first.at >= UNTIL - timedelta(days=20)
    assert last.at < UNTIL


def test_every_request_has_its_answer_and_every_station_boots_with_its_interval() -> None:
    rows = history(5)
    asked = {row["raw"][1] for row in rows if row.get("dir") == "in"}
    answered = {row["raw"][1] for row in rows if row.get("dir") == "out"}
    assert len(asked - answered) <= len(ASSETS)  # the last answer may fall behind the end
    boots = [row for row in rows if row.get("dir") == "out" and "interval" in row["raw"][2]]
    assert {row["station"] for row in boots} == {asset.station for asset in ASSETS}
    assert {row["raw"][2]["interval"] for row in boots} == {HEARTBEAT_S}


def test_no_session_is_left_open_at_the_end_and_meters_never_go_back() -> None:
    rows = [row["raw"] for row in history() if row.get("dir") == "in"]
    starts = [raw for raw in rows if raw[2] == "StartTransaction"]
    stops = [raw for raw in rows if raw[2] == "StopTransaction"]
    assert len(starts) == len(stops) > 50
    kinds = Counter(raw[3]["eventType"] for raw in rows if raw[2] == "TransactionEvent")
    assert kinds["Started"] == kinds["Ended"] > 5
    energy = [stop[3]["meterStop"] for stop in stops]
    assert min(energy) > 0


def test_every_call_is_valid_by_the_ocpp_schemas() -> None:
    async def check() -> None:
        versions = {station.identity: station.version for station in stations_of(ASSETS)}
        for row in history(6):
            if row.get("dir") == "in":
                _, message_id, action, payload = row["raw"]
                await validate_payload(Call(message_id, action, payload), versions[row["station"]])

    asyncio.run(check())


def test_a_whole_site_goes_away_together_once() -> None:
    stations = stations_of(demo_assets(40))
    plans = plan_fleet(stations, UNTIL - timedelta(days=90), UNTIL, 1)
    sizes = Counter(station.site for station in stations)
    site, size = sizes.most_common(1)[0]
    members = [station.identity for station in stations if station.site == site]
    lost = [
        spell.start
        for name in members
        for spell in plans[name].away
        if abs((spell.start - (UNTIL - timedelta(days=90) * 0.38)).total_seconds()) < 60
    ]
    assert len(lost) == size


def test_what_befalls_a_station_does_not_overlap() -> None:
    for plan in plan_fleet(stations_of(demo_assets(40)), UNTIL - timedelta(days=90), UNTIL, 3).values():
        spells = sorted([*plan.away, *plan.broken], key=lambda spell: spell.start)
        for one, following in pairwise(spells):
            assert one.end < following.start


def test_ninety_days_of_forty_stations_stay_below_350_000_records() -> None:
    # Ten days, scaled: the full length differs by rare events only.
    rows = list(generate(demo_assets(40), 10, UNTIL, 1))
    assert len(rows) * 9 < 350_000
    firmwares = {
        (row["station"][:3], row["raw"][3].get("firmwareVersion"))
        for row in rows
        if row.get("dir") == "in" and row["raw"][2] == "BootNotification"
    }
    assert len(firmwares) > 8


@pytest.mark.parametrize(("days", "until"), [(0, UNTIL), (-1, UNTIL), (1, None), (1, datetime(2026, 1, 1))])  # noqa: DTZ001
def test_a_period_that_is_none_is_refused(days: float, until: datetime | None) -> None:
    with pytest.raises(ValueError, match="history needs"):
        list(generate(ASSETS, days, until))


def test_imported_it_shows_sessions_both_sides_an_outage_and_hardly_a_finding(store: Store) -> None:
    assets = demo_assets(24)
    make = judges(load_catalog(), {asset.station: asset for asset in assets}, Policy(), [])
    records = records_of(generate(assets, 30, UNTIL, 1))
    report = import_log(records, store, Pseudonymiser(b"k" * 32), make, own_past=True)
    assert report.bad == report.late == report.already_there == 0
    sides = dict(store.sql("SELECT side, count(*) FROM incident GROUP BY side").rows())
    assert sides["hardware"] > 3
    assert sides["software"] > 3
    assert store.sql("SELECT count(*) FROM incident WHERE scope = 'site'").rows() == [(1,)]
    assert store.sql("SELECT count(*) FROM session WHERE energy_wh > 0").rows()[0][0] > 300
    assert store.sql("SELECT count(*) FROM session WHERE ended_at IS NULL").rows() == [(0,)]
    assert store.sql("SELECT count(*) FROM frame WHERE len(findings) > 0").rows() == [(0,)]
