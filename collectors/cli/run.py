"""Commands that keep running: serve, dashboard, up, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.processes.ports import taken_ports, with_free_ports
from collectors.settings.options import Settings

PORT_HELP = "Default: the usual one, or a free one where that is taken; 0: a free one."
Tap = Annotated[
    str | None,
    typer.Option(help="Pass all stations on to the back end they have: wss://csms.example/{station}."),
]


def register(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(dashboard)
    app.command()(up)
    app.command()(demo)


def with_tap(sets: list[str] | None, tap: str | None) -> list[str]:
    """`--tap` as the setting that it is, so that a child process gets it too."""
    return [*(sets or []), *([f"ocpp.tap={tap}"] if tap is not None else [])]


def serve(
    *,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    ocpp_port: options.OcppPort = None,
    http_port: options.HttpPort = None,
    tap: Tap = None,
    sets: options.Sets = None,
) -> int:
    """Run the owner process: stations connect here; database, rules, delivery, metrics and commands."""
    sets = with_tap(sets, tap)

    def read() -> Settings:
        return settings_of(config, data_dir, ocpp_port=ocpp_port, http_port=http_port, sets=sets)

    settings = opened(read(), ("ocpp", "http", "read_door"))

    from collectors.cli.owner_run import run_until_told

    return run_until_told(settings, read)


def dashboard(
    *,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    dashboard_port: options.DashboardPort = None,
    sets: options.Sets = None,
) -> int:
    """Run the pages people open. They read from a running `laadwacht serve` on the same data directory."""
    from collectors.processes.workers import dashboard_worker, run_together

    settings = settings_of(config, data_dir, http_port=http_port, dashboard_port=dashboard_port, sets=sets)
    settings = opened(settings, ("dashboard",))
    return run_together(settings, [dashboard_worker(settings)])


def up(
    *,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    ocpp_port: options.OcppPort = None,
    http_port: options.HttpPort = None,
    dashboard_port: options.DashboardPort = None,
    tap: Tap = None,
    sets: options.Sets = None,
) -> int:
    """Run serve and dashboard together, restarting what falls; Ctrl-C ends both.

    SIGHUP goes on to serve, which takes up changed rules and destinations; a terminal that closes ends both.
    """
    from collectors.processes.workers import dashboard_worker, run_together, serve_worker

    sets = with_tap(sets, tap)
    settings = settings_of(
        config,
        data_dir,
        ocpp_port=ocpp_port,
        http_port=http_port,
        dashboard_port=dashboard_port,
        sets=sets,
    )
    settings = opened(settings, ("ocpp", "http", "read_door", "dashboard"))
    return run_together(settings, [serve_worker(settings, sets), dashboard_worker(settings)])


def demo(
    *,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", envvar="LAADWACHT_DATA_DIR", help="Keep everything here instead."),
    ] = None,
    ocpp_port: Annotated[
        int | None, typer.Option("--ocpp-port", envvar="LAADWACHT_OCPP_PORT", help=PORT_HELP)
    ] = None,
    http_port: Annotated[
        int | None, typer.Option("--http-port", envvar="LAADWACHT_HTTP_PORT", help=PORT_HELP)
    ] = None,
    dashboard_port: Annotated[
        int | None, typer.Option("--dashboard-port", envvar="LAADWACHT_DASHBOARD_PORT", help=PORT_HELP)
    ] = None,
    stations: Annotated[int, typer.Option(min=4, max=2000, help="How many simulated stations.")] = 40,
    days: Annotated[int, typer.Option(min=0, max=400, help="Days of generated history.")] = 90,
    seed: Annotated[int, typer.Option(help="Same seed, same fleet and faults.")] = 1,
    sets: options.Sets = None,
) -> int:
    """Show it all: up, with a simulated fleet, history, one user per role and a mailbox on this screen.

    Without --data-dir everything lives in a temporary directory that is removed at the end.
    """
    from collectors.demo.installation import DemoError, DemoPlan, run_demo

    plan = DemoPlan(
        data_dir=data_dir.absolute() if data_dir else None,
        ports={"ocpp": ocpp_port, "http": http_port, "dashboard": dashboard_port},
        stations=stations,
        days=days,
        seed=seed,
        sets=tuple(sets or ()),
    )
    try:
        return run_demo(plan)
    except DemoError as error:
        raise Complaint(*error.lines) from error


def opened(settings: Settings, doors: tuple[str, ...]) -> Settings:
    """Settings with real ports; raises Complaint for doors that cannot be opened."""
    settings = with_free_ports(settings)
    problems = taken_ports(settings, doors)
    if problems:
        raise Complaint(*problems)
    return settings
