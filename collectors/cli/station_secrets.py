"""`laadwacht stations secret`: what a station proves itself with (OCPP security profiles 1 and 2).

Decides nothing about secrets itself: `data.station_secrets` does. A made secret is shown once and kept
nowhere in clear; a given one is never shown.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of


def stations_secret(
    station: Annotated[str, typer.Argument(help="The station's identity, as in its address.")],
    *,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the secret from the first line of input instead.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the station's secret away.")] = False,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    http_port: options.HttpPort = None,
    sets: options.Sets = None,
) -> int:
    """Give a station the secret it proves itself with; it replaces the one before.

    The made one (40 hex digits) is printed: set it as the station's AuthorizationKey (OCPP 1.6) or
    BasicAuthPassword (2.x). It is not shown again.
    """
    from collectors.cli.owner_client import OwnerClient, open_store
    from data.register import load_register
    from data.station_secrets import SecretError, hash_secret, make_secret, set_secret

    if stdin and remove:
        raise Complaint("--stdin and --remove exclude each other")
    settings = settings_of(config, data_dir, http_port=http_port, sets=sets)
    secret = sys.stdin.readline().rstrip("\r\n") if stdin else make_secret()
    try:
        hashed = None if remove else hash_secret(secret)
    except SecretError as error:
        raise Complaint(str(error)) from error
    store = open_store(settings)
    if store is None:
        told = OwnerClient(settings).post("/api/station-secrets", json={"station": station, "hashed": hashed})
        known = bool(told["known"])
    else:
        with store:
            set_secret(store, station, hashed)
            known = station in load_register(store)
    if not (stdin or remove):
        print(secret)
    if not (known or remove):
        print(f"laadwacht: note: {station} is not in the register; check its spelling", file=sys.stderr)
    return 0
