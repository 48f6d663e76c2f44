"""A customer of a running owner gets mail of planned work and of its end once each; proof is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from collectors.owner.process import Owner, utc_now
from collectors.settings.options import CustomerSettings, Secret, Settings
from data.commands import AddSilence, CommandClient, CommandOutcome, EndSilence, Subscribe
from data.people import add_user
from data.read import ReadDoor
from data.register import write_register
from data.scope import Scope
from data.store import Store
from rules.core.calendar.window import Matcher, WindowKind
from rules.core.model import Asset
from tests.collectors.owners import appears, owner_of, settings_for
from tests.sinks import smtp_sink

FITTER, SHOP = "jan@fixit.example", "an@shop.example"


def filled(tmp_path: Path, mail_port: int) -> Settings:
    settings = settings_for(
        tmp_path,
        customers=CustomerSettings(
            url=Secret(f"mailto://127.0.0.1:{mail_port}?from=wacht@example.be&to={{email}}")
        ),
    )
    with Store.open(settings.database) as store:
        assets = [
            Asset(station=name, site="Gent", installer="Fixit", customer=customer)
            for name, customer in (("BE-1", "Shop"), ("BE-2", "Shop"), ("BE-3", "Other"))
        ]
        write_register(store, assets)
        for email, role, party in ((FITTER, "installer", "Fixit"), (SHOP, "customer", "Shop")):
            add_user(store, email=email, password="genoeg-geheim", name=email, role=role, party=party)
    return settings


async def ask(owner: Owner, command: Any, actor: str) -> CommandOutcome:
    settings = owner.settings
    return await asyncio.to_thread(CommandClient(settings.http_url, settings.token_file).send, command, actor)


async def come(mails: list[Any], count: int) -> None:
    async with asyncio.timeout(20):
        while len(mails) < count:
            await asyncio.sleep(0.05)


def test_a_customer_is_mailed_of_planned_work_and_of_its_end_once_each(tmp_path: Path) -> None:
    async def scenario() -> None:
        with smtp_sink() as mail:
            settings = filled(tmp_path, mail.port)
            async with owner_of(settings) as owner:
                wish = Subscribe(kinds=("planned",), language="fr")
                assert (await ask(owner, wish, SHOP)).outcome == "accepted"
                starts = utc_now() + timedelta(hours=20)
                made = await ask(
                    owner,
                    AddSilence(
                        kind=WindowKind.MAINTENANCE,
                        matcher=Matcher(site="Gent"),
                        why="internal: swap the readers",
                        starts_at=starts,
                        ends_at=starts + timedelta(hours=2),
                    ),
                    FITTER,
                )
                assert made.outcome == "accepted", made
                window_id = (made.detail or "").split(":")[0]
                await come(mail.mails, 1)
                await appears(owner, "SELECT 1 FROM notice WHERE state = 'sent'")
            message = mail.mails[0].message
            assert message["To"] == SHOP
            assert str(message["Subject"]) == "Travaux prévus à vos bornes : 2 bornes (Gent)"
            body = message.get_content().replace("\r\n", "\n")
            assert "- BE-1 (Gent)\n- BE-2 (Gent)\n" in body
            assert [word for word in ("BE-3", "readers", FITTER) if word in body] == []
            assert "/unsubscribe?s=" in body
            async with owner_of(settings) as owner:  # a restart repeats nothing
                assert (await ask(owner, EndSilence(window_id=window_id), FITTER)).outcome == "accepted"
                await come(mail.mails, 2)
                await appears(owner, "SELECT 1 FROM notice WHERE reason = 'called_off' AND state = 'sent'")
                assert str(mail.mails[1].message["Subject"]) == "Travaux annulés : 2 bornes (Gent)"
                await asyncio.to_thread(proof, settings, window_id)
            assert len(mail.mails) == 2

    asyncio.run(scenario())


def proof(settings: Settings, window_id: str) -> None:
    """The page and the export tell of both, to whom may see these stations."""
    since = utc_now() - timedelta(days=1)
    with ReadDoor(settings.read_url, settings.token_file) as door:
        for role, party, seen in (
            ("helpdesk", None, 2),
            ("customer", "Shop", 2),
            ("customer", "Other", 0),
            ("installer", "Fixit", 2),
        ):
            scope = Scope(role, party)
            page = door.query("notices", scope, since=since, limit=10, swallowed=True)
            assert page["station"].to_list() == ["BE-1, BE-2"] * seen
            export = door.query(
                "export_notices", scope, since=since, until=None, incident_id=None, station="BE-2"
            )
            assert export["window_id"].to_list() == [window_id] * seen
            assert export["reason"].to_list() == ["planned", "called_off"][:seen]
