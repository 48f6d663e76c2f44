"""A customer subscribes at a running owner process, is told at the own address, and ends it by the link."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from collectors.owner.process import Owner
from collectors.settings.options import CustomerSettings, DeliverySettings, Secret, Settings, WatchdogSettings
from data.commands import CommandClient, CommandOutcome, Subscribe
from data.people import add_user
from data.register import write_register
from data.store import Store
from rules.core.model import Asset
from tests.collectors.house import station
from tests.collectors.owners import appears, owner_of, settings_for, url_of
from tests.sinks import http_sink, smtp_sink

FITTER, SHOP = "jan@fixit.example", "an@shop.example"
FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}
SECRET = "s3kr3t-t0ken"


def filled(tmp_path: Path, mail_port: int, ping_port: int) -> Settings:
    settings = settings_for(
        tmp_path,
        delivery=DeliverySettings(group_wait_s=0),
        customers=CustomerSettings(
            url=Secret(f"mailto://127.0.0.1:{mail_port}?from=wacht@example.be&to={{email}}"), wait_s=0
        ),
        watchdog=WatchdogSettings(url=Secret(f"http://127.0.0.1:{ping_port}/{SECRET}"), interval_s=1),
    )
    with Store.open(settings.database) as store:
        assets = [
            Asset(station="BE-1", site="Gent", installer="Fixit", customer="Shop"),
            Asset(station="BE-2", site="Aalst", installer="Fixit", customer="Other"),
        ]
        write_register(store, assets)
        for email, role, party in ((FITTER, "installer", "Fixit"), (SHOP, "customer", "Shop")):
            add_user(store, email=email, password="genoeg-geheim", name=email, role=role, party=party)
    return settings


async def ask(owner: Owner, command: Subscribe, actor: str = SHOP) -> CommandOutcome:
    settings = owner.settings
    return await asyncio.to_thread(CommandClient(settings.http_url, settings.token_file).send, command, actor)


async def end(owner: Owner, subscription: str, token: str) -> int:
    settings = owner.settings
    headers = {"Authorization": f"Bearer {settings.token_file.read_text().strip()}"}
    body = {"subscription": subscription, "token": token}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{settings.http_url}/api/unsubscribe", json=body, headers=headers)
    return answer.status_code


async def come(mails: list[Any], count: int) -> None:
    async with asyncio.timeout(20):
        while len(mails) < count:
            await asyncio.sleep(0.05)


def test_a_customer_subscribes_is_told_and_ends_it_by_the_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        with smtp_sink() as mail, http_sink() as ping:
            settings = filled(tmp_path, mail.port, ping.port)
            async with owner_of(settings) as owner:
                for command, actor, why in (
                    (Subscribe(), FITTER, "for customers"),
                    (Subscribe(stations=("BE-2",)), SHOP, "no such station"),
                    (Subscribe(kinds=("everything",)), SHOP, "kinds are"),
                    (Subscribe(language="de"), SHOP, "languages"),
                ):
                    said = await ask(owner, command, actor)
                    assert (said.outcome, why in (said.detail or "")) == ("refused", True), said
                assert (await ask(owner, Subscribe(language="fr"))).outcome == "accepted"
                await appears(owner, "SELECT 1 FROM subscription WHERE active")
                await come(ping.requests, 1)
            async with owner_of(settings) as owner:  # the wish outlives the process
                async with station(url_of(settings, "BE-1")) as one:
                    await one.boot()
                    await one.ask("StatusNotification", FAULT)
                    await come(mail.mails, 1)
                    message = mail.mails[0].message
                    assert message["To"] == SHOP
                    assert str(message["Subject"]) == "Votre borne a un problème : BE-1 (Gent)"
                    body = message.get_content()
                    assert "GroundFailure" not in body
                    link = re.search(r"/unsubscribe\?s=([0-9a-f]{16})&t=([\w-]{27})", body)
                    assert link is not None, body
                    assert await end(owner, link.group(1), "x" * 27) == 404
                    assert await end(owner, "0" * 16, link.group(2)) == 404
                    assert await end(owner, link.group(1), link.group(2)) == 200
                    await appears(owner, "SELECT 1 FROM subscription WHERE NOT active")
                    await one.ask(
                        "StatusNotification",
                        FAULT | {"errorCode": "NoError", "status": "Available"},
                    )
                scrape = await asyncio.to_thread(httpx.get, f"{settings.http_url}/metrics", trust_env=False)
                assert 'laadwacht_heartbeats_total{outcome="sent"}' in scrape.text
                assert SECRET not in scrape.text
            assert len(mail.mails) == 1

    asyncio.run(scenario())
    assert SECRET not in caplog.text
    assert SECRET not in repr(replace(settings_for(tmp_path), data_dir=tmp_path))
