"""`laadwacht explain-frame`: what is wrong with one frame, in plain sentences.

Decides nothing; reads a frame from standard input or the store, and never writes there.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from collectors.cli import options
from collectors.cli.complaint import Complaint
from collectors.cli.options import settings_of

Version = Literal["1.6", "2.0.1", "2.1"]


def register(app: typer.Typer) -> None:
    app.command("explain-frame")(explain)


def explain(
    *,
    record: Annotated[
        int | None,
        typer.Option(help="A stored frame's number; without it the frame is read from standard input."),
    ] = None,
    version: Annotated[
        Version | None, typer.Option(help="OCPP version; by default the stored one, or by its words.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="For an answer: the action that it answers.", metavar="ACTION")
    ] = None,
    config: options.Config = None,
    data_dir: options.DataDir = None,
    sets: options.Sets = None,
) -> int:
    """Say what is wrong with one OCPP frame: which field, what was expected, what came."""
    from collectors.decode.explain_frame import explain_frame
    from collectors.decode.frame import CALLRESULT

    spoken: str | None = version
    if record is None:
        raw: str | bytes = sys.stdin.buffer.read()
    else:
        from collectors.cli.frames_out import one_frame

        row = one_frame(settings_of(config, data_dir, sets=sets), record)
        raw, spoken, action = row["raw"], version or row["version"], action or row["action"]
    explained = explain_frame(raw, spoken, action)
    if explained.schema is not None:
        print(explained.schema)
    elif explained.frame.type == CALLRESULT:
        if action is None:
            raise Complaint("an answer does not name its action; say it with --action")
        raise Complaint(f"--action {action}: OCPP has no answer of that name")
    for sentence in explained.sentences():
        print(f"- {sentence}")
    if not explained.sentences():
        print("- nothing is wrong with it")
    return 0
