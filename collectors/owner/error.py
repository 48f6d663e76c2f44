"""Why an owner process cannot work on its data directory, in words. Decides nothing."""

from __future__ import annotations


class OwnerError(Exception):
    """The owner process cannot start; the message is for a person and names the remedy."""
