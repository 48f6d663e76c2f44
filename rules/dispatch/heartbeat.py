"""A sign of life to a monitor outside, as long as all is well: its silence is the alarm that we cannot raise.

Decides when to send it: every interval, and only while nobody has a reason against it. Never follows a
redirect, never tells the address (it is the secret) in a log, an error or a metric.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


def address_problem(url: str) -> str | None:
    """Why `url` cannot be called; None when it can. Tells no part of it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "the address is malformed; write https://host/path"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "the address must start with http:// or https:// and name a host"
    if port == 0:
        return "the port is out of range; use 1 to 65535"
    return None


def call(url: str, timeout_s: float = TIMEOUT_S) -> str | None:
    """One GET; None when it was answered with 2xx, else what went wrong, without any part of the address."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"User-Agent": "laadwacht", "Connection": "close"})
        status = connection.getresponse().status
    except (OSError, UnicodeError, http.client.HTTPException) as error:  # a host name can be none (IDNA)
        return type(error).__name__
    finally:
        connection.close()
    return None if 200 <= status < 300 else f"HTTP {status}"


class Heartbeat:
    """Beats on a daemon thread; `start` and `stop` once each."""

    def __init__(
        self,
        url: str,
        *,
        every_s: float,
        troubles: Callable[[], Sequence[str]],
        on_beat: Callable[[str], None] = lambda _outcome: None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`troubles` tells what is not well, in words; empty: all is. `on_beat` hears sent, failed or
        withheld."""
        self._url = url
        self._every_s = every_s
        self._troubles = troubles
        self._on_beat = on_beat
        self._timeout_s = timeout_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._said: str | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for the call under way, at most a second: it is cut off with the process."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def beat(self) -> str:
        """One turn now: `sent`, `failed` or `withheld`."""
        troubles = self._looked()
        if troubles:
            self._tell(f"no sign of life is sent: {'; '.join(troubles)}")
            return "withheld"
        failure = call(self._url, self._timeout_s)
        if failure is not None:
            self._tell(f"the sign of life was not taken: {failure}")
            return "failed"
        self._tell(None)
        return "sent"

    def _looked(self) -> Sequence[str]:
        try:
            return self._troubles()
        except Exception as error:  # whoever cannot say that all is well must not be taken to have said so
            log.exception("looking for trouble failed")
            return [f"looking for trouble failed: {type(error).__name__}"]

    def _tell(self, words: str | None) -> None:
        """Into the log when it changes, not at every beat."""
        if words != self._said:
            if words is not None:
                log.warning("%s", words)
            elif self._said is not None:
                log.info("the sign of life is sent again")
            self._said = words

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._on_beat(self.beat())
            self._stopping.wait(self._every_s)
