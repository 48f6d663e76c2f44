"""The demo's mailbox: a web server on loopback that takes the messages Apprise sends and shows each.

Decides nothing about messages. Listens on loopback only; keeps every message in a file of its own, one JSON
record a line. For the demo, never for real destinations.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MAX_MESSAGE_BYTES = 1_000_000
KEY_HEADER = "X-Laadwacht-Key"

Show = Callable[[dict[str, Any]], None]


class Mailbox:
    """Use as a context manager. `show` is called with each message, on the server's thread."""

    def __init__(self, file: Path, show: Show) -> None:
        self._file = file
        self._show = show
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="mailbox", daemon=True)

    def address_for(self, destination: str) -> str:
        """The Apprise address of one destination's box."""
        return f"json://127.0.0.1:{self._server.server_address[1]}/{destination}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, destination: str, key: str | None, body: dict[str, Any]) -> None:
        """Keep one message, then show it."""
        message = {
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "destination": destination,
            "key": key,
            "subject": body.get("title"),
            "body": body.get("message"),
        }
        with self._lock:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(message, ensure_ascii=False) + "\n")
            self._show(message)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mailbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                if length > MAX_MESSAGE_BYTES:
                    self.send_error(413)
                    return
                try:
                    body = json.loads(self.rfile.read(length))
                except ValueError:
                    self.send_error(400)
                    return
                if not isinstance(body, dict):
                    self.send_error(400)
                    return
                mailbox.take(self.path.strip("/"), self.headers.get(KEY_HEADER), body)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Every message is shown already; a line for each request would drown it."""

        return Handler
