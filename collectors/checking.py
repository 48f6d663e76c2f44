"""Everything that can be told to be wrong before anything starts.

Decides what must stop a start (`problems_of`) and what a person should merely know (`warnings_of`). Sends
nothing, opens no port, touches no database. Never shows an address of a destination.
"""

from __future__ import annotations

from collectors.settings import Settings
from collectors.settings_map import delivery_configs_from
from data.catalog_files import load_catalog
from rules.core.catalog import CatalogError
from rules.dispatch import destinations


def problems_of(settings: Settings) -> list[str]:
    """One line each, with its place and remedy; empty when all is sound."""
    problems = list(destinations.check(delivery_configs_from(settings)))
    extra = settings.rules.catalog_dir
    if extra is not None and not extra.is_dir():
        problems.append(f"rules.catalog_dir: there is no directory {extra}; correct it or leave it out")
        return problems
    try:
        load_catalog(extra)
    except CatalogError as error:
        problems += str(error).splitlines()
    return problems


def warnings_of(settings: Settings) -> list[str]:
    """What works, but hardly as meant."""
    parties = {one.party for one in settings.destinations}
    if "operator" in parties:
        return []
    return [
        'no destination has party = "operator": software faults and unrouted ones show on the pages only, '
        "no message leaves; add [destinations.helpdesk]"
    ]
