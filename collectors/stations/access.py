"""Who may come in as which station: proof of identity, and limits for an address.

Decides by Basic credentials (OCPP security profiles 1 and 2) or client certificate (profile 3), whichever is
switched on; both must hold where both are. Wrong tries are limited per address. It must never log or keep a
secret, and never tell an unknown station from a wrong secret.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import http
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request

from collectors.stations.tls import is_loopback, names_in
from data.station_secrets import SecretBook

WINDOW_S = 300.0
# Of one station from one address, and of one address in all. A proxy on this machine speaks for many: only
# the first limit holds for it.
TRIES_PER_STATION, TRIES_PER_ADDRESS = 10, 100
# Addresses remembered for their wrong tries; the oldest go first.
MAX_REMEMBERED = 10_000
BURST_S = 10.0


class Refused(Exception):
    """Not let in: an HTTP status, a reason for the log, and headers for the answer."""

    def __init__(self, status: http.HTTPStatus, why: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.headers = headers or {}


class Access:
    """One per listener, on the event loop. Without a book and certificates it lets everybody in."""

    def __init__(
        self,
        *,
        book: SecretBook | None = None,
        certificates: bool = False,
        connections_per_address: int = 0,
        clock: Callable[[], float] = time.monotonic,
        is_own: Callable[[str], bool] = is_loopback,
    ) -> None:
        """`book` switches Basic authentication on; `clock` gives seconds.

        What holds for an address as a whole does not for this machine's own: a proxy here speaks for many.
        """
        self._is_own = is_own
        self._book = book
        self._certificates = certificates
        self._most = connections_per_address
        self._clock = clock
        self._open: dict[str, int] = {}
        self._wrong: dict[tuple[str, str], deque[float]] = {}

    async def check(self, connection: ServerConnection, request: Request, station: str) -> None:
        """Raises `Refused` when this connection may not be this station."""
        address = address_of(connection)
        self._count(connection, address)
        if self._certificates:
            self._check_certificate(connection, station)
        if self._book is not None:
            await self._check_secret(self._book, request.headers, address, station)

    def _count(self, connection: ServerConnection, address: str) -> None:
        if not self._most or self._is_own(address):
            return
        if self._open.get(address, 0) >= self._most:
            raise Refused(
                http.HTTPStatus.TOO_MANY_REQUESTS,
                f"{address} has {self._most} connections open already",
                {"Retry-After": "60"},
            )
        self._open[address] = self._open.get(address, 0) + 1
        connection.connection_lost_waiter.add_done_callback(lambda _lost: self._uncount(address))

    def _uncount(self, address: str) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    @staticmethod
    def _check_certificate(connection: ServerConnection, station: str) -> None:
        certificate: dict[str, Any] = connection.transport.get_extra_info("peercert") or {}
        if station not in names_in(certificate):
            raise Refused(http.HTTPStatus.FORBIDDEN, f"the certificate shown is not that of {station}")

    async def _check_secret(self, book: SecretBook, headers: Headers, address: str, station: str) -> None:
        pair, whole = (address, station), (address, "")
        if self._tries(pair) >= TRIES_PER_STATION or (
            self._tries(whole) >= TRIES_PER_ADDRESS and not self._is_own(address)
        ):
            raise Refused(
                http.HTTPStatus.TOO_MANY_REQUESTS,
                f"too many wrong tries from {address}",
                {"Retry-After": f"{WINDOW_S:.0f}"},
            )
        given = password_for(station, headers.get_all("Authorization"))
        if given is not None:
            check = book.is_right
            right = (
                await asyncio.to_thread(check, station, given)
                if book.is_slow(station)
                else check(station, given)
            )
            if right:
                self._wrong.pop(pair, None)
                return
        self._note(pair)
        self._note(whole)
        raise Refused(
            http.HTTPStatus.UNAUTHORIZED,
            f"no or wrong credentials for {station}",
            {"WWW-Authenticate": 'Basic realm="ocpp", charset="UTF-8"'},
        )

    def _tries(self, who: tuple[str, str]) -> int:
        times = self._wrong.get(who)
        if times is None:
            return 0
        while times and times[0] < self._clock() - WINDOW_S:
            times.popleft()
        if not times:
            del self._wrong[who]
        return len(times)

    def _note(self, who: tuple[str, str]) -> None:
        times = self._wrong.get(who)
        if times is None:
            if len(self._wrong) >= MAX_REMEMBERED:
                del self._wrong[next(iter(self._wrong))]
            times = self._wrong[who] = deque(maxlen=TRIES_PER_ADDRESS)
        times.append(self._clock())


def password_for(station: str, authorization: list[str]) -> bytes | None:
    """The password of Basic credentials whose user name is this station; None when there is none.

    The name is known, so it may hold a colon. The password is bytes: some stations send 20 raw ones.
    """
    if len(authorization) != 1:
        return None
    scheme, _, encoded = authorization[0].strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user = station.encode() + b":"
    return pair[len(user) :] if pair.startswith(user) else None


def address_of(connection: ServerConnection) -> str:
    """The network address of the other end, without its port."""
    address: Any = connection.remote_address
    return str(address[0]) if isinstance(address, tuple) else ""


class Pace:
    """How fast one station may send: `rate` a second over time, ten seconds' worth at once."""

    __slots__ = ("_due", "_step_s")

    def __init__(self, rate: int) -> None:
        self._step_s = 1.0 / rate
        self._due = 0.0

    def pause_s(self, now: float) -> float:
        """Seconds to stop reading after a message at `now` (seconds); 0 while the station keeps the pace."""
        due = (self._due if self._due > now else now) + self._step_s
        self._due = due
        ahead = due - now - BURST_S
        return ahead if ahead > 0.0 else 0.0
