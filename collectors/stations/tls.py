"""TLS at the door that stations connect to (OCPP security profiles 2 and 3).

Decides what a sound certificate setup is, when a renewed one is taken, and which station a client certificate
names. TLS 1.2 at least, as OCPP demands; older ones never. Must never trade a certificate that works for one
that does not.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

#: Seconds between two looks at the certificate's files.
LOOK_EVERY_S = 10.0


class TlsTrouble(Exception):
    """Certificates that cannot be used; the message names option, file and remedy."""


def server_context(certificate: Path, key: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    """With `client_ca` every station must show a certificate of it. Raises `TlsTrouble`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise TlsTrouble(
            f"ocpp.tls_certificate: {certificate} cannot be used{f' with {key}' if key else ''}: "
            f"{_reason(error)}; give a PEM certificate chain and the private key that belongs to it"
        ) from error
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ValueError) as error:
            raise TlsTrouble(
                f"ocpp.tls_client_ca: {client_ca} cannot be used: {_reason(error)}; "
                "give the PEM certificates of the authorities that sign station certificates"
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not a certificate").lower().replace("_", " ")
    return str(getattr(error, "strerror", None) or error)


def names_in(certificate: dict[str, Any]) -> set[str]:
    """Common name and DNS names, as `SSLObject.getpeercert` gives them; stations use either."""
    names = {value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"}
    names.update(value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")
    return names


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a door bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Certificates:
    """The certificate in use, and its renewal when its files change; made and used on one event loop.

    `trouble` tells why the newest files are not in use, None when they are. Connections that are open stay.
    """

    def __init__(self, certificate: Path, key: Path | None, client_ca: Path | None) -> None:
        """Raises `TlsTrouble`."""
        self._papers = (certificate, key, client_ca)
        self._seen = self._stamps()
        self.context = server_context(*self._papers)
        self.trouble: str | None = None

    async def watch(self, every_s: float = LOOK_EVERY_S) -> None:
        """Takes renewed files into use, for ever."""
        while True:
            await asyncio.sleep(every_s)
            stamps = await asyncio.to_thread(self._stamps)
            if stamps != self._seen:
                await self._renew(stamps)

    async def _renew(self, stamps: tuple[tuple[int, int, int] | None, ...]) -> None:
        certificate, key, client_ca = self._papers
        try:
            # Tried out apart first: a failure half-way would leave a certificate without its key in use.
            await asyncio.to_thread(server_context, *self._papers)
            self.context.load_cert_chain(certificate, key)
            if client_ca is not None:
                self.context.load_verify_locations(client_ca)
        except TlsTrouble as error:
            self._keep_old(str(error))
            self._seen = stamps
        except OSError as error:  # changed between the trial and now: looked at again at once
            self._keep_old(f"ocpp.tls_certificate: {certificate} cannot be used: {_reason(error)}")
        else:
            self.trouble, self._seen = None, stamps
            log.info("the certificate of the stations' door was renewed from %s", certificate)

    def _keep_old(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("the former certificate goes on: %s", trouble)
        self.trouble = trouble

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What changes when somebody writes or replaces a file, or the link that names it."""
        found: list[tuple[int, int, int] | None] = []
        for file in self._papers:
            try:
                about = file.stat() if file is not None else None
            except OSError:
                about = None
            found.append((about.st_mtime_ns, about.st_ino, about.st_size) if about is not None else None)
        return tuple(found)
