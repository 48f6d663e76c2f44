"""The uptime query adds up the same seconds as the pure arithmetic of rules.core, whatever the intervals."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.store import Store
from rules.core.facts.uptime import Definition, Span, Uptime, uptime
from rules.core.model import (
    BlindRow,
    Cause,
    Effect,
    IncidentRow,
    IncidentState,
    IntervalRow,
    LinkRow,
    Owner,
    PlannedRow,
    Scope,
    Severity,
    Side,
    StationRow,
    Status,
)
from tests.pages.factory_incidents import CASES

START = datetime(2026, 10, 20, tzinfo=UTC)  # a change to winter time lies within the ten days
END = START + timedelta(days=10)
STATION = "BE-1"
EVERY = ["total", "day", "station", "station_day", "connector"]


def chain(dice: random.Random, parts: int, *, gaps: bool = True) -> list[tuple[datetime, datetime | None]]:
    """Spans one after the other, some with gaps, the last one open."""
    moments = sorted(START + timedelta(seconds=dice.randint(-80_000, 860_000)) for _ in range(parts))
    spans = [(a, b) for a, b in pairwise(moments) if a < b and (dice.random() < 0.9 or not gaps)]
    return [*spans, (moments[-1], None)]


def incident(dice: random.Random, number: int) -> IncidentRow:
    began = START + timedelta(seconds=dice.randint(-50_000, 800_000))
    whole = dice.random() < 0.5
    return IncidentRow(
        incident_id=f"i{number}",
        key=f"k{number}",
        state=IncidentState.RESOLVED,
        scope=Scope.STATION if whole else Scope.CONNECTOR,
        fault="station.offline",
        side=Side.HARDWARE,
        cause=dice.choice([CASES[0].cause, Cause.VEHICLE, Cause.EXTERNAL]),
        owner=dice.choice(list(Owner)),
        task="t",
        severity=Severity.HIGH,
        confidence=0.9,
        rule_id="r",
        rule_version="1",
        pending_at=began,
        closed_at=began + timedelta(seconds=dice.randint(1, 200_000)),
        station=STATION,
        evse=None if whole else 1,
        connector=None if whole else 1,
    )


class History(NamedTuple):
    """What is recorded of one station with two connectors, 1 and 2."""

    statuses: dict[int, list[IntervalRow]]
    whole: list[IntervalRow]
    links: list[LinkRow]
    blind: list[BlindRow]
    incidents: list[IncidentRow]
    planned: list[PlannedRow]

    def effects(self) -> list[Effect]:
        station = StationRow(station=STATION, first_seen_at=START, last_seen_at=END)
        rows = (*self.statuses.values(), self.whole, self.links, self.blind, self.incidents, self.planned)
        return [station, *(row for kind in rows for row in kind)]

    def figure(self, number: int, window: Span, definition: Definition) -> Uptime:
        return uptime(
            window,
            END,
            statuses=self.statuses[number],
            links=self.links,
            whole=self.whole,
            blind=self.blind,
            planned=[Span(row.started_at, row.ended_at) for row in self.planned],
            incidents=[row for row in self.incidents if row.connector in (None, number)],
            definition=definition,
        )


def history(dice: random.Random) -> History:
    # The second connector is spoken of without gaps, as a store fills itself; the first with gaps.
    return History(
        statuses={
            number: [
                IntervalRow(
                    station=STATION,
                    evse=number,
                    connector=number,
                    started_at=a,
                    ended_at=z,
                    status=dice.choice(list(Status)),
                )
                for a, z in chain(dice, 12, gaps=number == 1)
            ]
            for number in (1, 2)
        },
        whole=[
            IntervalRow(station=STATION, evse=0, connector=0, started_at=a, ended_at=z, status=status)
            for (a, z), status in zip(
                chain(dice, 3), [Status.AVAILABLE, Status.FAULTED, Status.AVAILABLE], strict=False
            )
        ],
        links=[
            LinkRow(
                station=STATION, started_at=a, ended_at=z, state=dice.choice(["online", "online", "offline"])
            )
            for a, z in chain(dice, 8)
        ],
        blind=[
            BlindRow(started_at=a, ended_at=a + timedelta(minutes=7), reason="owner_down")
            for a, _ in chain(dice, 4)
        ],
        incidents=[incident(dice, number) for number in range(6)],
        planned=[
            PlannedRow(station=STATION, window_id=f"m{n}", started_at=a, ended_at=a + timedelta(hours=5))
            for n in (1, 2)
            for a, _ in chain(dice, 3)
        ],
    )


def query_agrees(store: Store, past: History, window: Span) -> None:
    rows = store.query("uptime", since=window.start, until=window.end, station=None, levels=EVERY)
    expected = {number: past.figure(number, window, Definition.CONNECTED_AND_OPERATIVE) for number in (1, 2)}
    for level in ("total", "station", "day", "station_day"):
        agree(rows.filter(rows["level"] == level), list(expected.values()), level)
    for number, told in expected.items():
        row = rows.filter(rows["level"] == "connector", rows["connector"] == number)
        agree(row, [told], f"{number}")
        nevi = past.figure(number, window, Definition.NEVI)
        assert row["excused_s"].sum() == pytest.approx(nevi.excused_s, abs=0.01)
        reported = past.figure(number, window, Definition.REPORTED)
        said = row["faulted_s"].sum() + row["unavailable_s"].sum()
        assert said == pytest.approx(reported.down_s, abs=0.01)
        assert row["up_s"].sum() == pytest.approx(reported.up_s, abs=0.01)


@pytest.mark.parametrize("seed", range(24))
def test_the_query_and_the_pure_arithmetic_agree_to_the_second(store: Store, seed: int) -> None:
    past = history(random.Random(seed))
    store.apply(past.effects())
    query_agrees(store, past, Span(START, END))


def agree(rows: pl.DataFrame, expected: list[Uptime], what: str) -> None:
    def same(seconds: float, wanted: float) -> None:
        assert seconds == pytest.approx(wanted, abs=0.01), what

    same(rows["up_s"].sum(), sum(part.up_s for part in expected))
    down = rows["offline_s"].sum() + rows["faulted_s"].sum() + rows["unavailable_s"].sum()
    same(down, sum(part.down_s for part in expected))
    same(rows["unknown_s"].sum(), sum(part.unknown_s + part.blind_s for part in expected))
    same(rows["planned_s"].sum(), sum(part.planned_s for part in expected))
    for owner in Owner:
        told = sum(part.down_by_owner.get(owner.value, 0.0) for part in expected)
        same(rows[f"down_{owner.value}_s"].sum(), told)


@pytest.mark.parametrize("level", EVERY)
def test_a_level_asked_alone_tells_what_it_tells_among_all(store: Store, level: str) -> None:
    store.apply(history(random.Random(3)).effects())
    window = {"since": START, "until": END, "station": None}
    among = store.query("uptime", **window, levels=EVERY).filter(pl.col("level") == level)
    assert_frame_equal(store.query("uptime", **window, levels=[level]), among)


def test_a_connector_that_never_spoke_is_unknown_and_never_up(store: Store) -> None:
    store.apply([StationRow(station=STATION, first_seen_at=START, last_seen_at=END)])
    total = store.query("uptime", since=START, until=END, station=None, levels=["total"]).row(0, named=True)
    assert total["up_s"] == 0
    assert total["unknown_s"] == pytest.approx(10 * 86_400)
