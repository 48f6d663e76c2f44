"""`laadwacht backtest` and `laadwacht precision`: what another catalogue would have said, and who was right.

Decides only form. Reads a running owner process or a database at rest; never writes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.cli.progress import LongWork
from rules.core.model import Observation

_AGE = re.compile(r"(\d{1,5})\s*([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output instead of a table.")]


By = Literal["rule", "fault", "make", "firmware"]


def register(app: typer.Typer) -> None:
    app.command()(backtest)
    app.command()(precision)


def backtest(
    *,
    catalog: Annotated[
        Path,
        typer.Option("--catalog", help="Folder of changed catalogue files, laid over the built-in ones."),
    ],
    since: Annotated[
        str,
        typer.Option(
            "--since", help="How far back from the last stored record: 90d, 12h; or a time.", metavar="AGE"
        ),
    ] = "90d",
    as_json: AsJson = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Judge the stored past again, under the present and a changed catalogue, and show the difference.

    Which incidents and messages would appear, vanish, or change side or owner. Sends and stores nothing.
    """
    from collectors.cli.frames_out import store_reader
    from collectors.cli.look_back_tables import backtest_table
    from collectors.look_back import backtest as test
    from collectors.look_back.stored_past import observations, register_of, span_of
    from collectors.settings.rooms import aided_policy_from, destinations_from
    from data.catalog_files import catalogue_files, load_catalog
    from data.errors import OwnerDown, QueryRefused, StoreError
    from rules.core.catalog.entries import CatalogError
    from rules.core.first_aid.policy_reader import AidPlanError

    if catalog.is_dir() and not catalogue_files(catalog):
        raise Complaint(
            f"--catalog: {catalog} holds no catalogue file, so nothing would change; put a changed copy of"
            " one there under its own name (faults.yaml, patterns.yaml, vendors/alfen.yaml, ...)"
        )
    settings = settings_of(config, data_dir, sets=sets)
    try:
        rules = settings.rules
        present = load_catalog(rules.catalog_dir, rules.routing_file)
        changed = load_catalog(catalog, rules.routing_file)
        policy = aided_policy_from(settings, present)
    except (AidPlanError, CatalogError) as error:
        raise Complaint(*str(error).splitlines()) from error
    try:
        with store_reader(settings) as query:
            span = span_of(query)
            if span is None:
                raise Complaint(f"{settings.database}: nothing is stored yet")
            start = max(span.first, _start_of(since, span.last))
            report = test.backtest(
                _watched(observations(query, start, span.last), start, span.last),
                present,
                changed,
                register=register_of(query),
                policy=policy,
                destinations=destinations_from(settings),
            )
    except (StoreError, OwnerDown, QueryRefused) as error:
        raise Complaint(*str(error).splitlines()) from error
    report = {"since": start.isoformat(), "until": span.last.isoformat(), **report}
    if as_json:
        write_json(report)
    else:
        backtest_table(report)
    return 0


def _watched(
    pages: Iterable[list[Observation]], start: datetime, last: datetime
) -> Iterator[list[Observation]]:
    """The same pages; standard error tells how far through the period they are."""
    heard = 0
    with LongWork("judging", "observations", round((last - start).total_seconds())) as work:
        for page in pages:
            yield page
            heard += len(page)
            work.update(round((page[-1].at - start).total_seconds()), heard)


def precision(
    *,
    since: Annotated[
        str, typer.Option("--since", help="How far back: 90d, 12h; or a time.", metavar="AGE")
    ] = "90d",
    by: Annotated[By, typer.Option("--by", help="What the rows are counted by.")] = "rule",
    as_json: AsJson = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """How often people found a verdict right, by their feedback: confirmed, wrong side, no fault found."""
    from collectors.cli.frames_out import store_reader
    from collectors.cli.look_back_tables import precision_table
    from collectors.look_back.precision import precision_of
    from data.errors import OwnerDown, QueryRefused, StoreError

    settings = settings_of(config, data_dir, sets=sets)
    until = datetime.now(UTC)
    start = _start_of(since, until)
    try:
        with store_reader(settings) as query:
            report = precision_of(query, start, until, by)
    except (StoreError, OwnerDown, QueryRefused) as error:
        raise Complaint(*str(error).splitlines()) from error
    if as_json:
        write_json(report)
    else:
        precision_table(report)
    return 0


def _start_of(since: str, last: datetime) -> datetime:
    age = _AGE.fullmatch(since.strip())
    if age is not None:
        return last - timedelta(**{_UNITS[age[2]]: int(age[1])})
    from collectors.logs.logfile import parse_time

    try:
        return parse_time(since)
    except ValueError:
        raise Complaint(f"--since: {since!r} is no age and no time; write for example 90d") from None


def write_json(value: Any) -> None:
    """Escaped to ASCII: a pipe may have any encoding, and station text may hold anything."""
    json.dump(value, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.stdout.flush()
