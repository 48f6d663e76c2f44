"""What `laadwacht command --list` shows, made from the table itself so that they cannot differ.

Decides only the words: options by their names on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from collectors.remote.actions import ACTIONS, HELPDESK, VERSIONS, RemoteAction

# Where the command line has another name than the table.
NAMES = {"kind": "--hard", "keys": "--key", "key": "--key", "retry_interval_s": "--retry-interval"}


def table_rows() -> Iterator[tuple[str, str, str, str, str, str]]:
    """Command, what it does and its other names, versions, roles, options, when it must be confirmed."""
    for row in ACTIONS.values():
        yield (
            row.name,
            "\n".join((row.about, *(f"= {alias}" for alias in row.aliases))),
            "\n".join(version for version in VERSIONS if version in row.calls),
            "helpdesk" if row.roles == HELPDESK else "helpdesk\ninstaller",
            options_of(row),
            row.confirm_when,
        )


def options_of(row: RemoteAction) -> str:
    """Options on the command line; those that may be left out in brackets."""
    names = []
    for field in msgspec.structs.fields(row.options):
        name = NAMES.get(field.name, "--" + field.name.replace("_", "-"))
        names.append(name if field.required else f"[{name}]")
    return " ".join(names)
