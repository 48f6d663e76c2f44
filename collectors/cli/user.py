"""`laadwacht user`: who may sign in.

Decides nothing about people itself: `data.people` does. Never prints a password but the one it generated,
once, to the person who asked for it.
"""

from __future__ import annotations

import getpass
import secrets
import sys
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of
from collectors.settings.options import Settings

Role = Literal["helpdesk", "installer", "customer"]
Email = Annotated[str, typer.Argument(help="Sign-in name.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of input.")
]
GENERATED_BYTES = 12  # 96 bits: beyond guessing, still short enough to type


def register(app: typer.Typer) -> None:
    user = typer.Typer(help="Who may sign in.")
    user.command("add")(user_add)
    user.command("list")(user_list)
    user.command("password")(user_password)
    user.command("disable")(user_disable)
    app.add_typer(user, name="user", no_args_is_help=True)


def user_add(
    email: Email,
    *,
    role: Annotated[Role, typer.Option(help="What the person may see.")] = "helpdesk",
    party: Annotated[
        str | None, typer.Option(help="Installer's or customer's name, as in the register.")
    ] = None,
    language: Annotated[Literal["nl", "fr", "en"], typer.Option(help="Language of the pages.")] = "nl",
    name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    password_stdin: PasswordStdin = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Add somebody who may sign in. Without a password a strong one is made and shown once."""
    if role != "helpdesk" and not party:
        raise Complaint(
            f"--party: a user with role {role} sees one {role}'s stations; name it as in the register"
        )
    if role == "helpdesk" and party:
        raise Complaint("--party: the helpdesk sees all stations; leave it out or choose another --role")
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    password, generated = _password(password_stdin)
    fields = {"name": name or email.split("@")[0], "role": role, "party": party, "language": language}
    _add_user(settings, {"email": email, **fields, "password": password})
    print(f"{email} may sign in as {role}" + (f" of {party}" if party else ""))
    if generated:
        print(f"password, shown once: {password}")
    return 0


def user_list(
    *,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Show who may sign in, and who may no more."""
    from collectors.cli.owner_client import OwnerClient, open_store
    from data.people import list_users

    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    store = open_store(settings)
    if store is None:
        people = OwnerClient(settings).post("/api/users/list")
    else:
        with store:
            people = list_users(store)
    table = Table(box=None)
    for column in ("user", "name", "role", "of", "language", ""):
        table.add_column(column)
    for one in people:
        cells = (one["email"], one["name"], one["role"], one["party"] or "", one["language"])
        table.add_row(*cells, "disabled" if one["disabled"] else "")
    Console().print(table)
    return 0


def user_password(
    email: Email,
    *,
    password_stdin: PasswordStdin = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Give somebody a new password; whoever is signed in with the old one is signed out.

    Somebody who was disabled may sign in again.
    """
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    password, generated = _password(password_stdin)
    _change_user(settings, email, password)
    print(f"{email} may sign in with the new password")
    if generated:
        print(f"password, shown once: {password}")
    return 0


def user_disable(
    email: Email,
    *,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Let somebody in no more, from this moment on: open sessions end too.

    `user password` lets them in again.
    """
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    _change_user(settings, email, None)
    print(f"{email} may no longer sign in, and is signed out")
    return 0


def _password(from_stdin: bool) -> tuple[str, bool]:
    """(password, generated). An empty answer at the prompt asks for a generated one."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise Complaint("--password-stdin: the first line of input is empty; write the password there")
        return password, False
    if sys.stdin.isatty():
        password = getpass.getpass("Password (empty: make one): ")
        if password:
            if getpass.getpass("Once more: ") != password:
                raise Complaint("the two passwords differ; try again")
            return password, False
    return secrets.token_urlsafe(GENERATED_BYTES), True


def _add_user(settings: Settings, fields: dict[str, Any]) -> None:
    from collectors.cli.owner_client import OwnerClient, open_store
    from collectors.settings.parties import named_parties
    from data.catalog_files import load_catalog
    from data.parties import unknown_party
    from data.people import PeopleError, add_user
    from rules.core.catalog.entries import CatalogError

    store = open_store(settings)
    if store is None:
        OwnerClient(settings).post("/api/users", json=fields)
        return
    with store:
        try:
            if fields["party"] is not None:
                routing = load_catalog(settings.rules.catalog_dir, settings.rules.routing_file).routing
                named = named_parties(settings, routing)
                if trouble := unknown_party(store, fields["role"], fields["party"], named):
                    raise Complaint(f"--party: {trouble}")
            add_user(store, **fields)
        except (PeopleError, CatalogError) as error:
            raise Complaint(*str(error).splitlines()) from error


def _change_user(settings: Settings, email: str, password: str | None) -> None:
    """A new password; None lets the user in no more."""
    from collectors.cli.owner_client import OwnerClient, open_store
    from data.people import PeopleError, disable_user, set_password

    store = open_store(settings)
    if store is None:
        OwnerClient(settings).post("/api/users/change", json={"email": email, "password": password})
        return
    with store:
        try:
            if password is None:
                disable_user(store, email)
            else:
                set_password(store, email, password)
        except PeopleError as error:
            raise Complaint(str(error)) from error
