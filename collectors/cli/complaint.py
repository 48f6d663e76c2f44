"""The one way a command gives up on something the user can correct: a clear line and exit code 2."""

from __future__ import annotations


class Complaint(Exception):
    """`lines` go to standard error as they are; each names what is wrong, where, and the remedy."""

    exit_code = 2

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
