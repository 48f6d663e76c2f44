"""What an import remembers: which records it heard, and effects that may not be wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.import_memory import Heard, HeldEffects
from rules.core.model import Effect, IncidentEventRow, StationRow

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def seen(station: str, minutes: int) -> StationRow:
    return StationRow(
        station=station, first_seen_at=NOON, last_seen_at=NOON + timedelta(minutes=minutes), connected=None
    )


def entry(n: int) -> IncidentEventRow:
    return IncidentEventRow(incident_id="i", n=n, at=NOON, event="opened")


@given(st.lists(st.integers(0, 200_000), max_size=60))
def test_a_record_is_heard_again_exactly_when_it_was_asked_for_before(records: list[int]) -> None:
    heard, known = Heard(), set[int]()
    for record in records:
        assert heard.again(record) is (record in known)
        known.add(record)


def test_a_million_records_are_remembered_in_little_room() -> None:
    heard = Heard()
    assert not any(heard.again(number) for number in range(0, 1_000_000, 97))
    assert len(heard._bits) < 140_000


def test_of_a_row_written_again_the_last_is_kept_and_of_history_everything() -> None:
    held = HeldEffects()
    effects: list[Effect] = [seen("A", 1), entry(1), seen("B", 1), seen("A", 2), entry(2), seen("A", 3)]
    held.add(effects)
    assert held.release() == [seen("A", 3), entry(1), seen("B", 1), entry(2)]
    assert held.release() == []
