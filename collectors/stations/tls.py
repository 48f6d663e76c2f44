"""TLS at the door that stations connect to (OCPP security profiles 2 and 3).

Decides what a sound certificate setup is, and which station a client certificate names. TLS 1.2 at least, as
OCPP demands; older ones never.
"""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Any


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
