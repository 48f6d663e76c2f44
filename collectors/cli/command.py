"""`laadwacht command`: ask a station something through the running owner process, with who and why.

Decides how options of the command line become those of the table; whether it is allowed and what it can break
is decided by the owner process. Exit code 0: the station accepted; 1: it did not; 2: nothing was sent.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.cli.who import shell_actor

if TYPE_CHECKING:
    from collectors.remote.actions import RemoteAction

NOTHING_SENT = ("refused", "needs_confirmation")


def register(app: typer.Typer) -> None:
    app.command("command")(command)


def command(
    action: Annotated[
        str | None, typer.Argument(help="What to ask; --list shows all.", metavar="ACTION")
    ] = None,
    station: Annotated[str | None, typer.Argument(help="The station's identity.", metavar="STATION")] = None,
    *,
    why: Annotated[str | None, typer.Option(help="The reason, kept in the audit trail.")] = None,
    actor: Annotated[
        str | None,
        typer.Option("--as", help="Who asks: a user's e-mail, with that role; default: the system's user."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Do it though it can end a session or lose its end.")
    ] = False,
    list_all: Annotated[bool, typer.Option("--list", help="Show the commands and their options.")] = False,
    command_id: Annotated[
        str | None, typer.Option("--id", help="The same id is carried out once, however often it is sent.")
    ] = None,
    evse: Annotated[int | None, typer.Option(help="Charging point; in OCPP 1.6 the connector.")] = None,
    connector: Annotated[int | None, typer.Option(help="Connector.")] = None,
    hard: Annotated[bool, typer.Option("--hard", help="Reset at once. Needs --confirm.")] = False,
    message: Annotated[str | None, typer.Option(help="The message to trigger.")] = None,
    to: Annotated[
        Literal["operative", "inoperative"] | None, typer.Option(help="The new availability.")
    ] = None,
    location: Annotated[str | None, typer.Option(help="Where logs go: ftp, sftp or http address.")] = None,
    which_log: Annotated[
        Literal["diagnostics", "security"] | None, typer.Option("--log", help="Which log.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Log entries from this time on.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="Log entries before this time.", metavar="TIME")] = None,
    retries: Annotated[int | None, typer.Option(help="How often to try the upload again.")] = None,
    retry_interval: Annotated[int | None, typer.Option(help="Seconds between tries.")] = None,
    keys: Annotated[list[str] | None, typer.Option("--key", help="Setting; 2.x: Component.Variable.")] = None,
    value: Annotated[str | None, typer.Option(help="The setting's new value.")] = None,
    id_tag: Annotated[
        str | None, typer.Option(help="Card; - reads it from the first line of input.", metavar="CARD")
    ] = None,
    token_type: Annotated[str | None, typer.Option(help="Kind of card in OCPP 2.x (ISO14443).")] = None,
    transaction: Annotated[str | None, typer.Option(help="Transaction to stop.", metavar="ID")] = None,
    list_version: Annotated[int | None, typer.Option(help="Number of the new list of cards.")] = None,
    update: Annotated[
        Literal["full", "differential"] | None, typer.Option(help="Replace the list or change it.")
    ] = None,
    entries: Annotated[
        Path | None, typer.Option(help="Cards, a JSON list of {id_tag, status, expires}.", metavar="FILE")
    ] = None,
    report: Annotated[str | None, typer.Option(help="FullInventory, ConfigurationInventory, …")] = None,
    timezone: options.TimeZone = "UTC",
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Ask a station something now: restart, unlock, logs, settings, start and stop.

    The station must be connected to the running owner process. Who asked, why and what came of it is kept.
    """
    if list_all:
        return _show_all()
    row = _row_of(action)
    if station is None or not (why or "").strip():
        raise Complaint(
            'command: a STATION and a reason are needed: laadwacht command ACTION STATION --why "…"'
        )
    zone = options.zone_of(timezone)
    given = {
        "evse": evse,
        "connector": connector,
        "kind": "hard" if hard else None,
        "message": message,
        "to": to,
        "location": location,
        "log": which_log,
        "since": None if since is None else options.instant_of(since, zone, "--since").isoformat(),
        "until": None if until is None else options.instant_of(until, zone, "--until").isoformat(),
        "retries": retries,
        "retry_interval_s": retry_interval,
        **_keys(row, keys),
        "value": value,
        "id_tag": sys.stdin.readline().strip() if id_tag == "-" else id_tag,
        "token_type": token_type,
        "transaction": transaction,
        "list_version": list_version,
        "update": update,
        "entries": None if entries is None else _entries_in(entries),
        "report": report,
    }
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    return _ask(
        settings,
        row,
        station,
        {name: value for name, value in given.items() if value is not None},
        actor=actor or shell_actor(),
        why=why or "",
        confirmed=confirm,
        command_id=command_id,
    )


def _ask(settings: Any, row: RemoteAction, station: str, given: dict[str, Any], **rest: Any) -> int:
    from collectors.remote.payloads import CannotSay
    from data.commands import CommandClient, Remote
    from data.errors import OwnerDown

    try:
        row.read(given)
    except CannotSay as error:
        raise Complaint(f"command {error}; see laadwacht command --list") from error
    remote = Remote(
        station=station, action=row.name, options=given, confirmed=rest["confirmed"], why=rest["why"]
    )
    # Twice the time of one call: it may wait for another command's answer first.
    client = CommandClient(
        settings.http_url, settings.token_file, timeout_s=2 * settings.ocpp.call_timeout_s + 15.0
    )
    try:
        outcome = client.send(remote, rest["actor"], rest["command_id"])
    except OwnerDown as error:
        raise Complaint(
            f"{error} at {settings.http_url}; start it with laadwacht serve, or give its --http-port"
        ) from error
    if outcome.outcome in NOTHING_SENT:
        hint = "; --confirm does it all the same" if outcome.outcome == "needs_confirmation" else ""
        raise Complaint(f"{row.name} was not sent to {station}: {outcome.detail or outcome.outcome}{hint}")
    print(f"{station} {row.name}: {outcome.outcome}" + (f" ({outcome.detail})" if outcome.detail else ""))
    if outcome.answer and set(outcome.answer) != {"status"}:
        print(json.dumps(outcome.answer, indent=2, ensure_ascii=False))
    return 0 if outcome.outcome == "accepted" else 1


def _keys(row: RemoteAction, keys: list[str] | None) -> dict[str, Any]:
    """Several may be read at once, one be changed."""
    if not keys:
        return {}
    if "key" not in row.options.__struct_fields__:
        return {"keys": keys}
    if len(keys) > 1:
        raise Complaint(f"command {row.name}: one --key at a time")
    return {"key": keys[0]}


def _row_of(name: str | None) -> RemoteAction:
    from collectors.remote.actions import ACTIONS, action_named

    row = action_named(name or "")
    if row is None:
        raise Complaint(f"command: {name or 'no ACTION'}: choose one of {', '.join(ACTIONS)}")
    return row


def _entries_in(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Complaint(f"--entries {file}: cannot be read as JSON: {error}") from error


def _show_all() -> int:
    from rich.console import Console
    from rich.table import Table

    from collectors.cli.command_list import table_rows

    table = Table(box=None)
    table.add_column("command", no_wrap=True)
    table.add_column("what it does", min_width=25)
    for column in ("OCPP", "who", "options", "needs --confirm"):
        table.add_column(column, overflow="fold")
    for row in table_rows():
        table.add_row(*row)
    Console().print(table)
    return 0
