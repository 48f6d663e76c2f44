"""Where a tapped station's back end is: addresses with a place for the station's name.

Decides whether such an address can be used, and how a station's part of a path goes into it: as received,
never decoded and encoded again.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

PLACE = "{station}"


def segment_of(path: str) -> str:
    """The station's part of a request path as received, percent-encoding and query included."""
    if path.startswith("/ocpp/"):
        return path[6:]
    return path[1:]


def target_url(template: str, segment: str) -> str:
    """The back end's address for a station; without `{station}` the segment is added at the end."""
    if PLACE in template:
        return template.replace(PLACE, segment)
    return f"{template.rstrip('/')}/{segment}"


def template_mistake(template: str) -> str | None:
    """What is wrong with an address for tap mode; None when it can be used."""
    parts = urlsplit(template)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or port == -1:
        return "is not an address that starts with ws:// or wss://"
    if parts.username or parts.password:
        return "holds a password; stations bring their own"
    if parts.fragment:
        return "holds a #"
    return None


def stations_from(entries: Iterable[str]) -> dict[str, str]:
    """`STATION=ADDRESS` entries as a map; an empty address takes the station out of the tap.

    Raises ValueError that names the first entry that cannot be used, and why.
    """
    found: dict[str, str] = {}
    for entry in entries:
        station, separator, address = (part.strip() for part in entry.partition("="))
        if not separator or not station:
            raise ValueError(f"{entry!r} is not STATION=ADDRESS")
        mistake = template_mistake(address) if address else None
        if mistake is not None:
            raise ValueError(f"the address of {station} {mistake}")
        found[station] = address
    return found
