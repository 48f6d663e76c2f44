"""What a detector says: a fault is there, or it is gone. The common tongue of detectors and incidents.

Decides nothing. A detector never looks at incidents and never routes.
"""

from __future__ import annotations

from msgspec import Struct

from rules.core.model import Cause, Evidence, Owner, Scope, Side

WEAK = 0.5
WEAK_HOLD_S = 1800.0
WEAK_QUIET_S = 900.0


class Raise(Struct, frozen=True, kw_only=True):
    """A fault was seen. `None` for side, cause, owner, task, confidence: as the catalogue says.

    `key` tells it from the same fault elsewhere; the default is place and fault. `adopts`: keys of incidents
    that are part of this one and are silent while it lasts. `weak`: one sign that proves little,
    of no more than `WEAK` confidence. It is told where a recorded log ends at it, as an excerpt is cut around
    what it shows; in live traffic it must come back within `WEAK_QUIET_S` until `WEAK_HOLD_S` have passed.
    """

    fault: str
    rule: str
    evidence: tuple[Evidence, ...]
    station: str | None = None
    evse: int | None = None
    connector: int | None = None
    scope: Scope | None = None
    site: str | None = None
    members: tuple[str, ...] = ()
    side: Side | None = None
    cause: Cause | None = None
    owner: Owner | None = None
    task: str | None = None
    confidence: float | None = None
    suffix: str | None = None
    adopts: tuple[str, ...] = ()
    weak: bool = False

    @property
    def key(self) -> str:
        return place_key(self.station or self.site, self.evse, self.connector, self.fault, self.suffix)


class Clear(Struct, frozen=True, kw_only=True):
    """The fault with this key is no longer there."""

    key: str
    evidence: Evidence | None = None


class Weigh(Struct, frozen=True, kw_only=True):
    """Something speaks for or against an incident that there is: its confidence changes by `by`."""

    key: str
    by: float
    evidence: Evidence


Signal = Raise | Clear | Weigh


def place_key(
    place: str | None, evse: int | None, connector: int | None, fault: str, suffix: str | None = None
) -> str:
    """`place/evse/connector/fault`: identity of an incident, free of time, severity and text."""
    base = f"{place or '*'}/{'' if evse is None else evse}/{'' if connector is None else connector}/{fault}"
    return base if suffix is None else f"{base}/{suffix}"
