"""Commands that look after an installation: check, stations, version.

Decides nothing about stations itself: the store's rooms do.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.cli.station_secrets import stations_secret
from collectors.settings.options import Settings
from data.errors import OwnerDown, QueryRefused, StoreError


def register(app: typer.Typer) -> None:
    app.command()(check)
    stations = typer.Typer(help="The asset register: which station stands where, and whose it is.")
    stations.command("import")(stations_import)
    stations.command("list")(stations_list)
    stations.command("secret")(stations_secret)
    app.add_typer(stations, name="stations", no_args_is_help=True)
    app.command()(version)


def check(
    *, config: options.Config = None, data_dir: options.DataDir = None, sets: options.Sets = None
) -> int:
    """Validate configuration, catalogue and destinations, without starting or sending anything."""
    from collectors.owner.checking import problems_of, warnings_of

    settings = settings_of(config, data_dir, sets=sets)
    problems = problems_of(settings)
    if problems:
        raise Complaint(*problems)
    for warning in warnings_of(settings) + _register_notes(settings):
        print(f"laadwacht: note: {warning}", file=sys.stderr)
    source = settings.source or "defaults and environment"
    print(f"configuration, catalogue and {len(settings.destinations)} destination(s) are sound ({source})")
    return 0


def _register_notes(settings: Settings) -> list[str]:
    """What the names in the register and those of the destinations make of each other."""
    from collectors.cli.frames_out import store_reader
    from collectors.owner.checking import register_warnings

    if not settings.database.exists():
        return []
    try:
        with store_reader(settings) as query:
            rows = query("register_rows")
    except (StoreError, OwnerDown, QueryRefused, Complaint) as error:
        return [f"the register was not compared with the destinations: {error}"]
    return register_warnings(
        settings,
        rows["installer"].drop_nulls().to_list(),
        rows["customer"].drop_nulls().to_list(),
    )


def stations_import(
    file: Annotated[Path, typer.Argument(help="CSV with a header line.", metavar="FILE.csv")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole register: what it does not name goes.")
    ] = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Take in the asset register: stations are added and updated; others stay unless --replace is given.

    Columns: station, site, address, latitude, longitude, make, model, customer, installer, installed_on,
    warranty_until, rated_kw, connectors, region, contract, contract_hours, response_hours, repair_hours;
    all but station may be left out.
    """
    import msgspec

    from collectors.cli.owner_client import OwnerClient, open_store
    from collectors.owner.checking import register_warnings
    from data.register import RegisterChange, RegisterError, read_register_csv, write_register

    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    try:
        assets = read_register_csv(file)
    except RegisterError as error:
        raise Complaint(*str(error).splitlines()) from error
    store = open_store(settings)
    if store is None:
        address = f"/api/register?replace={str(replace).lower()}"
        told = OwnerClient(settings).post(address, json=msgspec.to_builtins(assets))
        change = msgspec.convert(told, RegisterChange)
    else:
        with store:
            change = write_register(store, assets, replace=replace)
    print(f"{change.total} station(s) in the register: {change.added} new, {change.changed} changed")
    if change.absent:
        fate = "removed" if replace else "kept; --replace removes them"
        print(f"{change.absent} station(s) of the register are not in {file}: {fate}")
    installers = [one.installer for one in assets if one.installer]
    customers = [one.customer for one in assets if one.customer]
    for note in register_warnings(settings, installers, customers):
        print(f"laadwacht: note: {note}", file=sys.stderr)
    return 0


def stations_list(
    *,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Show the asset register."""
    from collectors.cli.frames_out import store_reader

    settings = settings_of(config, data_dir, sets=sets)
    try:
        with store_reader(settings) as query:
            rows = query("register_rows")
    except (StoreError, OwnerDown, QueryRefused) as error:
        raise Complaint(*str(error).splitlines()) from error
    table = Table(box=None)
    shown = ("station", "site", "make", "model", "installer", "customer", "connectors")
    for column in shown:
        table.add_column(column)
    for row in rows.select(shown).iter_rows():
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)
    return 0


def version() -> int:
    """Show the versions of Laadwacht and of what it stands on."""
    for name in ("laadwacht", "duckdb", "ocpp", "apprise", "streamlit"):
        try:
            print(f"{name} {version_of(name)}")
        except PackageNotFoundError:
            print(f"{name} (run from a folder, not installed)")
    print(f"python {sys.version.split()[0]}")
    return 0
