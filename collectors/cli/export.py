"""`laadwacht export`: what is stored, into a file, from a running owner process or a database at rest.

Decides which of the two. Reads only. The file appears under its name when it is whole; what was begun and
broken off leaves nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of

Kind = Literal["csv", "jsonl", "parquet"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Take out what is stored.")
    group.callback()(_group)
    group.command("frames")(export_frames)
    group.command("links")(export_links)
    group.command("notices")(export_notices)
    app.add_typer(group, name="export", no_args_is_help=True)


def _group() -> None:
    """Take out what is stored."""


def export_frames(
    *,
    kind: Annotated[Kind, typer.Option("--format", help="csv, jsonl (can be imported again) or parquet.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="The file; - is standard output.", metavar="FILE")
    ],
    station: Annotated[str | None, typer.Option(help="This station's frames only.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Received at or after this time.", metavar="TIME")
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", help="Received before this time.", metavar="TIME")
    ] = None,
    timezone: options.TimeZone = "UTC",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Write every stored frame: receipt time, station, direction, message id, action, payload, findings.

    From a running owner process or a database at rest, as it finds it. Frames that come in meanwhile are left
    out.
    """
    from collectors.logs.frame_export import Selection

    settings = settings_of(config, data_dir, sets=sets)
    since, until = _period(start, stop, timezone)
    selection = Selection(
        station=station,
        start=since,
        stop=until,
    )
    from collectors.cli.frames_out import write_frames

    with _output(output, kind) as file:
        count = write_frames(settings, kind, file, selection)
    return _written(count, "frames", output)


def export_links(
    *,
    kind: Annotated[Kind, typer.Option("--format", help="csv, jsonl (can be imported again) or parquet.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="The file; - is standard output.", metavar="FILE")
    ],
    station: Annotated[str | None, typer.Option(help="This station's connections only.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Opened or ended at or after this time.", metavar="TIME")
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", help="Opened or ended before this time.", metavar="TIME")
    ] = None,
    timezone: options.TimeZone = "UTC",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Write every connection event: which station connected or disconnected, when, from where, with which
    close code. They stand in no frame; record numbers give the order among both."""
    settings = settings_of(config, data_dir, sets=sets)
    since, until = _period(start, stop, timezone)
    from collectors.cli.rows_out import MICROSECONDS, write_rows

    with _output(output, kind) as file:
        count = write_rows(
            settings,
            kind,
            file,
            "export_links",
            MICROSECONDS,
            station=station,
            start=since,
            stop=until,
        )
    return _written(count, "connection events", output)


def export_notices(
    *,
    kind: Annotated[Kind, typer.Option("--format", help="csv, jsonl or parquet.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="The file; - is standard output.", metavar="FILE")
    ],
    incident: Annotated[str | None, typer.Option(help="This incident's notices only.", metavar="ID")] = None,
    station: Annotated[str | None, typer.Option(help="Notices about this station only.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Decided at or after this time.", metavar="TIME")
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", help="Decided before this time.", metavar="TIME")
    ] = None,
    timezone: options.TimeZone = "UTC",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Proof of notice: who was told what and when, by which channel, what their server answered, in how many
    attempts; and what a silence, maintenance, a wider fault or flapping held back. Never an address."""
    settings = settings_of(config, data_dir, sets=sets)
    since, until = _period(start, stop, timezone)
    from collectors.cli.rows_out import write_rows

    with _output(output, kind) as file:
        count = write_rows(
            settings,
            kind,
            file,
            "export_notices",
            incident_id=incident,
            station=station,
            since=since,
            until=until,
        )
    return _written(count, "notices", output)


def _period(start: str | None, stop: str | None, timezone: str) -> tuple[datetime | None, datetime | None]:
    """`--from` and `--to` as aware UTC; raises Complaint for what is no time."""
    zone = options.zone_of(timezone)
    since = None if start is None else options.instant_of(start, zone, "--from")
    return since, None if stop is None else options.instant_of(stop, zone, "--to")


def _written(count: int, what: str, output: str) -> int:
    place = "standard output" if output == "-" else output
    print(f"laadwacht: {count:,} {what} written to {place}", file=sys.stderr)
    return 0


@contextmanager
def _output(name: str, kind: Kind) -> Iterator[BinaryIO]:
    """Standard output, or a file beside the one named that takes its place once all went well."""
    if kind == "parquet" and name == "-":
        raise Complaint("--output -: a Parquet file cannot be written to a pipe; name a file")
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(name)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with scratch.open("xb") as file:
            yield file
        scratch.replace(target)
    except OSError as error:
        raise Complaint(f"{name}: cannot be written: {error.strerror or error}") from error
    finally:
        scratch.unlink(missing_ok=True)
