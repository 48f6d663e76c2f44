"""First aid by a running owner: a fault on the wire, a remedy to the station, and who is told of what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from collectors.logs.logfile import read_log
from collectors.look_back.backtest import backtest
from collectors.look_back.stored_past import observations, span_of
from collectors.owner.checking import problems_of
from collectors.owner.error import OwnerError
from collectors.owner.past import import_past
from collectors.owner.process import Owner
from collectors.remote.first_aid import ACTOR, ListTrouble, read_local_list
from collectors.settings.options import (
    DeliverySettings,
    DestinationSettings,
    FirstAidSettings,
    HoldSettings,
    Secret,
    Settings,
)
from collectors.settings.rooms import aided_policy_from
from data.catalog_files import load_catalog
from data.register import write_register
from data.store import Store
from rules.core.model import Asset, FirstAidRow
from tests.collectors.house import Station, station
from tests.collectors.owners import appears, owner_of, settings_for, url_of
from tests.sinks import HttpSink, http_sink

ASSET = Asset(station="BE-1", site="Gent", installer="Fixit")
POLICY = "policies:\n- {fault: station.internal, do: soft_reset, before_sending: true, hold_s: 60}\n"
FAULT = {"connectorId": 1, "errorCode": "InternalError", "status": "Faulted"}
FREE = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
ENDED = "SELECT remedy, outcome, cleared FROM first_aid WHERE ended_at IS NOT NULL"
TOLD = "SELECT destination, reason FROM notice"


def settings_with(
    directory: Path, url: str = "json://127.0.0.1:9/", policy: str = POLICY, **aid: Any
) -> Settings:
    file = directory / "aid.yaml"
    file.write_text(policy, encoding="utf-8")
    base = settings_for(directory)
    return replace(
        base,
        ocpp=replace(base.ocpp, call_timeout_s=1),
        hold=HoldSettings(scale=0.0, boot_noise_s=0, clear_delay_s=0),
        delivery=DeliverySettings(group_wait_s=0),
        destinations=(
            DestinationSettings(name="fixit", party="installer:Fixit", url=Secret(url), language="en"),
        ),
        first_aid=FirstAidSettings(policies=file, **aid),
    )


def run(settings: Settings, scenario: Callable[[Owner], Coroutine[Any, Any, None]]) -> None:
    async def go() -> None:
        async with owner_of(settings) as owner:
            write_register(owner.store, [ASSET])
            owner.register = {"BE-1": ASSET}
            await scenario(owner)

    asyncio.run(go())


async def breaks_down(one: Station) -> None:
    await one.boot()
    await one.ask("StatusNotification", FREE)
    await one.ask("StatusNotification", FAULT)


async def answers(one: Station, payload: dict[str, Any] | str) -> list[Any]:
    """Takes the next call and answers it: a CALLRESULT's payload or a CALLERROR's code."""
    call: list[Any] = await one.receive()
    error = [4, call[1], payload, "no", {}]
    await one.socket.send(json.dumps(error if isinstance(payload, str) else [3, call[1], payload]))
    return call


def rows(owner: Owner, sql: str) -> list[tuple[Any, ...]]:
    return owner.store.sql(sql).rows()


def told_by(sink: HttpSink) -> str:
    return " ".join(json.dumps(request.json()) for request in sink.requests)


def test_a_restart_that_helps_is_proof_of_software_and_sends_no_installer(tmp_path: Path) -> None:
    with http_sink() as sink:
        settings = settings_with(tmp_path, sink.url)

        async def scenario(owner: Owner) -> None:
            async with station(url_of(settings, "BE-1")) as one:
                await breaks_down(one)
                assert (await answers(one, {"status": "Accepted"}))[2:] == ["Reset", {"type": "Soft"}]
                await appears(owner, "SELECT 1 FROM first_aid WHERE outcome = 'accepted'")
            async with station(url_of(settings, "BE-1")) as one:
                await one.boot()
                await one.ask("StatusNotification", FREE)
                assert await appears(owner, ENDED) == [("soft_reset", "accepted", True)]
            found = rows(
                owner, "SELECT state, side, owner, evidence FROM incident WHERE fault = 'station.internal'"
            )
            assert [row[:3] for row in found] == [("resolved", "software", "operator")]
            said = [proof["says"] for proof in json.loads(found[0][3])]
            assert [word for word in said if "aid" in word or "reset" in word] == [
                "aid_asked_soft_reset",
                "aid_accepted",
                "aid_cleared",
                "reset_cleared",
            ]
            audit = rows(owner, "SELECT actor, role, kind, outcome, body FROM command")
            assert [row[:4] for row in audit] == [(ACTOR, "first_aid", "Reset", "accepted")]
            assert "station.internal" in audit[0][4]
            assert rows(owner, TOLD) == []
            counted = 'laadwacht_first_aid_total{outcome="cleared",remedy="soft_reset"} 1.0'
            assert counted in owner.metrics.render().decode()

        run(settings, scenario)
        assert sink.requests == []


@pytest.mark.parametrize(
    ("answer", "outcome", "told"),
    [
        ({"status": "Rejected"}, "rejected", "The station refused: Rejected."),
        ("NotImplemented", "error", "The station cannot do that: NotImplemented: no."),
        (None, "no_answer", "The station did not answer that."),
    ],
)
def test_a_restart_that_fails_sends_the_installer_with_the_attempt_as_proof(
    tmp_path: Path, answer: dict[str, Any] | str | None, outcome: str, told: str
) -> None:
    with http_sink() as sink:
        settings = settings_with(tmp_path, sink.url)

        async def scenario(owner: Owner) -> None:
            async with station(url_of(settings, "BE-1")) as one:
                await breaks_down(one)
                if answer is not None:
                    await answers(one, answer)
                assert await appears(owner, ENDED) == [("soft_reset", outcome, None)]
                assert await asyncio.to_thread(sink.wait_for, 1)
            assert rows(owner, TOLD) == [("fixit", "first")]

        run(settings, scenario)
        assert "a soft reset was asked remotely" in told_by(sink)
        assert told in told_by(sink)


def test_a_restarted_owner_asks_nothing_again(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)

    async def first(owner: Owner) -> None:
        async with station(url_of(settings, "BE-1")) as one:
            await breaks_down(one)
            await answers(one, {"status": "Accepted"})
            await appears(owner, "SELECT 1 FROM first_aid WHERE outcome = 'accepted'")

    async def second(owner: Owner) -> None:
        async with station(url_of(settings, "BE-1")) as one:
            await one.boot()
            await one.ask("StatusNotification", FAULT)
            await asyncio.to_thread(owner.engine.drain)
            assert (await one.ask("Heartbeat", {}))[0] == 3
        assert rows(owner, "SELECT count(*) FROM command") == [(1,)]

    run(settings, first)
    run(settings, second)


def test_an_order_that_is_late_or_would_end_a_session_never_leaves(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)

    async def scenario(owner: Owner) -> None:
        async with station(url_of(settings, "BE-1")) as one:
            await one.boot()
            started = {"connectorId": 1, "idTag": "A", "meterStart": 1, "timestamp": "2026-11-22T10:00:00Z"}
            await one.ask("StartTransaction", started)
            await appears(owner, "SELECT 1 FROM session")
            now = datetime.now(UTC)
            due = {"late": now - timedelta(seconds=1), "risky": now + timedelta(seconds=30)}
            assert owner.first_aider is not None
            for name, expires_at in due.items():
                order = FirstAidRow(
                    try_id=name,
                    incident_id="i",
                    station="BE-1",
                    policy="p",
                    do="soft_reset",
                    fault="station.internal",
                    asked_at=now,
                    expires_at=expires_at,
                )
                owner.first_aider.asked([order])
            await appears(owner, "SELECT 1 FROM observation WHERE body LIKE '%risky%not_sent%'")
            assert (await one.ask("Heartbeat", {}))[0] == 3
        assert rows(owner, "SELECT outcome FROM command") == [("needs_confirmation",)]
        words = rows(owner, "SELECT body FROM observation WHERE body LIKE '%aid_reported%' ORDER BY body")
        assert len(words) == 2
        assert any("it came too late" in body for (body,) in words)

    run(settings, scenario)


def test_the_local_list_is_sent_whole_under_the_next_version(tmp_path: Path) -> None:
    cards = tmp_path / "cards.json"
    cards.write_text('[{"id_tag": "04A2"}, {"id_tag": "04B3", "status": "Blocked"}]')
    policy = "policies:\n- {fault: auth.local_list, do: send_local_list}\n"
    settings = settings_with(tmp_path, policy=policy, local_list=cards)

    async def scenario(owner: Owner) -> None:
        async with station(url_of(settings, "BE-1")) as one:
            await one.boot()
            await one.ask("StatusNotification", FREE | {"errorCode": "LocalListConflict"})
            assert (await answers(one, {"listVersion": 7}))[2] == "GetLocalListVersion"
            call = await answers(one, {"status": "Accepted"})
            assert call[2] == "SendLocalList"
            assert (call[3]["listVersion"], call[3]["updateType"]) == (8, "Full")
            assert [card["idTag"] for card in call[3]["localAuthorizationList"]] == ["04A2", "04B3"]
            await appears(owner, "SELECT 1 FROM first_aid WHERE outcome = 'accepted'")

    run(settings, scenario)


def test_a_bad_file_stops_the_start_and_check_tells_all_of_it(tmp_path: Path) -> None:
    bad = settings_with(tmp_path, policy="policies:\n- {fault: electrical.ground, do: unlock}\n")
    told = f"{tmp_path / 'aid.yaml'}:2: electrical.ground is a safety fault: nothing is tried from afar there"
    assert told in problems_of(bad)

    async def start() -> None:
        await Owner(bad).start()

    with pytest.raises(OwnerError, match="safety fault"):
        asyncio.run(start())
    no_list = settings_with(tmp_path, policy="policies:\n- {fault: auth.local_list, do: send_local_list}\n")
    assert any("first_aid.local_list" in problem for problem in problems_of(no_list))
    gone = settings_with(tmp_path, policy="")
    (tmp_path / "aid.yaml").unlink()
    assert f"{tmp_path / 'aid.yaml'}:1: cannot be read: No such file or directory" in problems_of(gone)
    (tmp_path / "cards.json").write_text('[{"id_tag": "x", "colour": "red"}]')
    with pytest.raises(ListTrouble, match="colour"):
        read_local_list(tmp_path / "cards.json")


def test_imports_and_backtests_ask_nothing(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    frames = [
        [2, "1", "BootNotification", {"chargePointVendor": "A", "chargePointModel": "B"}],
        [2, "2", "StatusNotification", FREE],
        [2, "3", "StatusNotification", FAULT],
    ]
    lines = [
        json.dumps(
            {"t": f"2026-11-01T10:0{n}:00Z", "station": "BE-1", "dir": "in", "raw": raw, "version": "1.6"}
        )
        for n, raw in enumerate(frames)
    ]
    catalog = load_catalog()
    with Store.open(settings.database) as store:
        import_past(settings, store, read_log(iter([("\n".join(lines) + "\n").encode()])))
        store.settle()
        assert store.sql("SELECT fault FROM incident").rows() == [("station.internal",)]
        assert store.sql("SELECT count(*) FROM first_aid").rows() == [(0,)]
        span = span_of(store.query)
        assert span is not None
        report = backtest(
            observations(store.query, span.first, span.last),
            catalog,
            catalog,
            register={"BE-1": ASSET},
            policy=aided_policy_from(settings, catalog),
            destinations=(),
        )
        assert report["incidents"]["present"] == 1
        assert store.sql("SELECT count(*) FROM command").rows() == [(0,)]
