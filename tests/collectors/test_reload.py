"""Rules, routes and destinations that change while the owner runs: all of them hold, or nothing does."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from collectors.owner.process import Owner
from collectors.owner.reload import NotTaken, Reloading
from collectors.settings.options import DestinationSettings, RulesSettings, Secret, Settings
from data.register import write_register
from data.store import Store
from rules.core.model import Asset
from tests.collectors.house import station
from tests.collectors.owners import appears, owner_of, settings_for, url_of
from tests.sinks import http_sink

FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}
OWN = "routes:\n- {id: danger, when: {safety: 'yes'}, to: %s}\n"
CHAIN = "chains:\n  installer: {steps: [{wait_minutes: 30, to: helpdesk}]}\n"


def house(tmp_path: Path, url: str) -> tuple[Settings, Path]:
    """An installation with a routing file of its own and two destinations that answer."""
    file = tmp_path / "routes.yaml"
    file.write_text(OWN % "installer" + CHAIN)
    settings = structs.replace(
        settings_for(tmp_path / "data"),
        rules=RulesSettings(routing_file=file),
        destinations=(
            DestinationSettings(name="helpdesk", party="operator", url=Secret(url)),
            DestinationSettings(name="fixit", party="installer:Fixit", url=Secret(url)),
        ),
    )
    settings.data_dir.mkdir()
    with Store.open(settings.database) as store:
        assets = [Asset(station=f"BE-{n}", site=f"S{n}", installer="Fixit") for n in (1, 2)]
        write_register(store, assets)
    return settings, file


async def faulted(owner: Owner, name: str) -> list[str]:
    """Who was told of a fault that begins there now."""
    async with station(url_of(owner.settings, name)) as one:
        await one.boot()
        await one.ask("StatusNotification", FAULT)
        rows = await appears(
            owner,
            "SELECT n.destination FROM notice n JOIN incident i USING (incident_id) WHERE i.station ="
            f" '{name}' AND n.reason = 'first' AND n.state IN ('queued', 'leased', 'sent') ORDER BY ALL",
        )
    return [row[0] for row in rows]


def test_new_routes_and_destinations_hold_from_the_next_fault_on_and_running_chains_stay(
    tmp_path: Path,
) -> None:
    async def scenario(url: str) -> None:
        settings, file = house(tmp_path, url)
        again = settings
        async with owner_of(settings) as owner:
            reloading = Reloading(owner, lambda: again)
            assert await faulted(owner, "BE-1") == ["fixit"]
            chain = "SELECT escalation FROM incident WHERE station = 'BE-1' AND escalation IS NOT NULL"
            before = await appears(owner, chain)
            file.write_text(OWN % "duty" + CHAIN.replace("30", "5"))
            duty = DestinationSettings(name="duty", party="operator", url=Secret(url))
            again = structs.replace(settings, destinations=(duty, settings.destinations[1]))
            kept = owner.delivery.lanes()
            assert await reloading.reload()
            assert {lane.destination for lane in owner.delivery.lanes()} == {"duty", "fixit"}
            assert {lane.destination for lane in kept} == {"helpdesk", "fixit"}
            assert await faulted(owner, "BE-2") == ["duty"]
            await appears(owner, "SELECT 1 FROM notice WHERE destination = 'duty' AND state = 'sent'")
            assert await appears(owner, chain) == before
            assert owner.reload_trouble is None

    with http_sink() as sink:
        asyncio.run(scenario(sink.url))


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("routes:\n- {id: danger, to: [x y]}\n", "routes.yaml:2"),
        ("routes: [", "routes.yaml"),
        (OWN % "pager", "there is no destination 'pager'"),
    ],
)
def test_a_mistake_anywhere_keeps_all_that_holds_and_says_where_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str, line: str
) -> None:
    async def scenario(url: str) -> None:
        settings, file = house(tmp_path, url)
        again = structs.replace(settings, destinations=settings.destinations[:1])
        async with owner_of(settings) as owner:
            reloading = Reloading(owner, lambda: again)
            catalog = owner.catalog
            file.write_text(broken)
            with caplog.at_level(logging.ERROR):
                assert not await reloading.reload()
            assert line in caplog.text
            assert owner.catalog is catalog
            assert {lane.destination for lane in owner.delivery.lanes()} == {"helpdesk", "fixit"}
            async with httpx.AsyncClient(base_url=settings.http_url, trust_env=False) as client:
                assert line in (await client.get("/healthz")).json()["notes"][0]
                assert (await client.get("/readyz")).status_code == 200
                assert "laadwacht_config_last_reload_successful 0.0" in (await client.get("/metrics")).text
                file.write_text(OWN % "installer")
                assert await reloading.reload()
                assert (await client.get("/healthz")).json() == {"status": "ok"}
                assert "laadwacht_config_last_reload_successful 1.0" in (await client.get("/metrics")).text

    with http_sink() as sink:
        asyncio.run(scenario(sink.url))


def test_rules_of_which_no_judge_can_be_made_are_told_like_a_mistake_until_sound_ones_come(
    tmp_path: Path,
) -> None:
    async def scenario(url: str) -> None:
        settings, _file = house(tmp_path, url)
        async with owner_of(settings) as owner:
            reloading = Reloading(owner, lambda: settings)
            # Sound by every check there is, or so a start would find: only making the judge shows it.
            owner.catalog = structs.replace(owner.catalog, limits={})
            async with httpx.AsyncClient(base_url=settings.http_url, trust_env=False) as client:
                async with asyncio.timeout(20):
                    while "notes" not in (told := (await client.get("/healthz")).json()):
                        await asyncio.sleep(0.05)
                assert "judgement goes on by the rules before: KeyError" in told["notes"][0]
                assert "laadwacht_config_last_reload_successful 0.0" in (await client.get("/metrics")).text
                assert await faulted(owner, "BE-1") == ["fixit"]
                assert await reloading.reload()
                assert await faulted(owner, "BE-2") == ["fixit"]
                assert (await client.get("/healthz")).json() == {"status": "ok"}
                assert "laadwacht_config_last_reload_successful 1.0" in (await client.get("/metrics")).text

    with http_sink() as sink:
        asyncio.run(scenario(sink.url))


def test_settings_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    def again() -> Settings:
        raise NotTaken("laadwacht.toml: destinations.x.party: is not a party")

    async def scenario(url: str) -> None:
        async with owner_of(house(tmp_path, url)[0]) as owner:
            assert not await Reloading(owner, again).reload()
            assert owner.reload_trouble == "laadwacht.toml: destinations.x.party: is not a party"

    with http_sink() as sink:
        asyncio.run(scenario(sink.url))
