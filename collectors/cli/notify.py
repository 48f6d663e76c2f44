"""`laadwacht notify`: lists destinations and sends one test message, with or without a running owner process.

Decides form and exit code only: 0 when the service accepted, 1 when it did not, 2 when nothing was sent.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


def register(app: typer.Typer) -> None:
    app.command()(notify)


def notify(
    *,
    test: Annotated[
        str | None,
        typer.Option("--test", help="Send one marked test message there.", metavar="DESTINATION"),
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="Show the destinations, without addresses.")
    ] = False,
    as_json: AsJson = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Try a destination: sends one message that says it is a test, and tells honestly what became of it."""
    from collectors.settings.rooms import delivery_configs_from
    from data.catalog_files import load_catalog
    from rules.core.catalog.entries import CatalogError
    from rules.dispatch import destinations, trial

    if (test is None) == (not list_all):
        raise Complaint("notify: write --test DESTINATION or --list")
    settings = settings_of(config, data_dir, sets=sets)
    configs = {one.name: one for one in delivery_configs_from(settings)}
    if test is None:
        return _list([trial.listed(one) for one in configs.values()], as_json)
    chosen = configs.get(test)
    if chosen is None:
        known = ", ".join(configs) or "none is configured"
        raise Complaint(f"notify: there is no destination {test}; known: {known}")
    if problems := destinations.check([chosen]):
        raise Complaint(*problems)
    try:
        catalog = load_catalog(settings.rules.catalog_dir)
    except CatalogError as error:
        raise Complaint(*str(error).splitlines()) from error
    result = trial.send_test(chosen, catalog, datetime.now(UTC))
    if as_json:
        print(json.dumps(msgspec.to_builtins(result)))
    else:
        code = f", code {result.code}" if result.code is not None else ""
        print(f"{result.destination} ({result.service}): {result.told}{code}, after {result.took_s:.2f} s")
        if result.remedy:
            print(f"what to do: {result.remedy}")
    return 0 if result.accepted else 1


def _list(rows: list[dict[str, object]], as_json: bool) -> int:
    if as_json:
        print(json.dumps(rows))
        return 0
    if not rows:
        print("no destination is configured; see [destinations.<name>] in the README")
        return 0
    table = Table(box=None)
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    return 0
