"""`laadwacht serve`: runs the owner process on a fast event loop and puts its refusals into words.

Decides which failures are the user's to correct (a Complaint, exit code 2); anything else is a defect and
shows its trace.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from collectors.cli.complaint import Complaint
from collectors.owner.checking import door_warnings, problems_of
from collectors.owner.error import OwnerError
from collectors.owner.process import run_owner
from collectors.owner.reload import NotTaken
from collectors.settings.options import Settings

# They tell of every connection; the database does too, and keeps it.
CHATTY = ("laadwacht.websockets", "uvicorn.error", "uvicorn.access", "httpx")
log = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def run_until_told(settings: Settings, again: Callable[[], Settings]) -> int:
    """Until SIGTERM or Ctrl-C; returns the owner's exit code. `again` reads the settings anew, for SIGHUP."""

    def anew() -> Settings:
        try:
            return again()
        except Complaint as complaint:
            raise NotTaken(*complaint.lines) from complaint

    problems = problems_of(settings)
    if problems:
        raise Complaint(*problems)
    logging.basicConfig(level=settings.log.level.upper(), format=LOG_FORMAT, stream=sys.stderr)
    if settings.log.level == "info":
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
    for warning in door_warnings(settings.ocpp):
        log.warning(warning)
    try:
        return _run(run_owner(settings, started=lambda _owner: log.info(_doors(settings)), again=anew))
    except OwnerError as error:
        raise Complaint(*str(error).splitlines()) from error


def _doors(settings: Settings) -> str:
    """Where it listens, and what keeps a first message back: silence at a first trial looks like a defect."""
    ocpp, delivery = settings.ocpp, settings.delivery
    scheme = "wss" if ocpp.tls_certificate else "ws"
    doors = (
        f"stations: {scheme}://{ocpp.host}:{ocpp.port}/<station>; "
        f"metrics: http://{settings.http.host}:{settings.http.port}/metrics"
    )
    if not settings.destinations:
        return f"{doors}; no destinations: nobody is told of anything"
    wait = (
        f"a first message waits {delivery.group_wait_s:g} s for what belongs with it (delivery.group_wait_s)"
    )
    told = f"destinations: {', '.join(d.name for d in settings.destinations)}"
    return f"{doors}; {told}; {wait if delivery.group_wait_s else 'nothing is grouped'}"


def _run(main: Coroutine[Any, Any, int]) -> int:
    runner: Callable[[Coroutine[Any, Any, int]], int] = asyncio.run
    if sys.platform != "win32":
        import uvloop

        runner = uvloop.run
    return runner(main)
