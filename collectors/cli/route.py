"""`laadwacht route`: who would hear of a fault at a station, by which rule, and when. Sends nothing.

Decides only form: sentences for a person, or JSON. Reads a running owner process, a database at rest, or a
register in a file.
"""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of

Language = Literal["nl", "fr", "en"]
SeverityWord = Literal["critical", "high", "medium", "low"]


def register(app: typer.Typer) -> None:
    app.command()(route)


def route(
    station: Annotated[str, typer.Argument(help="The station's identity.", metavar="STATION")],
    fault: Annotated[
        str, typer.Argument(help="A fault of the catalogue, for example station.offline.", metavar="FAULT")
    ],
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also tell why each rule before it did not fit.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="When the fault begins; default: now.", metavar="TIME")
    ] = None,
    severity: Annotated[
        SeverityWord | None, typer.Option("--severity", help="Another severity than the catalogue's.")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option("--confidence", help="Another confidence, 0 to 1.", min=0, max=1)
    ] = None,
    stations: Annotated[
        Path | None, typer.Option("--stations", help="Register in a CSV file instead of a database.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of the answer.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    timezone: options.TimeZone = "Europe/Brussels",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Which rule sends this fault to whom, why, and when; and who is called when nobody answers."""
    from collectors.cli.look_back import write_json
    from collectors.cli.route_question import as_data, sentences
    from collectors.settings.rooms import destinations_from, policy_from
    from rules.core.model import Severity
    from rules.core.routing.explain import Asked
    from rules.core.routing.explain import explain as ask

    settings = settings_of(config, data_dir, sets=sets)
    zone = options.zone_of(timezone)
    begins = datetime.now(UTC) if at is None else options.instant_of(at, zone, "--at")
    catalog = _catalog(settings)
    if fault not in catalog.faults:
        near = _near(fault, list(catalog.faults))
        hint = f"did you mean {', '.join(near)}?" if near else f"it has {', '.join(sorted(catalog.faults))}"
        raise Complaint(f"route: the catalogue has no fault {fault!r}; {hint}")
    assets, told = _from_file(stations) if stations is not None else _from_store(settings, station)
    found = ask(
        Asked(
            station=station,
            fault=fault,
            at=begins,
            severity=None if severity is None else Severity(severity),
            confidence=confidence,
            **told,
        ),
        catalog,
        assets,
        policy_from(settings),
        destinations_from(settings),
    )
    if as_json:
        write_json(as_data(found))
    else:
        for line in sentences(found, catalog, language, every_rule=explain):
            print(line)
    return 0


def _near(fault: str, known: list[str]) -> list[str]:
    """Names that share a word with what was asked, or else look like it."""
    asked = {word for word in re.split(r"\W|_", fault.casefold()) if len(word) > 2}
    sharing = [name for name in known if asked & set(re.split(r"\W|_", name))]
    by_looks = difflib.get_close_matches(fault, sharing or known, n=5, cutoff=0.0 if sharing else 0.4)
    return by_looks[: 5 if sharing else 3]


def _catalog(settings: Any) -> Any:
    from data.catalog_files import load_catalog
    from rules.core.catalog.entries import CatalogError

    try:
        return load_catalog(settings.rules.catalog_dir, settings.rules.routing_file)
    except CatalogError as error:
        raise Complaint(*str(error).splitlines()) from error


def _from_file(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from data.register import RegisterError, read_register_csv

    try:
        return {asset.station: asset for asset in read_register_csv(file)}, {}
    except RegisterError as error:
        raise Complaint(*str(error).splitlines()) from error


def _from_store(settings: Any, station: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The register, and what the station says of itself."""
    from collectors.cli.frames_out import store_reader
    from collectors.look_back.stored_past import register_of
    from data.errors import OwnerDown, QueryRefused, StoreError

    if not settings.database.exists():
        raise Complaint(
            f"{settings.database}: there is no database; name its --data-dir, or a register with --stations"
        )
    try:
        with store_reader(settings) as query:
            seen = query("stations", station=station)
            row = seen.row(0, named=True) if len(seen) else {}
            told = {name: row.get(name) for name in ("make", "model", "firmware")}
            return register_of(query), told
    except (StoreError, OwnerDown, QueryRefused) as error:
        raise Complaint(*str(error).splitlines()) from error
