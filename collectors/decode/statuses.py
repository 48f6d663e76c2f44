"""The connector statuses of OCPP 1.5, 1.6 and 2.x, in the spellings stations use."""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.decode import findings
from collectors.decode.reading import Reading
from collectors.decode.values import read_text
from rules.core.model import Status

STATUS_16: Final = {
    "Available": Status.AVAILABLE,
    "Preparing": Status.PREPARING,
    "Charging": Status.CHARGING,
    "SuspendedEV": Status.SUSPENDED_EV,
    "SuspendedEVSE": Status.SUSPENDED_EVSE,
    "Finishing": Status.FINISHING,
    "Reserved": Status.RESERVED,
    "Unavailable": Status.UNAVAILABLE,
    "Faulted": Status.FAULTED,
}
STATUS_2: Final = {
    "Available": Status.AVAILABLE,
    "Occupied": Status.OCCUPIED,
    "Reserved": Status.RESERVED,
    "Unavailable": Status.UNAVAILABLE,
    "Faulted": Status.FAULTED,
}
# Occupied is the word of OCPP 1.5 and 2.x; stations on 1.6 with older firmware still say it.
_LOOSE: Final = {re.sub(r"[^a-z]", "", word.lower()): s for word, s in {**STATUS_16, **STATUS_2}.items()}


def read_status(reading: Reading, value: Any, known: dict[str, Status]) -> tuple[Status, str | None]:
    """The status and the station's own word for it."""
    if type(value) is str and (status := known.get(value)) is not None:
        return status, value
    word = read_text(value, 100)
    if word is None:
        reading.find(findings.STATUS_MISSING)
        return Status.UNKNOWN, None
    loose = _LOOSE.get(re.sub(r"[^a-z]", "", word.lower()))
    if loose is None:
        reading.find(findings.STATUS_UNKNOWN, word)
        return Status.UNKNOWN, word
    reading.find(findings.STATUS_SPELLING, word)
    return loose, word
