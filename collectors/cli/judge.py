"""Commands that judge without a server: triage a recorded log, score labelled traces.

Decides only form: JSON on standard output and nothing else there, or a table for people. Whatever is wrong
with single lines goes to standard error.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of

Language = Literal["nl", "fr", "en"]
CatalogDir = Annotated[
    Path | None,
    typer.Option("--catalog", help="Folder of extra catalogue files, laid over the built-in ones."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output instead of a table.")]


def register(app: typer.Typer) -> None:
    app.command()(triage)
    app.command()(score)


def triage(
    log: Annotated[
        str,
        typer.Argument(
            help="A log in any format that import takes, also .gz and .zst; - reads standard input.",
            metavar="LOG",
        ),
    ],
    *,
    log_format: options.LogFormat = None,
    station: options.StationName = None,
    timezone: options.TimeZone = "UTC",
    begin: options.Begin = None,
    stations: Annotated[
        Path | None, typer.Option("--stations", help="Asset register (CSV): sites, makes, whose it is.")
    ] = None,
    catalog: CatalogDir = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Let time run on to this moment (ISO 8601; without a zone: UTC)."),
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of proof and table.")] = "en",
    as_json: AsJson = False,
    config: options.Config = None,
    sets: options.Sets = None,
) -> int:
    """Judge a recorded log: what was wrong, whose it was, how sure, and the proof. No server, nothing kept.

    The clock is the log's own. A fault still in its hold time when the log ends is listed with state
    `pending`, opened at its first sign; with --until only what lasted its hold time is listed. Exit code 2
    when there was no record to judge.
    """
    from collectors.cli.judge_tables import incident_table
    from collectors.cli.log_reading import opened_log
    from collectors.logs.formats.text import LogFormatError
    from collectors.logs.logfile import parse_time
    from collectors.look_back.triage_log import triage as judged
    from collectors.settings.rooms import policy_from

    settings = settings_of(config, None, sets=sets)
    moment: datetime | None = None
    if until is not None:
        try:
            moment = parse_time(until)
        except ValueError:
            raise Complaint(
                f"--until: {until!r} is no time; write for example 2026-11-22T10:00:00Z"
            ) from None
    reading = options.reading_of(log_format, station or options.station_of(log), timezone, begin, mend=True)
    assets = _register(stations)
    rules = _catalog(catalog or settings.rules.catalog_dir)
    place = "standard input" if log == "-" else log
    with ExitStack() as stack:
        records = opened_log(log, log_format, reading, stack)
        try:
            found = judged(records, rules, assets, policy_from(settings), until=moment, language=language)
        except LogFormatError as error:
            raise Complaint(f"{place}: {error}") from error
        except OSError as error:
            raise Complaint(f"{place}: cannot be read: {error.strerror}") from error
    for line in found.first_bad:
        print(f"laadwacht: {place}: line {line.line}: {line.reason}", file=sys.stderr)
    if found.bad > len(found.first_bad):
        print(f"laadwacht: {place}: {found.bad - len(found.first_bad)} more bad line(s)", file=sys.stderr)
    if not found.read:
        raise Complaint(
            f"{place}: {'no line of it is a record' if found.bad else 'nothing in it'}: nothing to judge"
        )
    if found.late:
        print(f"laadwacht: {place}: {found.late} observation(s) too far out of order", file=sys.stderr)
    if as_json:
        _json(found.incidents)
    else:
        incident_table(found, language)
    return 0


def score(
    corpus: Annotated[
        str,
        typer.Argument(help="Labelled cases, one a line; - reads standard input.", metavar="CORPUS.jsonl"),
    ],
    *,
    catalog: CatalogDir = None,
    as_json: AsJson = False,
    config: options.Config = None,
    sets: options.Sets = None,
) -> int:
    """Judge labelled traces and count how often the side is right.

    Headline figures are over labels of high and medium confidence. Network counts as hardware, vehicle and
    driver as neither side, unknown is not scored.
    """
    from collectors.cli.judge_tables import score_tables
    from collectors.look_back.corpus import read_cases
    from collectors.look_back.scoring import score as score_cases
    from collectors.settings.rooms import policy_from

    settings = settings_of(config, None, sets=sets)
    rules = _catalog(catalog or settings.rules.catalog_dir)
    try:
        lines = sys.stdin.buffer.readlines() if corpus == "-" else Path(corpus).read_bytes().splitlines()
    except OSError as error:
        raise Complaint(f"{corpus}: cannot be read: {error.strerror}") from error
    cases, bad = read_cases(lines)
    told = [f"{corpus}: line {line.line}: {line.reason}" for line in bad]
    if not cases:
        about = "; ".join(told[:1]) or f"{corpus}: nothing in it"
        raise Complaint(f"{about}; no case at all: wanted one JSON object a line, with frames and truth_side")
    for line in told:
        print(f"laadwacht: {line}", file=sys.stderr)
    report = score_cases(cases, rules, policy_from(settings), bad)
    if as_json:
        _json(report)
    else:
        score_tables(report)
    return 0


def _register(file: Path | None) -> dict[str, Any]:
    from data.register import RegisterError, read_register_csv

    if file is None:
        return {}
    try:
        return {asset.station: asset for asset in read_register_csv(file)}
    except RegisterError as error:
        raise Complaint(*str(error).splitlines()) from error
    except OSError as error:
        raise Complaint(f"{file}: cannot be read: {error.strerror}") from error


def _catalog(folder: Path | None) -> Any:
    from data.catalog_files import load_catalog
    from rules.core.catalog.entries import CatalogError

    try:
        return load_catalog(folder)
    except CatalogError as error:
        raise Complaint(*str(error).splitlines()) from error


def _json(value: object) -> None:
    """Escaped to ASCII: a pipe may have any encoding, and station text may hold anything."""
    json.dump(value, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.stdout.flush()
