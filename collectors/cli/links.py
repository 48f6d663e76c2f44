"""`laadwacht links revoke`: take back links that let an installer in without a password.

Decides how options become a command; the owner process carries it out and keeps who asked and why. Exit code
2: nothing was done.
"""

from __future__ import annotations

from typing import Annotated

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.cli.who import shell_actor


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Links in messages to installers, good once without a password.")
    group.command("revoke")(revoke)
    app.add_typer(group, name="links", no_args_is_help=True)


def revoke(
    *,
    incident: Annotated[str | None, typer.Option(help="Links to this incident, by its id.")] = None,
    installer: Annotated[str | None, typer.Option(help="Links sent to this installer.")] = None,
    why: Annotated[str, typer.Option(help="The reason, kept in the audit trail.")] = "",
    actor: Annotated[
        str | None,
        typer.Option("--as", help="Who asks: a user's e-mail, with that role; default: the system's user."),
    ] = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Take back links, and what was opened by them. Nobody can have a fresh one for the same message. A link
    to a fault that is handed to somebody else ends by itself."""
    from data.commands import CommandClient, RevokeLinks
    from data.errors import OwnerDown

    if not (incident or installer):
        raise Complaint("links revoke: give --incident or --installer")
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    client = CommandClient(settings.http_url, settings.token_file)
    command = RevokeLinks(incident_id=incident, party=installer, why=why)
    try:
        outcome = client.send(command, actor or shell_actor())
    except OwnerDown as error:
        raise Complaint(
            f"{error} at {settings.http_url}; start it with laadwacht serve, or give its --http-port"
        ) from error
    if outcome.outcome != "accepted":
        raise Complaint(f"links: {outcome.detail or outcome.outcome}")
    print(outcome.detail)
    return 0
