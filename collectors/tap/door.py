"""Tap mode's door: a station that connects to us is connected on to the back end it already has.

Decides which stations are tapped and where to, and passes on the handshake: path segment, subprotocols,
headers and credentials as received. The station gets the back end's answer: its choice of subprotocol, or its
refusal with the same status; 502 when there is no back end to ask. Never answers in the back end's name.
"""

from __future__ import annotations

import asyncio
import email.utils
import http
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from collectors.commits import LiveIntake
from collectors.tap.address import segment_of, target_url
from collectors.tap.link import BackEndConnection, TapLink
from collectors.tap.recorder import RecordQueue, TapRecorder

log = logging.getLogger(__name__)

# Between us and one side only (RFC 9110, 7.6.1; RFC 6455, 11.3), so never passed on.
OWN_HEADERS = frozenset(
    {
        "host",
        "connection",
        "upgrade",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "content-length",
        "date",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
    }
)
# A back end may take its time for a handshake in a reconnect storm; the listener waits longer than this.
DIAL_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 5.0


class _Dial(connect):
    """Follows no redirect: where a station is sent to is for the station to see."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Tap:
    """Where each station's back end is. One per listener."""

    def __init__(
        self,
        intake: LiveIntake,
        *,
        clock: Callable[[], datetime],
        everyone: str | None = None,
        stations: Mapping[str, str] | None = None,
        max_frame_bytes: int = 1_048_576,
        ping_interval_s: int = 60,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """`everyone` is the address for all stations, `stations` for single ones, which win.

        An empty address in `stations` takes a station out of the tap: we are its back end.
        """
        self._intake = intake
        self._clock = clock
        self._everyone = everyone
        self._stations = stations or {}
        self._max_frame_bytes = max_frame_bytes
        self._ping_s = float(ping_interval_s) or None
        self._ssl = ssl_context
        self.queue = RecordQueue()
        self._endings: set[asyncio.Task[None]] = set()

    def template_of(self, station: str) -> str | None:
        """The back end's address of this station; None when the station is not tapped."""
        return self._stations.get(station, self._everyone) or None

    async def meet(
        self,
        connection: ServerConnection,
        request: Request,
        station: str,
        offered: Sequence[str],
    ) -> TapLink | Response:
        """Connect on to the back end; its refusal, or 502, as the response the station gets."""
        template = self.template_of(station)
        if template is None:
            raise ValueError(f"{station} is not tapped")
        url = target_url(template, segment_of(request.path))
        recorder = TapRecorder(station, None, self._intake, self.queue, self._clock)
        try:
            back_end = await self._dial(url, request.headers, offered)
        except InvalidStatus as error:
            answer = error.response
            recorder.back_end_trouble("refused", code=answer.status_code, detail=answer.reason_phrase)
            log.warning("%s: the back end refused it with HTTP %d", station, answer.status_code)
            return refusal(answer)
        except (OSError, TimeoutError, InvalidHandshake, InvalidProxy, InvalidURI, EOFError) as error:
            recorder.back_end_trouble("unreachable", detail=f"{type(error).__name__}: {error}"[:200])
            log.warning("%s: the back end cannot be reached: %s", station, error)
            return connection.respond(
                http.HTTPStatus.BAD_GATEWAY, "The back end behind this tap cannot be reached.\n"
            )
        link = TapLink(back_end, recorder, self._endings)
        connection.connection_lost_waiter.add_done_callback(lambda _lost: link.give_up())
        return link

    async def finish(self) -> None:
        """The process ends: all that passed is recorded, and back ends were told that their stations left."""
        if self._endings:
            await asyncio.wait(self._endings, timeout=CLOSE_TIMEOUT_S + 1)
        self.queue.finish()

    async def _dial(self, url: str, headers: Headers, offered: Sequence[str]) -> BackEndConnection:
        passed = Headers(
            [(name, value) for name, value in headers.raw_items() if name.lower() not in OWN_HEADERS]
        )
        options: dict[str, Any] = {}
        if self._ssl is not None and url.startswith("wss:"):
            options["ssl"] = self._ssl
        connection: ClientConnection = await _Dial(
            url,
            subprotocols=[Subprotocol(name) for name in offered] or None,
            additional_headers=passed,
            user_agent_header=None,
            compression=None,
            proxy=None,
            max_size=self._max_frame_bytes,
            open_timeout=DIAL_TIMEOUT_S,
            ping_interval=self._ping_s,
            ping_timeout=self._ping_s,
            close_timeout=CLOSE_TIMEOUT_S,
            create_connection=BackEndConnection,
            logger=logging.getLogger("laadwacht.websockets"),
            **options,
        )
        if not isinstance(connection, BackEndConnection):
            raise TypeError("the WebSocket library made a connection of another kind")
        return connection


def refusal(answer: Response) -> Response:
    """The back end's refusal as the station gets it: status, headers that are not ours to set, and body."""
    body = bytes(answer.body or b"")
    headers = Headers(
        [(name, value) for name, value in answer.headers.raw_items() if name.lower() not in OWN_HEADERS]
    )
    headers["Date"] = answer.headers.get("Date") or email.utils.formatdate(usegmt=True)
    headers["Connection"] = "close"
    headers["Content-Length"] = str(len(body))
    return Response(answer.status_code, answer.reason_phrase, headers, body)


def is_upgrade(request: Request) -> bool:
    """Whether this asks for a WebSocket at all; what does not is none of the back end's business."""
    return (
        "websocket" in request.headers.get("Upgrade", "").lower() and "Sec-WebSocket-Key" in request.headers
    )
