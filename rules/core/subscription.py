"""What customers asked to hear of their own stations: down, up again, planned work.

Decides which incidents are news to a customer: real ones with downtime, at a station of theirs. Early signs,
doubtful verdicts and what only the driver can mend are none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from msgspec import Struct

from rules.core.incident import SEVERITY_RANK
from rules.core.rows import Asset, IncidentRow
from rules.core.words import Owner, Severity, Side

DOWN, UP, PLANNED = "down", "up", "planned"
KINDS = (DOWN, UP, PLANNED)
LANE = "customers"  # the one destination through which all of them are reached
PREFIX = f"{LANE}/"


# What mail services agree on. Rarer signs are legal (RFC 5321) but get lost on the way: Apprise 2.2.0 takes
# an apostrophe for a separator and would write to another address.
_PLAIN = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}")


def is_plain_address(email: str) -> bool:
    """Whether a message to it is sure to go there and nowhere else."""
    return _PLAIN.fullmatch(email) is not None


class Subscription(Struct, frozen=True, kw_only=True):
    """One person's wish. `party`: the customer as in the register; `stations`: empty for all of them."""

    subscription_id: str
    email: str
    party: str
    stations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = (DOWN, UP)
    language: str = "nl"

    @property
    def destination(self) -> str:
        return PREFIX + self.subscription_id


def subscription_id(email: str) -> str:
    """Stable, and without the address in it: it stands in keys and logs."""
    return hashlib.blake2b(email.strip().casefold().encode(), digest_size=8).hexdigest()


def is_news(row: IncidentRow, min_confidence: float) -> bool:
    """Whether it keeps customers from charging, for sure and for long."""
    return (
        stops_charging(row.fault, row.side, row.severity, imminent=row.imminent, safety=row.safety)
        and row.owner is not Owner.NONE
        and (row.confidence >= min_confidence or row.overruled_by is not None)
    )


def stops_charging(fault: str, side: Side, severity: Severity, *, imminent: bool, safety: bool) -> bool:
    """Whether such a fault puts a station out of use, and is no matter of one card, one car or later."""
    return (
        not imminent
        and fault.partition(".")[0] not in ("delivery", "auth", "protocol")
        and side is not Side.NONE
        and (safety or SEVERITY_RANK[severity] >= SEVERITY_RANK[Severity.HIGH])
    )


def concerns(row: IncidentRow, wish: Subscription, register: Mapping[str, Asset]) -> bool:
    """Whether a station of theirs that they asked about is meant."""
    if row.station is not None:
        named: list[str] = [row.station]
    elif row.members:
        named = row.members
    else:
        return False
    for name in named:
        asset = register.get(name)
        mine = asset is not None and asset.customer == wish.party
        if mine and (not wish.stations or name in wish.stations):
            return True
    return False
