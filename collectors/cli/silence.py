"""`laadwacht silence`: hold messages back for a while, or plan maintenance, through the owner process.

Decides how options become a window; whether it is sound and allowed is decided by the owner process, which
keeps who, when and why. Faults are recorded all the same. Exit code 2: nothing was done.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.cli.who import shell_actor

if TYPE_CHECKING:
    from collectors.settings.options import Settings
    from data.commands import AboutWindow
    from data.windows import StoredWindow
    from rules.core.calendar.recurrence import Recurrence

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"(?P<days>[a-z]{3}(?:,[a-z]{3})*) (?P<start>\S+?)-(?P<end>\S+)")
_LENGTH = re.compile(r"(?P<n>\d{1,6})(?P<unit>[mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

Actor = Annotated[
    str | None,
    typer.Option("--as", help="Who asks: a user's e-mail, with that role; default: the system's user."),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Silences and planned maintenance: keep messages back for a while.")
    group.command("add")(add)
    group.command("list")(show)
    group.command("end")(end)
    app.add_typer(group, name="silence", no_args_is_help=True)


def add(
    *,
    station: Annotated[
        str | None, typer.Option(help="Stations; * and ? are wildcards, here and below.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Sites.")] = None,
    make: Annotated[str | None, typer.Option(help="Makes.")] = None,
    model: Annotated[str | None, typer.Option(help="Models.")] = None,
    firmware: Annotated[str | None, typer.Option(help="Firmware versions.")] = None,
    installer: Annotated[str | None, typer.Option(help="Installers, as in the register.")] = None,
    region: Annotated[str | None, typer.Option(help="Province, by name or ISO code (BE-VOV).")] = None,
    fault: Annotated[str | None, typer.Option(help="One fault only, as station.offline.")] = None,
    why: Annotated[str, typer.Option(help="The reason; shown and kept.")] = "",
    maintenance: Annotated[
        bool,
        typer.Option("--maintenance", help="Planned work: downtime is kept out of the uptime figure too."),
    ] = False,
    also_safety: Annotated[
        bool,
        typer.Option(
            "--also-safety",
            help="Hold danger back too: nobody is told of a fault that may hurt somebody. Without it such"
            " faults are told all the same.",
        ),
    ] = False,
    start: Annotated[
        str | None, typer.Option("--from", help="From this time; default now.", metavar="TIME")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until this time.", metavar="TIME")] = None,
    length: Annotated[str | None, typer.Option("--for", help="So long instead: 90m, 2h, 3d.")] = None,
    weekly: Annotated[
        str | None, typer.Option(help='Every week: "mon,thu 22:00-06:00", on the clock in Brussels.')
    ] = None,
    cron: Annotated[
        str | None, typer.Option(help='By a cron line: "0 22 * * 1#1" (first Monday); needs --minutes.')
    ] = None,
    minutes: Annotated[int | None, typer.Option(help="How long each time, with --cron.")] = None,
    actor: Actor = None,
    timezone: options.TimeZone = "Europe/Brussels",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Keep messages about stations or faults back. Everything given must match. A resolve still goes to who
    was told of the fault."""
    from data.commands import AddSilence
    from rules.core.calendar.window import Matcher, WindowKind

    zone = options.zone_of(timezone)
    given = (station, site, make, model, firmware, installer, region, fault)
    if not any(given):
        raise Complaint("silence add: name at least one of --station, --site, --make, --model, --firmware,"
                        " --installer, --region and --fault")  # fmt: skip
    if not why.strip():
        raise Complaint('silence add: --why "…" is needed: it is kept and shown')
    starts = None if start is None else options.instant_of(start, zone, "--from")
    if until is not None and length is not None:
        raise Complaint("silence add: give --until or --for, not both")
    ends = None if until is None else options.instant_of(until, zone, "--until")
    if length is not None:
        ends = (starts or datetime.now(UTC)) + _length(length)
    command = AddSilence(
        kind=WindowKind.MAINTENANCE if maintenance else WindowKind.SILENCE,
        matcher=Matcher(**dict(zip(Matcher.__struct_fields__, given, strict=True))),
        why=why,
        starts_at=starts,
        ends_at=ends,
        recurrence=_recurrence(weekly, cron, minutes),
        safety=also_safety,
    )
    if ends is None and weekly is None and cron is None:
        raise Complaint(
            "silence add: say until when (--until or --for), or how it repeats (--weekly or --cron)"
        )
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    said = _ask(settings, command, actor)
    print(said)
    if fault is not None and (note := _unknown_fault(settings, fault)):
        print(f"laadwacht: note: {note}", file=sys.stderr)
    return 0


def end(
    window_id: Annotated[str, typer.Argument(help="As laadwacht silence list shows it.", metavar="ID")],
    *,
    why: Annotated[str, typer.Option(help="The reason, kept in the audit trail.")] = "",
    actor: Actor = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """End a silence or maintenance window now. What began under it and still lasts is told once."""
    from data.commands import EndSilence

    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    _ask(settings, EndSilence(window_id=window_id, why=why), actor)
    print(f"{window_id} is over")
    return 0


def show(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Those of the last 90 days that are over too.")
    ] = False,
    timezone: options.TimeZone = "Europe/Brussels",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Show silences and maintenance windows: whether each holds now, and until or from when."""
    from rich.console import Console
    from rich.table import Table

    from collectors.cli.frames_out import store_reader
    from data.errors import OwnerDown, QueryRefused, StoreError
    from data.windows import windows_of

    settings = settings_of(config, data_dir, sets=sets)
    zone = options.zone_of(timezone)
    now = datetime.now(UTC)
    since = now - timedelta(days=90) if everything else None
    try:
        with store_reader(settings) as query:
            stored = windows_of(query("windows", window_id=None, over_since=since))
    except (StoreError, OwnerDown, QueryRefused) as error:
        raise Complaint(*str(error).splitlines()) from error
    if not stored:
        print("no silences and no maintenance windows")
        return 0
    table = Table(box=None)
    for column in ("id", "kind", "matches", "now", "by", "why"):
        table.add_column(column, overflow="fold")
    for one in stored:
        table.add_row(*_row(one, now, zone))
    Console().print(table)
    return 0


def _unknown_fault(settings: Settings, pattern: str) -> str | None:
    """That no fault of the catalogue is meant, with the one that looks most like it."""
    from data.catalog_files import load_catalog
    from data.parties import closest
    from rules.core.calendar.window import Matcher
    from rules.core.catalog.entries import CatalogError

    try:
        faults = load_catalog(settings.rules.catalog_dir, settings.rules.routing_file).faults
    except CatalogError as error:
        return f"whether there is such a fault is not known: {str(error).splitlines()[0]}"
    if any(Matcher(fault=pattern).takes_fault(name) for name in faults):
        return None
    meant = closest(pattern, faults)
    return f"no fault is called {pattern!r}" + (f", did you mean {meant!r}?" if meant else "")


def _row(stored: StoredWindow, now: datetime, zone: Any) -> tuple[str, ...]:
    window = stored.window
    held = window.holding(now)
    upcoming = next((span for span in window.spans(now) if span.start > now), None)
    if stored.ended_at is not None:
        state = f"over since {_when(stored.ended_at, zone)}" + (
            f" by {stored.ended_by}" if stored.ended_by else ""
        )
    elif held is not None:
        state = f"holds until {_when(held.end, zone)}"
    else:
        state = f"from {_when(upcoming.start, zone)}" if upcoming is not None else "over"
    matches = " ".join(f"{name}={value}" for name, value in window.matcher.given().items())
    if window.safety:
        matches += " (safety too)"
    return window.window_id, window.kind.value, matches, state, window.made_by, window.why


def _when(at: datetime, zone: Any) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise Complaint(f"--for {text}: write it as 90m, 2h or 3d")
    return int(found["n"]) * _UNITS[found["unit"]]


def _recurrence(weekly: str | None, cron: str | None, minutes: int | None) -> Recurrence:
    from rules.core.calendar.recurrence import Cron, Once, Weekly

    if weekly is not None and cron is not None:
        raise Complaint("silence add: give --weekly or --cron, not both")
    if (cron is None) != (minutes is None):
        raise Complaint('silence add: --cron and --minutes go together: --cron "0 22 * * 1" --minutes 120')
    if weekly is not None:
        found = _WEEKLY.fullmatch(weekly.strip().casefold())
        if found is None or any(day not in DAYS for day in found["days"].split(",")):
            raise Complaint(f'--weekly "{weekly}": write it as "mon,thu 22:00-06:00" ({", ".join(DAYS)})')
        days = tuple(DAYS.index(day) for day in found["days"].split(","))
        return Weekly(days=days, start=found["start"], end=found["end"])
    return Once() if cron is None else Cron(line=cron, minutes=minutes or 0)


def _ask(settings: Settings, command: AboutWindow, actor: str | None) -> str:
    """What the owner process says to it. Raises Complaint when nothing was done."""
    from data.commands import CommandClient
    from data.errors import OwnerDown

    client = CommandClient(settings.http_url, settings.token_file)
    try:
        outcome = client.send(command, actor or shell_actor())
    except OwnerDown as error:
        raise Complaint(
            f"{error} at {settings.http_url}; start it with laadwacht serve, or give its --http-port"
        ) from error
    if outcome.outcome != "accepted":
        raise Complaint(f"silence: {outcome.detail or outcome.outcome}")
    return outcome.detail or ""
