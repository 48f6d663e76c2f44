"""The door stations connect to: who may enter, in which version, and which connection of a station counts.

Decides by path, identity, subprotocol and register; judges no fault. The newest connection of a station wins.
Every entry and every leaving is recorded, with its close code.
"""

from __future__ import annotations

import asyncio
import errno
import http
import logging
import re
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader, NegotiationError
from websockets.headers import parse_subprotocol
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from collectors.commits import LiveIntake
from collectors.decode import findings
from collectors.decode.decoder import Decoder, decoder_for
from collectors.stations.access import Access, Refused
from collectors.stations.connection import StationConnection
from collectors.tap.door import DIAL_TIMEOUT_S, Tap, is_upgrade

log = logging.getLogger(__name__)

# Subprotocol names of the WebSocket registry (IANA), and the version each stands for.
VERSIONS = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}

# OCPP 2.0.1 allows 48 characters of its identifierString; strangers also send spaces and slashes,
# percent-encoded. Control characters, quotes and angle brackets never.
IDENTITY = re.compile(r"[A-Za-z0-9*\-_=:+|@.,()#~/ ]{1,64}")

# So many stations' decoders are kept after they left; each is about a kilobyte.
MAX_DECODERS = 20_000

# So long a station may take over its handshake.
HANDSHAKE_S = 10.0

# A store that takes longer than this at the end is not going to take anything any more.
DRAIN_S = 20

# Stands where a connection keeps its handshake, which tells the library that there was one.
BARE_REQUEST = Request("/", Headers())

BOOT_STATUS = {"accept": "Accepted", "pending": "Pending", "reject": "Rejected"}


class ListenerError(Exception):
    """The listener cannot start; the message names the address and the remedy."""


class Desk:
    """What every connection needs to meet a message: the intake, the clock, and the answers' facts."""

    def __init__(
        self,
        intake: LiveIntake,
        *,
        clock: Callable[[], datetime],
        is_registered: Callable[[str], bool],
        unknown: str,
        new_transaction: Callable[[], int],
        heartbeat_s: int,
        authorise: Callable[[str], str] = lambda _token: "Accepted",
        frames_per_s: int = 0,
    ) -> None:
        """`frames_per_s`: a station that sends more for long is read slower; 0 sets no limit."""
        self.intake = intake
        self.clock = clock
        self.is_registered = is_registered
        self.unknown_status = BOOT_STATUS[unknown]
        self.new_transaction = new_transaction
        self.heartbeat_s = heartbeat_s
        self.authorise = authorise
        self.frames_per_s = frames_per_s
        self.defects = 0

    def boot_status(self, station: str) -> str:
        """The register decides; a station it does not hold is met by policy."""
        return "Accepted" if self.is_registered(station) else self.unknown_status


def identity(path: str) -> str | None:
    """The station's identity in a path, `/{station}` or `/ocpp/{station}`; None when there is none."""
    path = urlsplit(path).path
    if path.startswith("/ocpp/"):
        path = path[5:]
    name = unquote(path[1:].removesuffix("/"), errors="replace")
    if "/" in path[1:].removesuffix("/") or not IDENTITY.fullmatch(name):
        return None
    return name


def common_subprotocol(offered: Sequence[str]) -> tuple[str, str] | None:
    """The station's first choice among ours, as it spelled it, and the version it stands for."""
    for name in offered:
        version = VERSIONS.get(name.lower())
        if version:
            return name, version
    return None


class Listener:
    """Accepts stations. `connected` maps a station to its one live connection."""

    def __init__(
        self,
        desk: Desk,
        *,
        host: str,
        port: int,
        max_frame_bytes: int,
        ping_interval_s: int,
        tap: Tap | None = None,
        access: Access | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Without `access` everybody may come in; with `tls` stations connect by `wss://`."""
        self.desk = desk
        self.host = host
        self.port = port
        self.max_frame_bytes = max_frame_bytes
        self.ping_interval_s = ping_interval_s
        self.tap = tap
        self.access = access
        self.tls = tls
        self.connected: dict[str, StationConnection] = {}
        # When stations left, in this run or before it; the newest MAX_DECODERS of them.
        self.left_at: dict[str, datetime] = {}
        self.refused = 0
        self._decoders: dict[str, Decoder] = {}
        self._server: Server | None = None
        # The event loop itself holds tasks only weakly: one that nobody keeps may vanish half done.
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the port; with port 0 a free one is chosen and kept in `port`. Raises `ListenerError`."""
        ping = float(self.ping_interval_s) or None
        # It tells of every connection at level info: what matters of that is in the database.
        chatter = logging.getLogger("laadwacht.websockets")
        chatter.setLevel(logging.WARNING)
        tls_options: dict[str, Any] = {"ssl_handshake_timeout": HANDSHAKE_S} if self.tls is not None else {}
        try:
            self._server = await serve(
                self._serve,
                self.host,
                self.port,
                create_connection=StationConnection,
                process_request=self._meet,
                select_subprotocol=self._select,
                compression=None,  # deflate costs three times the memory of a connection
                max_size=self.max_frame_bytes,
                open_timeout=HANDSHAKE_S + (DIAL_TIMEOUT_S if self.tap is not None else 0),
                ping_interval=ping,
                ping_timeout=ping,
                close_timeout=5,
                server_header=None,
                backlog=1024,  # a whole street comes back at once after an outage
                logger=chatter,
                ssl=self.tls,
                **tls_options,
            )
        except OSError as error:
            raise ListenerError(port_trouble("OCPP", self.host, self.port, error)) from error
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        """Close every connection (1001, going away) and wait until all is recorded."""
        if self._server is None:
            return
        self._server.close(code=1001, reason="Laadwacht stops")
        await self._server.wait_closed()
        self._server = None
        if self.tap is not None:
            await self.tap.finish()
        try:
            async with asyncio.timeout(DRAIN_S):
                await self.desk.intake.drain()
        except TimeoutError:
            log.error("%d records were not stored within %d s", self.desk.intake.unstored, DRAIN_S)

    @property
    def listening(self) -> bool:
        return self._server is not None and self._server.is_serving()

    def _refuse(self, connection: ServerConnection, status: http.HTTPStatus, why: str) -> Response:
        self.refused += 1
        log.warning("refused %s: %s", peer_of(connection), why)
        return connection.respond(status, why + "\n")

    async def _meet(self, connection: ServerConnection, request: Request) -> Response | None:
        station = identity(request.path)
        if station is None:
            return self._refuse(
                connection,
                http.HTTPStatus.NOT_FOUND,
                "No station identity in the path: connect to /{station} or /ocpp/{station}, "
                "1 to 64 characters, percent-encoded where needed.",
            )
        try:
            offered = [
                name
                for value in request.headers.get_all("Sec-WebSocket-Protocol")
                for name in parse_subprotocol(value)
            ]
        except InvalidHeader as error:
            return self._refuse(connection, http.HTTPStatus.BAD_REQUEST, str(error))
        station_connection = cast(StationConnection, connection)
        station_connection.station = station
        station_connection.desk = self.desk
        if self.access is not None:
            try:
                await self.access.check(connection, request, station)
            except Refused as refused:
                response = self._refuse(connection, refused.status, str(refused))
                response.headers.update(refused.headers)
                return response
        if self.tap is not None and self.tap.template_of(station) is not None and is_upgrade(request):
            return await self._meet_tapped(self.tap, station_connection, request, offered)
        chosen = common_subprotocol(offered)
        if chosen is None:
            return self._refuse(
                connection,
                http.HTTPStatus.BAD_REQUEST,
                f"No common subprotocol: {station} offers {', '.join(offered) or 'none'}; "
                f"offered here: {', '.join(VERSIONS)}.",
            )
        station_connection.version = chosen[1]
        return None

    async def _meet_tapped(
        self, tap: Tap, connection: StationConnection, request: Request, offered: Sequence[str]
    ) -> Response | None:
        met = await tap.meet(connection, request, connection.station, offered)
        if isinstance(met, Response):
            self.refused += 1
            return met
        met.version = met.recorder.version = VERSIONS.get((met.subprotocol or "").lower())
        connection.link = met
        # For our own questions only: what the back end did not name is recorded as unknown.
        connection.version, connection.version_agreed = met.version or "1.6", met.version is not None
        return None

    @staticmethod
    def _select(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        link = cast(StationConnection, connection).link
        if link is not None:
            return Subprotocol(link.subprotocol) if link.subprotocol else None
        chosen = common_subprotocol(offered)
        if chosen is None:
            raise NegotiationError("no common subprotocol")
        return Subprotocol(chosen[0])

    async def _serve(self, server_connection: ServerConnection) -> None:
        connection = cast(StationConnection, server_connection)
        self._enter(connection)
        try:
            await connection.wait_closed()
        finally:
            self._leave(connection)

    def _enter(self, connection: StationConnection) -> None:
        intake, station, now = self.desk.intake, connection.station, self.desk.clock()
        old = self.connected.get(station)
        if old is not None:
            self._replace(old, now)
        self.connected[station] = connection
        connection.connected_at = now
        # The handshake's headers are of no more use: a kilobyte or two a connection.
        connection.request, connection.response = BARE_REQUEST, None
        connection.decoder = self._decoder(station, connection.version)
        self._record(connection, "connected", now, peer=peer_of(connection))
        intake.touch()
        connection.enter()

    def _remember_leaving(self, station: str, now: datetime) -> None:
        self.left_at.pop(station, None)
        if len(self.left_at) >= MAX_DECODERS:
            del self.left_at[next(iter(self.left_at))]
        self.left_at[station] = now

    def _decoder(self, station: str, version: str) -> Decoder:
        """One per station, kept across connections: stations repeat messages after they come back."""
        decoder = self._decoders.pop(station, None)
        if decoder is None:
            if len(self._decoders) >= MAX_DECODERS:
                gone = next((name for name in self._decoders if name not in self.connected), None)
                if gone is not None:
                    del self._decoders[gone]
            decoder = decoder_for(version)
        else:
            decoder.reset(version)
        self._decoders[station] = decoder
        return decoder

    def _replace(self, old: StationConnection, now: datetime) -> None:
        """A newer connection of the same station took over: usually the old socket is half open."""
        old.replaced = True
        self._record(
            old, "disconnected", now, code=1008, reason="replaced by a newer connection", replaced=True
        )
        if old.link is not None:
            return  # its own back end decides which connection stays
        log.info("%s connected again: the older connection is closed", old.station)
        closing_old = old.loop.create_task(old.close(1008, "replaced by a newer connection"))
        self._closing.add(closing_old)
        closing_old.add_done_callback(self._closing.discard)

    def _leave(self, connection: StationConnection) -> None:
        connection.left()
        intake, station, now = self.desk.intake, connection.station, self.desk.clock()
        if connection.oversized is not None:
            intake.finding(station, connection.version, now, findings.FRAME_TOO_LARGE, connection.oversized)
        code, reason = closing(connection.protocol)
        if connection.link is not None:
            connection.link.station_left(code, reason)
        if not connection.replaced:
            if self.connected.get(station) is connection:
                del self.connected[station]
            self._remember_leaving(station, now)
            self._record(connection, "disconnected", now, code=code, reason=reason or None)
        intake.touch()

    def _record(self, connection: StationConnection, event: str, at: datetime, **facts: Any) -> None:
        """A link event, in its place among the station's messages."""
        intake, link = self.desk.intake, connection.link
        if link is None:
            intake.link(connection.station, event, at, version=connection.version, **facts)
            return
        link.recorder.later(
            partial(intake.link, connection.station, event, at, version=link.version, **facts)
        )
        link.recorder.later(intake.touch)


def closing(protocol: ServerProtocol) -> tuple[int, str]:
    """Who closed first tells the code: ours when we did (1001, 1009, ...), else the station's.

    1005 is a close frame without code, 1006 a connection that broke off (RFC 6455, 7.1.5).
    """
    sent, received = protocol.close_sent, protocol.close_rcvd
    if sent is not None and (received is None or protocol.close_rcvd_then_sent is False):
        return int(sent.code), sent.reason
    if received is not None:
        return int(received.code), received.reason
    return 1006, ""


def peer_of(connection: ServerConnection) -> str | None:
    """Address and port of the other end."""
    address: Any = connection.remote_address
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else None


def port_trouble(what: str, host: str, port: int, error: OSError) -> str:
    """One line that names the port, what is wrong with it and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"{what} port {host}:{port} is in use: stop the other program or choose another port"
    if error.errno == errno.EACCES:
        return f"{what} port {host}:{port} may not be opened by this user: choose one above 1023"
    return f"{what} port {host}:{port} cannot be opened: {error.strerror or error}"
