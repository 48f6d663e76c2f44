"""Waits for what another process does: no sleeping for a fixed time, no guessing how fast a machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

T = TypeVar("T")


def until(true: Callable[[], T], what: str, *, within_s: float = 60.0) -> T:
    """The first truthy value of `true`; fails naming `what` when it does not come."""
    deadline = time.monotonic() + within_s
    while not (value := true()):
        assert time.monotonic() < deadline, f"in {within_s:.0f} s not seen: {what}"
        time.sleep(0.1)
    return value


def answers(url: str) -> bool:
    """Whether an HTTP server there answers with anything but a failure of its own."""
    try:
        return httpx.get(url, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
