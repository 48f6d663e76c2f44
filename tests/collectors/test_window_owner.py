"""Silences and maintenance windows against a running owner: who may, what is held back, over a restart."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from collectors.owner.process import Owner, utc_now
from collectors.settings.options import Settings
from data.commands import AboutWindow, AddSilence, CommandClient, CommandOutcome, EndSilence
from data.people import add_user
from data.register import write_register
from data.store import Store
from rules.core.calendar.recurrence import Cron, Weekly
from rules.core.calendar.window import Matcher, WindowKind
from rules.core.model import Asset
from tests.collectors.house import station
from tests.collectors.owners import appears, owner_of, settings_for, url_of

SILENCE, MAINTENANCE = WindowKind
DESK, FITTER, SHOP = "els@house.example", "jan@fixit.example", "an@shop.example"
FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}


def filled(tmp_path: Path) -> Settings:
    settings = settings_for(tmp_path)
    with Store.open(settings.database) as store:
        write_register(
            store,
            [
                Asset(station="BE-1", site="Gent", installer="Fixit", customer="Shop", connectors=1),
                Asset(station="BE-2", site="Aalst", installer="Other", customer="Shop", connectors=1),
            ],
        )
        people = [(DESK, "helpdesk", None), (FITTER, "installer", "Fixit"), (SHOP, "customer", "Shop")]
        for email, role, party in people:
            add_user(store, email=email, password="genoeg-geheim", name=email, role=role, party=party)
    return settings


async def ask(owner: Owner, command: AboutWindow, actor: str = DESK) -> CommandOutcome:
    settings = owner.settings
    client = CommandClient(settings.http_url, settings.token_file)
    return await asyncio.to_thread(client.send, command, actor)


def for_a_while(
    kind: WindowKind = SILENCE, hours: float = 2, *, safety: bool = False, **matcher: str
) -> AddSilence:
    ends = utc_now() + timedelta(hours=hours)
    return AddSilence(
        kind=kind, matcher=Matcher(**matcher), why="works on the street", ends_at=ends, safety=safety
    )


def test_a_silence_holds_back_over_a_restart_and_tells_once_at_its_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = filled(tmp_path)
        async with owner_of(settings) as owner:
            made = await ask(owner, for_a_while(station="be-1", safety=True))
            assert made.outcome == "accepted", made
            assert (made.detail or "").endswith(": 1 station(s) match now")
            window_id = (made.detail or "").split(":")[0]
            await appears(owner, "SELECT 1 FROM silence_window")
            async with station(url_of(settings, "BE-1")) as one:
                await one.boot()
                await one.ask("StatusNotification", FAULT)
                rows = await appears(owner, "SELECT state, suppressed, subject, destination FROM notice")
                assert rows == [("suppressed", f"silence:{window_id}", None, "fixit")]
                (kept,) = await appears(owner, "SELECT suppression FROM incident WHERE state = 'open'")
                assert kept == ([f"silence:{window_id}"],)
        async with owner_of(settings) as owner:
            assert (await ask(owner, EndSilence(window_id=window_id, why="done early"))).outcome == "accepted"
            rows = await appears(owner, "SELECT reason, state FROM notice WHERE suppressed IS NULL")
            assert [reason for reason, _state in rows] == ["first"]
            [(by, why)] = await appears(owner, "SELECT ended_by, ended_why FROM silence_window")
            assert (by, why) == (DESK, "done early")
            again = await ask(owner, EndSilence(window_id=window_id))
            assert (again.outcome, again.detail) == ("refused", "it is over already")
            kinds = await appears(owner, "SELECT kind, actor, outcome FROM command ORDER BY asked_at")
            assert kinds[:2] == [("add_silence", DESK, "accepted"), ("end_silence", DESK, "accepted")]

    asyncio.run(scenario())


def test_each_role_may_make_and_end_what_is_theirs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with owner_of(filled(tmp_path)) as owner:
            refused = [
                (for_a_while(station="BE-1"), FITTER, "silences are for the helpdesk"),
                (for_a_while(MAINTENANCE, station="BE-2"), FITTER, "no station of yours matches"),
                (for_a_while(MAINTENANCE, station="*", installer="Other"), FITTER, "own stations only"),
                (for_a_while(MAINTENANCE, 25, safety=True, station="BE-1"), FITTER, "of at most 24 hours"),
                (for_a_while(MAINTENANCE, station="*"), SHOP, "for the helpdesk"),
                (for_a_while(station="*"), "nobody@house.example", "no such user"),
                (EndSilence(window_id="s00000000"), DESK, "no such silence"),
                (for_a_while(), DESK, "name at least one of"),
                (for_a_while(hours=-1, station="*"), DESK, "must come after the start"),
                (AddSilence(kind=SILENCE, matcher=Matcher(station="*"), why="x"), DESK, "needs an end"),
                (
                    AddSilence(
                        kind=MAINTENANCE,
                        matcher=Matcher(site="Gent"),
                        why="x",
                        recurrence=Cron(line="0 25 * * *", minutes=60),
                    ),
                    DESK,
                    "wrong hour",
                ),
            ]
            for command, actor, why in refused:
                said = await ask(owner, command, actor)
                assert said.outcome == "refused", (command, said)
                assert why in (said.detail or ""), said
            mine = await ask(owner, for_a_while(MAINTENANCE, station="BE-*"), FITTER)
            assert (mine.detail or "").endswith(": 1 station(s) match now"), mine
            theirs = await ask(owner, for_a_while(MAINTENANCE, site="*"), DESK)
            weekly = Weekly(days=(0,), start="22:00", end="06:00")
            nights = AddSilence(kind=MAINTENANCE, matcher=Matcher(region="x"), why="x", recurrence=weekly)
            assert (await ask(owner, nights)).outcome == "accepted"
            await appears(owner, "SELECT 1 FROM silence_window HAVING count(*) = 3")
            planned = await appears(owner, "SELECT station FROM planned_interval ORDER BY station")
            assert planned == [("BE-1",), ("BE-1",), ("BE-2",)]
            outcome = await ask(owner, EndSilence(window_id=(theirs.detail or "")[:9]), FITTER)
            assert outcome.outcome == "refused"
            outcome = await ask(owner, EndSilence(window_id=(mine.detail or "")[:9]), FITTER)
            assert outcome.outcome == "accepted"
            (ended,) = await appears(
                owner, "SELECT max(ended_at) < now()::TIMESTAMP FROM planned_interval GROUP BY window_id"
                " HAVING max(ended_at) < now()::TIMESTAMP"
            )  # fmt: skip
            assert ended == (True,)

    asyncio.run(scenario())
