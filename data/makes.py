"""Names of makes for labels of metrics: a closed list, because a station may call itself anything.

Decides only which of the listed makes a station's own word means. What is not listed is `other`; a station
that named none is `unknown`.
"""

from __future__ import annotations

import re
from typing import Final

OTHER: Final = "other"
UNKNOWN: Final = "unknown"

# Label -> how a vendor name begins, in small letters and digits only. Makers seen in public traces and code
# tables (see data/catalog/vendors and data/catalog/findings.yaml), and those common in the Benelux.
_BEGINNINGS: Final[dict[str, tuple[str, ...]]] = {
    "abb": ("abb",),
    "alfen": ("alfen", "icuev"),
    "alpitronic": ("alpitronic", "hypercharger"),
    "autel": ("autel",),
    "bender": ("bender", "ebee"),
    "chargeamps": ("chargeamps",),
    "circontrol": ("circontrol",),
    "compleo": ("compleo",),
    "ctek": ("ctek",),
    "delta": ("delta",),
    "easee": ("easee",),
    "efacec": ("efacec",),
    "ekoenergetyka": ("ekoenergetyka",),
    "enplus": ("enplus",),
    "evbox": ("evbox",),
    "free2move": ("free2move",),
    "go-e": ("goe",),
    "hager": ("hager",),
    "huawei": ("huawei",),
    "ingeteam": ("ingeteam",),
    "keba": ("keba",),
    "kempower": ("kempower",),
    "legrand": ("legrand",),
    "mennekes": ("mennekes",),
    "peblar": ("peblar", "prodrive"),
    "phoenix": ("phoenix",),
    "schneider": ("schneider",),
    "siemens": ("siemens",),
    "smappee": ("smappee",),
    "sungrow": ("sungrow",),
    "tesla": ("tesla",),
    "tritium": ("tritium",),
    "united-chargers": ("unitedchargers", "grizzl"),
    "vestel": ("vestel",),
    "wallbox": ("wallbox",),
    "webasto": ("webasto",),
    "zaptec": ("zaptec",),
}
MAKES: Final = frozenset((*_BEGINNINGS, OTHER, UNKNOWN))

_NOISE: Final = re.compile(r"[^a-z0-9+]")
_PAIRS: Final = tuple((start, make) for make, starts in _BEGINNINGS.items() for start in starts)


def make_label(name: str | None) -> str:
    """The label of a make as a station writes it (`Alfen BV`, `EV-BOX`, `go-e`); one of `MAKES`."""
    if name is None or not name.strip():
        return UNKNOWN
    plain = _NOISE.sub("", name.casefold()[:40]).replace("+", "plus")
    return next((make for start, make in _PAIRS if plain.startswith(start)), OTHER)
