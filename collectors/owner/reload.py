"""Takes up changed rules, routes, contracts and destinations while the owner runs: all of it, or nothing.

Decides by the same checks as a start does: one mistake anywhere keeps everything as it was, and says where it
is. What else the settings say holds from the next start. Never shows an address of a destination.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import structs

from collectors.owner.checking import problems_of
from collectors.settings.options import Settings
from collectors.settings.rooms import delivery_configs_from, destinations_from
from data.catalog_files import load_catalog
from rules.core.catalog.entries import Catalog

if TYPE_CHECKING:
    from collectors.owner.process import Owner

log = logging.getLogger(__name__)


class NotTaken(Exception):
    """The settings cannot be read anew; one line for each mistake."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Reloading:
    """One of an owner process. `again` reads the settings as at the start; raises `NotTaken`."""

    def __init__(self, owner: Owner, again: Callable[[], Settings]) -> None:
        self._owner = owner
        self._again = again
        self._one_at_a_time = asyncio.Lock()

    async def reload(self) -> bool:
        """Whether the new ones hold now. What was wrong is logged, and `trouble` on the owner tells it."""
        async with self._one_at_a_time:
            try:
                settings, catalog = await asyncio.to_thread(self._read)
            except NotTaken as error:
                for line in error.lines:
                    log.error("not taken up: %s", line)
                self._owner.reloaded(error.lines[0])
                return False
            try:
                await self._take(settings, catalog)
            except Exception as error:
                log.exception("what was read anew could not be taken up")
                self._owner.reloaded(f"{type(error).__name__}, see the log")
                return False
            log.info(
                "catalogue %s, routes %s and %d destination(s) hold from now on; what else changed in the"
                " settings holds from the next start",
                catalog.version,
                catalog.routing.version,
                len(settings.destinations),
            )
            return True

    def _read(self) -> tuple[Settings, Catalog]:
        settings = self._again()
        problems = problems_of(settings)
        if problems:
            raise NotTaken(*problems)
        try:
            return settings, load_catalog(settings.rules.catalog_dir, settings.rules.routing_file)
        except Exception as error:  # it changed again since it was checked
            raise NotTaken(*str(error).splitlines()) from error

    async def _take(self, settings: Settings, catalog: Catalog) -> None:
        """Lanes first: no notice for a new destination may come before there is one."""
        owner = self._owner
        await asyncio.to_thread(owner.delivery.replace, delivery_configs_from(settings))
        owner.settings = structs.replace(
            owner.settings, destinations=settings.destinations, rules=settings.rules
        )
        owner.destinations = destinations_from(settings)
        owner.reloaded(None)  # before judgement looks: what it finds is the last word
        owner.catalog = owner.magic.catalog = catalog  # judgement looks at this one: last
