"""Owners on free ports for tests, in this process's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from collectors.owner.process import Owner
from collectors.settings.options import (
    DestinationSettings,
    HoldSettings,
    HttpSettings,
    OcppSettings,
    ReadDoorSettings,
    Secret,
    Settings,
)
from tests.sinks import free_ports


def settings_for(directory: Path, **changes: Any) -> Settings:
    ocpp, http, read = free_ports(3)
    return Settings(
        data_dir=directory,
        ocpp=OcppSettings(port=ocpp),
        http=HttpSettings(port=http),
        read_door=ReadDoorSettings(port=read),
        hold=HoldSettings(scale=0.0, boot_noise_s=0),
        destinations=(
            DestinationSettings(name="helpdesk", party="operator", url=Secret("json://127.0.0.1:9/")),
            DestinationSettings(name="fixit", party="installer:Fixit", url=Secret("json://127.0.0.1:9/")),
        ),
        **changes,
    )


@asynccontextmanager
async def owner_of(settings: Settings) -> AsyncIterator[Owner]:
    owner = Owner(settings)
    await owner.start()
    try:
        yield owner
    finally:
        await owner.stop()


async def appears(owner: Owner, sql: str) -> list[tuple[Any, ...]]:
    """The rows of `sql`, as soon as there are any."""
    async with asyncio.timeout(20):
        while True:
            rows = (await asyncio.to_thread(owner.store.sql, sql)).rows()
            if rows:
                return rows
            await asyncio.sleep(0.05)


def url_of(settings: Settings, name: str) -> str:
    return f"ws://127.0.0.1:{settings.ocpp.port}/{name}"
