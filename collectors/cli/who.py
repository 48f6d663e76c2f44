"""Who acts at the command line, for the audit trail.

Decides nothing about rights: who holds the data directory's token could add any user anyway.
"""

from __future__ import annotations

import getpass


def shell_actor() -> str:
    """`shell:` and the system's name of who runs this; a container's user may have none."""
    try:
        return f"shell:{getpass.getuser().partition('@')[0]}"
    except (KeyError, OSError):
        return "shell:unknown"
