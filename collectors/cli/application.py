"""Puts the commands together and turns every way of failing into one clear line and an exit code.

Decides exit codes: 0 done, 2 wrong usage, configuration or input, 130 interrupted, 1 anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from collectors.cli import (
    command,
    explain,
    export,
    feed,
    judge,
    links,
    look_back,
    manage,
    notify,
    route,
    run,
    silence,
    user,
)
from collectors.cli.complaint import Complaint
from collectors.cli.interrupt import INTERRUPTED

HELP = """Watches EV charging stations over OCPP, tells a software-side fault from a hardware-side one,
and puts each in the hands of the party that must act.

Every option can also be set by environment (LAADWACHT_DATA_DIR, LAADWACHT_OCPP_PORT, …) and in one TOML file;
the command line wins, then the environment, then the file."""


def build() -> typer.Typer:
    app = typer.Typer(
        name="laadwacht",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for module in (
        run,
        command,
        feed,
        export,
        explain,
        judge,
        look_back,
        silence,
        links,
        notify,
        route,
        manage,
        user,
    ):
        module.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    program = typer.main.get_command(build())
    try:
        code = program.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="laadwacht",
            standalone_mode=False,
        )
    except Complaint as complaint:
        for line in complaint.lines:
            print(f"laadwacht: {line}", file=sys.stderr)
        return complaint.exit_code
    except typer.Abort:
        print("laadwacht: interrupted", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.TyperException as error:  # wrong usage: its text is the whole story
        context: typer.Context | None = getattr(error, "ctx", None)
        told = getattr(error, "format_message", error.__str__)()
        message = " ".join(str(told).replace("Value error, ", "").split()).rstrip(".")
        if message:
            print(f"laadwacht: {message}; see {_path_of(context)} --help", file=sys.stderr)
        return Complaint.exit_code
    except BrokenPipeError:  # the reader of our output left, for example `| head`
        sys.stderr.close()
        return 1
    return code if isinstance(code, int) else 0


def _path_of(context: typer.Context | None) -> str:
    return context.command_path if context is not None else "laadwacht"
