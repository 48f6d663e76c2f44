"""Imports recorded or generated traffic into a store that this process has opened itself.

Decides only that the settings of live traffic hold for it too: the same pseudonyms, rules and thresholds.
Sends nothing: whatever it finds is marked as imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from collectors.decode.privacy import Pseudonymiser
from collectors.logs.importer import ImportReport, import_log, judges
from collectors.logs.logfile import BadLine, LogRecord
from collectors.owner.kept_key import kept_key
from collectors.settings.options import Settings
from collectors.settings.rooms import destinations_from, policy_from
from data.catalog_files import load_catalog
from data.register import load_register
from data.store import Store


def import_past(
    settings: Settings,
    store: Store,
    records: Iterable[LogRecord | BadLine],
    *,
    own_past: bool = False,
    progress: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """See `importer.import_log`. Raises OwnerError, CatalogError and what the store raises."""
    key = kept_key(settings.pseudonym_key_file) if settings.privacy.pseudonymise else None
    make_judge = judges(
        load_catalog(settings.rules.catalog_dir, settings.rules.routing_file),
        load_register(store),
        policy_from(settings),
        destinations_from(settings),
    )
    return import_log(records, store, Pseudonymiser(key), make_judge, own_past=own_past, progress=progress)
