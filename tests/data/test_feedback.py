"""What people found out afterwards: kept, each person's last word, and counted by rule, make and firmware."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.look_back.precision import precision_of
from data.at_rest import RestingStore
from data.catalog_files import load_catalog
from data.register import write_register
from data.store import Store
from rules.core.judge import Judge
from rules.core.model import (
    Asset,
    Booted,
    Effect,
    FeedbackRow,
    IncidentEventRow,
    IncidentRow,
    Observation,
    Status,
    StatusReported,
    UserActed,
)
from rules.core.policy import Policy

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ASSETS = [Asset(station="A", make="Volta"), Asset(station="B")]


def fault(station: str, minute: int, code: str) -> StatusReported:
    at = NOON + timedelta(minutes=minute)
    return StatusReported(station=station, at=at, evse=1, connector=1, status=Status.FAULTED, error_code=code)


def said(incident_id: str, minute: int, verdict: str | None, by: str = "an@x.be", **more: str) -> UserActed:
    at = NOON + timedelta(minutes=minute)
    return UserActed(
        station="", at=at, action="feedback", incident_id=incident_id, by=by, verdict=verdict, **more
    )


def judged(*observations: Observation) -> tuple[Judge, list[Effect]]:
    judge = Judge(load_catalog(), {}, Policy(), ())
    return judge, [effect for seen in observations for effect in judge.feed(seen)]


def opened(effects: list[Effect]) -> dict[str, IncidentRow]:
    rows = {row.incident_id: row for row in effects if isinstance(row, IncidentRow)}
    return {number: row for number, row in rows.items() if row.opened_at is not None}


def test_a_feedback_is_kept_with_the_history_of_the_incident() -> None:
    judge, effects = judged(fault("A", 0, "GroundFailure"))
    (number,) = opened(effects)
    found = judge.feed(said(number, 5, "wrong_side", side="software", text="back end"))
    (row,) = [effect for effect in found if isinstance(effect, FeedbackRow)]
    assert (row.verdict, row.side, row.by) == ("wrong_side", "software", "an@x.be")
    (event,) = [effect for effect in found if isinstance(effect, IncidentEventRow)]
    assert (event.event, event.detail["verdict"]) == ("feedback", "wrong_side")


def test_a_feedback_counts_on_what_is_over_and_on_what_judgement_forgot() -> None:
    ended = StatusReported(
        station="A", at=NOON + timedelta(minutes=10), evse=1, connector=1, status=Status.AVAILABLE
    )
    judge, effects = judged(fault("A", 0, "GroundFailure"), ended)
    (number,) = opened(effects)
    judge.advance(NOON + timedelta(minutes=30))
    for minute in (40, 40 + 30 * 24 * 60):
        found = judge.feed(said(number, minute, "confirmed"))
        assert [row.verdict for row in found if isinstance(row, FeedbackRow)] == ["confirmed"]


def test_a_word_that_is_no_verdict_is_not_kept() -> None:
    judge, _ = judged(fault("A", 0, "GroundFailure"))
    assert [row for row in judge.feed(said("x", 5, "perhaps")) if isinstance(row, FeedbackRow)] == []


def test_precision_is_counted_by_the_last_word_on_each_incident(tmp_path: Path) -> None:
    boot = Booted(station="A", at=NOON - timedelta(minutes=1), make="Volta", firmware="1.2")
    judge, effects = judged(
        boot,
        fault("A", 0, "GroundFailure"),
        fault("B", 1, "GroundFailure"),
        fault("B", 2, "OverCurrentFailure"),
    )
    numbers = [row.incident_id for row in sorted(opened(effects).values(), key=lambda row: row.pending_at)]
    assert len(numbers) == 3
    for act in (
        said(numbers[0], 3, "no_fault_found"),
        said(numbers[1], 3, "confirmed", by="bo@x.be"),
        said(numbers[0], 4, "confirmed"),
        said(numbers[1], 4, "wrong_side"),
    ):
        effects += judge.feed(act)
    with Store.open(tmp_path / "laadwacht.duckdb") as store:
        write_register(store, ASSETS)
        store.apply(effects, cursor=None)
        assert store.sql("SELECT count(*) FROM feedback").item(0, 0) == 3
    with RestingStore.open(tmp_path / "laadwacht.duckdb") as rest:
        since, until = NOON - timedelta(days=1), NOON + timedelta(days=1)
        by_make = precision_of(rest.query, since, until, "make")
        assert by_make["total"] == {
            "incidents": 3,
            "judged": 2,
            "confirmed": 1,
            "wrong_side": 1,
            "no_fault_found": 0,
            "precision": 0.5,
        }
        assert [(row["make"], row["precision"]) for row in by_make["rows"]] == [(None, 0.0), ("Volta", 1.0)]
        assert [row["firmware"] for row in precision_of(rest.query, since, until, "firmware")["rows"]] == [
            None,
            "Volta 1.2",
        ]
        assert precision_of(rest.query, until, until, "rule")["total"]["precision"] is None
