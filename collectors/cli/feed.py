"""Commands that feed stations' traffic in: simulate a fleet, import a recorded log.

Decides nothing but what a word on the command line means.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of


def register(app: typer.Typer) -> None:
    app.command("import")(import_logs)
    app.command()(simulate)


def import_logs(
    logs: Annotated[
        list[str],
        typer.Argument(help="Log files, oldest first, also .gz and .zst; - reads stdin.", metavar="LOG..."),
    ],
    *,
    log_format: options.LogFormat = None,
    station: options.StationName = None,
    timezone: options.TimeZone = "UTC",
    begin: options.Begin = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Take recorded logs in, through the same path as live traffic. The same record is never added twice.

    Works beside a running owner process too. Bad lines are reported, counted and skipped. Faults found in a
    log become incidents, never messages. After Ctrl-C the same command goes on where it was. Exit code 2 when
    there was no record to read at all.
    """
    from collectors.cli.log_import import import_files

    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    reading = options.reading_of(log_format, station, timezone, begin)
    return import_files(settings, logs, format_name=log_format, reading=reading)


def simulate(
    *,
    url: Annotated[
        str, typer.Option(help="The back end's address, without a station.")
    ] = "ws://127.0.0.1:9000",
    stations: Annotated[int, typer.Option(min=1, help="How many stations to play.")] = 40,
    seed: Annotated[int, typer.Option(help="Same seed, same fleet.")] = 1,
    speed: Annotated[float, typer.Option(min=0.01, help="Sessions are this many times shorter.")] = 1.0,
    minutes: Annotated[float | None, typer.Option(min=0, help="End after this long; default: never.")] = None,
    demo_script: Annotated[
        bool, typer.Option("--demo-script", help="Play the demo's faults, outage and recovery.")
    ] = False,
) -> int:
    """Play a fleet of stations that speak OCPP 1.6J and 2.0.1 to any back end, until Ctrl-C."""
    from collectors.simulator import FleetReport, demo_assets, run_simulator, stations_of
    from collectors.simulator import demo_script as script_for

    if not url.startswith(("ws://", "wss://")):
        raise Complaint(f"--url: {url} is no WebSocket address; write ws://host:port or wss://host:port")

    def tell(report: FleetReport) -> None:
        print(
            f"{report.ready}/{report.stations} connected, {report.sessions} charging, "
            f"{report.finished} sessions done, {report.broken} faulted",
            file=sys.stderr,
        )

    assets = demo_assets(stations, seed)
    script = script_for(assets, seed=seed) if demo_script else ()
    report = asyncio.run(
        run_simulator(url, stations_of(assets, seed), seed, speed, minutes, script=script, on_report=tell)
    )
    tell(report)
    return 0
