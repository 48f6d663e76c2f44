"""The one path behind every intake: what is recorded, in which order, and when it counts as stored."""

from __future__ import annotations

import asyncio
import itertools
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.commits import MAX_UNSTORED, LiveIntake
from collectors.decode.decoder import decoder_for
from collectors.decode.frame import parse
from collectors.decode.privacy import Pseudonymiser
from collectors.intake import MAX_COUNTED, Intake
from collectors.owner.decisions import recorded
from collectors.stations.answers import ANSWERS_2, ANSWERS_16, AnswerContext, answer
from data.store import Store, StoreClosed
from rules.core.model import UserActed
from tests.collectors.house import disk_busy

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HEARTBEAT = '[2,"h1","Heartbeat",{}]'
CONTEXT = AnswerContext(
    now=NOW,
    heartbeat_s=300,
    boot_status="Accepted",
    authorise=lambda _token: "Accepted",
    new_transaction=itertools.count(7).__next__,
)


def intake_for(store: Store) -> Intake:
    return Intake(store, Pseudonymiser(b"k" * 32))


def flushed(intake: Intake) -> None:
    """Flush and wait for the commit."""
    told = threading.Event()
    errors: list[BaseException | None] = []

    def done(error: BaseException | None) -> None:
        errors.append(error)
        told.set()

    intake.flush(done)
    assert told.wait(10)
    assert errors == [None]


def test_no_card_reaches_the_database_in_either_direction(store: Store) -> None:
    intake, decoder = intake_for(store), decoder_for("1.6")
    for direction, raw in (
        ("in", '[2,"a","Authorize",{"idTag":"04AABBCCDDEE"}]'),
        ("in", '[2,"b","StartTransaction",{"connectorId":1,"idTag":"04AABBCCDDEE","meterStart":0}'),
        ("out", '[2,"c","RemoteStartTransaction",{"idTag":"04AABBCCDDEE"}]'),
    ):
        intake.frame("S1", "1.6", direction, raw, NOW, decoder)
    flushed(intake)
    for table, column in (("frame", "raw"), ("observation", "body")):
        assert store.sql(f"SELECT count(*) FROM {table} WHERE {column} LIKE '%04AA%'").rows() == [(0,)]
    assert store.sql("SELECT count(*) FROM frame WHERE raw LIKE '%tok_%'").rows() == [(3,)]


def test_records_keep_their_order_over_frames_and_links(store: Store) -> None:
    intake, decoder = intake_for(store), decoder_for("1.6")
    intake.link("S1", "connected", NOW, version="1.6", peer="10.0.0.1:5")
    intake.frame("S1", "1.6", "in", HEARTBEAT, NOW, decoder)
    intake.finding("S1", "1.6", NOW, "frame_too_large", "2 MB")
    intake.link("S1", "disconnected", NOW, version="1.6", code=1006)
    flushed(intake)
    found = store.sql("SELECT kind FROM observation ORDER BY record_id, n").rows()
    assert found == [("connected",), ("finding",), ("disconnected",)]
    ids = store.sql("SELECT record_id FROM frame UNION ALL SELECT record_id FROM link ORDER BY 1").rows()
    assert len({record_id for (record_id,) in ids}) == 4


def test_what_the_transport_found_is_stored_with_what_the_text_shows(store: Store) -> None:
    intake = intake_for(store)
    intake.frame("S1", "1.6", "in", b"\xff\xfe", NOW, decoder_for("1.6"), findings=("binary_frame",))
    flushed(intake)
    [(findings,)] = store.sql("SELECT findings FROM frame").rows()
    assert findings[0] == "binary_frame"
    assert "not_utf8" in findings
    told = store.sql("SELECT count(*) FROM observation WHERE kind = 'finding'").item(0, 0)
    assert told == len(findings)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_our_own_answers_are_recorded_as_if_they_had_been_read_back(store: Store, version: str) -> None:
    """The short way for our own answers must not differ from the careful one."""
    actions = sorted(ANSWERS_16 if version == "1.6" else ANSWERS_2)
    for action in [*actions, "MakeCoffee"]:
        request = parse(f'[2,"m-{action}","{action}",{{"idTag":"x","idToken":{{"idToken":"x"}}}}]')
        reply = answer(version, request, CONTEXT)
        assert reply is not None
        careful, short = intake_for(store), intake_for(store)
        for one in (careful, short):
            decoder = decoder_for(version)
            one.frame("S1", version, "in", request.raw, NOW, decoder)
            if one is careful:
                one.frame("S1", version, "out", reply.raw, NOW, decoder)
            else:
                one.answered("S1", version, reply, NOW, decoder)
            flushed(one)
        columns = "direction, version, type, message_id, action, raw, findings"
        assert store.sql(
            f"SELECT count(*) FROM (SELECT DISTINCT {columns} FROM frame WHERE message_id = 'm-{action}')"
        ).rows() == [(2,)], action
        bodies = store.sql(
            "SELECT list(json_merge_patch(body, '{\"record_id\":0}') ORDER BY n) FROM observation o"
            f" JOIN frame f USING (record_id) WHERE message_id = 'm-{action}' AND direction = 'out'"
            " GROUP BY o.record_id"
        ).rows()
        assert len(bodies) in (0, 2), action
        assert len({tuple(body) for (body,) in bodies}) <= 1, action


def test_invented_actions_do_not_fill_the_memory(store: Store) -> None:
    intake, decoder = intake_for(store), decoder_for("1.6")
    for n in range(MAX_COUNTED + 50):
        intake.frame("S1", "1.6", "in", f'[2,"{n}","Action{n}",{{}}]', NOW, decoder)
    assert len(intake.counts) == MAX_COUNTED + 1
    assert intake.counts[None, "1.6", "in"] == 50
    assert sum(intake.counts.values()) == MAX_COUNTED + 50


def test_somebody_who_left_before_the_commit_costs_no_station_its_reply(store: Store) -> None:
    async def scenario() -> None:
        intake = LiveIntake(store, Pseudonymiser(None))
        decision = UserActed(station="S1", at=NOW, record_id=1, action="take", incident_id="i", by="an@x")
        asked = asyncio.create_task(recorded(intake, decision))
        with disk_busy(store):
            await asyncio.sleep(0)  # it is recorded, and waits for the commit
            replied = asyncio.Event()
            intake.after_commit(replied.set)
            asked.cancel()
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await replied.wait()
        assert asked.cancelled()

    asyncio.run(scenario())


def test_replies_leave_in_order_and_only_once_their_rows_can_be_read(store: Store) -> None:
    async def scenario() -> None:
        intake = LiveIntake(store, Pseudonymiser(None))
        decoder = decoder_for("1.6")
        seen: list[tuple[int, int]] = []

        def reply(n: int) -> None:
            if n % 100 == 0:
                seen.append((n, store.sql("SELECT count(*) FROM frame").item(0, 0)))

        for n in range(1_000):
            intake.frame("S1", "1.6", "in", f'[2,"{n}","Heartbeat",{{}}]', NOW, decoder)
            intake.after_commit(lambda n=n: reply(n))
            intake.touch()
        await intake.drain()
        assert [n for n, _ in seen] == list(range(0, 1_000, 100))
        assert all(count == 1_000 for _, count in seen)
        assert store.stats().commits == 1, "one turn of the loop is one hand-over"

    asyncio.run(scenario())


def test_a_store_that_falls_behind_is_noticed_and_reading_goes_on_when_it_has_caught_up(
    store: Store,
) -> None:
    async def scenario() -> None:
        intake = LiveIntake(store, Pseudonymiser(None))
        decoder = decoder_for("1.6")
        cleared = asyncio.Event()
        with disk_busy(store):
            while not intake.congested:
                for _ in range(2_000):
                    intake.frame("S1", "1.6", "in", HEARTBEAT, NOW, decoder)
                intake.touch()
                await asyncio.sleep(0)
            assert intake.unstored >= MAX_UNSTORED
            intake.when_clear(cleared.set)
            await asyncio.sleep(0.05)
            assert not cleared.is_set()
        async with asyncio.timeout(20):
            await cleared.wait()
        await intake.drain()
        assert intake.unstored == 0

    asyncio.run(scenario())


def test_a_failed_commit_reaches_who_waits_for_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = Store.open(tmp_path / "gone.duckdb")
        intake = LiveIntake(store, Pseudonymiser(None))
        store.close()
        told: list[BaseException] = []
        replies: list[int] = []
        intake.frame("S1", "1.6", "in", HEARTBEAT, NOW, decoder_for("1.6"))
        intake.after_commit(lambda: replies.append(1), told.append)
        intake.touch()
        await intake.drain()
        assert isinstance(told[0], StoreClosed)
        assert isinstance(intake.last_error, StoreClosed)
        assert not replies

    asyncio.run(scenario())
