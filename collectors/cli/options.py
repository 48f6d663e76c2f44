"""Options that several commands share, and the settings they make together with environment and file.

Decides nothing: names and help texts are here once, precedence is in `settings_sources`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from collectors.cli.complaint import Complaint
from collectors.settings.load import load_settings
from collectors.settings.options import Settings, SettingsError

if TYPE_CHECKING:
    from collectors.logs.formats.text import Reading

Config = Annotated[
    Path | None,
    typer.Option("--config", help="TOML file; default ./laadwacht.toml or the one in the data directory."),
]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where the database, keys and token live.")]
OcppPort = Annotated[
    int | None, typer.Option("--ocpp-port", help="Port stations connect to (9000; 0 chooses a free one).")
]
HttpPort = Annotated[
    int | None,
    typer.Option("--http-port", help="Port of metrics, health and commands (9100; 0: a free one)."),
]
DashboardPort = Annotated[
    int | None, typer.Option("--dashboard-port", help="Port of the pages (8501; 0: a free one).")
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other option, as section.name=value; may be given more than once."),
]
TimeZone = Annotated[
    str, typer.Option("--timezone", help="Zone of times that have none, as Europe/Brussels.", metavar="ZONE")
]

LogFormat = Annotated[
    str | None,
    typer.Option(
        "--format", help="jsonl, csv, steve, citrineos, homeassistant, octt or ocppj; default: recognised."
    ),
]
StationName = Annotated[
    str | None, typer.Option("--station", help="The station's identity, for logs that do not name it.")
]
Begin = Annotated[
    str | None,
    typer.Option("--begin", help="Day or time at which a log without dates begins.", metavar="TIME"),
]


def reading_of(
    log_format: str | None, station: str | None, timezone: str, begin: str | None, *, mend: bool = False
) -> Reading:
    """What the reader of a log is told beside the log. Raises Complaint for what makes no sense."""
    from collectors.logs.formats.recognise import format_named
    from collectors.logs.formats.text import LogFormatError, Reading
    from collectors.logs.logfile import Unfit, station_name

    zone = zone_of(timezone)
    try:
        if log_format is not None:
            format_named(log_format)
        name = None if station is None else station_name(station)
    except (LogFormatError, Unfit) as error:
        raise Complaint(str(error)) from error
    begins = None if begin is None else instant_of(begin, zone, "--begin")
    return Reading(station=name, zone=zone, begin=begins, mend=mend)


def station_of(log: str) -> str:
    """A name for the station of a log that names none and is judged on its own: that of its file."""
    name = "station" if log == "-" else Path(log).name.split(".")[0]
    return "".join(char for char in name if char.isprintable())[:64] or "station"


def zone_of(name: str) -> ZoneInfo:
    """Raises Complaint for a zone that the time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Complaint(
            f"--timezone {name}: there is no such time zone; write for example Europe/Brussels"
        ) from error


def instant_of(text: str, zone: ZoneInfo, option: str) -> datetime:
    """Aware UTC; a time without a zone is in `zone`, a day is its midnight there. Raises Complaint."""
    try:
        at = datetime.fromisoformat(text.strip())
        return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Complaint(
            f"{option} {text}: is no time; write 2026-11-22, 2026-11-22T10:00:00 or 2026-11-22T10:00:00Z"
        ) from error


def settings_of(
    config: Path | None,
    data_dir: Path | None,
    *,
    ocpp_port: int | None = None,
    http_port: int | None = None,
    dashboard_port: int | None = None,
    sets: list[str] | None = None,
) -> Settings:
    """Command line, environment and file together; raises Complaint with every mistake."""
    arguments: dict[str, object] = {"config": config, "data_dir": data_dir}
    mistakes: list[str] = []
    for text in sets or []:
        name, separator, value = text.partition("=")
        if separator and name.strip():
            arguments[name.strip()] = value.strip()
        else:
            mistakes.append(
                f"command line: --set {text}: is not section.name=value; write for example ocpp.port=0"
            )
    named = {"ocpp.port": ocpp_port, "http.port": http_port, "dashboard.port": dashboard_port}
    arguments.update({key: value for key, value in named.items() if value is not None})
    try:
        settings = load_settings(arguments, os.environ, Path.cwd())
    except SettingsError as error:
        raise Complaint(*mistakes, *error.mistakes) from error
    if mistakes:
        raise Complaint(*mistakes)
    return settings
