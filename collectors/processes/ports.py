"""Ports: chooses free ones where 0 was asked, and tells which asked ones are taken.

Decides nothing else. A port found free here can be taken by another program before it is used; whoever
binds it still has to handle that.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

import msgspec

from collectors.settings.options import Settings

DOORS = ("ocpp", "http", "dashboard", "read_door")


def with_free_ports(settings: Settings) -> Settings:
    """The same settings with every port 0 replaced by a port that is free now."""
    wanting = [door for door in DOORS if getattr(settings, door).port == 0]
    held = []
    try:
        chosen = {}
        for door in wanting:  # all held until the last is chosen, so that no two get the same
            held.append(_bound(_host(settings, door), 0))
            chosen[door] = held[-1].getsockname()[1]
    finally:
        for one in held:
            one.close()
    sections = {
        door: msgspec.structs.replace(getattr(settings, door), port=port) for door, port in chosen.items()
    }
    return msgspec.structs.replace(settings, **sections)


def taken_ports(settings: Settings, doors: Iterable[str]) -> list[str]:
    """One line for each of `doors` that cannot be opened, with its remedy."""
    problems = []
    for door in doors:
        host, port = _host(settings, door), getattr(settings, door).port
        flag = f"--{door}-port" if door != "read_door" else "--set read_door.port=…"
        try:
            _bound(host, port).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                problems.append(
                    f"{door}.port: {host}:{port} is in use by another program; "
                    f"stop that one or choose another port with {flag} (0 chooses a free one)"
                )
            else:
                reason = error.strerror or "not an address of this machine"
                problems.append(
                    f"{door}.host: cannot open {host}:{port}: {reason}; correct {door}.host or {door}.port"
                )
    return problems


def _host(settings: Settings, door: str) -> str:
    return str(getattr(getattr(settings, door), "host", "127.0.0.1"))


def _bound(host: str, port: int) -> socket.socket:
    family, kind, proto, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    one = socket.socket(family, kind, proto)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        one.listen(1)
    except OSError:
        one.close()
        raise
    return one
