"""What may be tried from afar before somebody is sent: the policies of first aid, as the operator wrote them.

Decides nothing: without policies nothing is ever tried. All durations are seconds.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Remedy(StrEnum):
    """The only things that are tried. A hard reset is not among them: it can lose the end of a session."""

    SOFT_RESET = "soft_reset"
    UNLOCK = "unlock"
    TRIGGER_STATUS = "trigger_status"
    TRIGGER_HEARTBEAT = "trigger_heartbeat"
    SEND_LOCAL_LIST = "send_local_list"
    CLEAR_CACHE = "clear_cache"


ASKING = (Remedy.TRIGGER_STATUS, Remedy.TRIGGER_HEARTBEAT)  # questions, which change nothing


class AidPolicy(Struct, frozen=True, kw_only=True):
    """One remedy for one fault. `make`, `model` and `firmware` narrow it (case-insensitive; firmware begins
    with).

    `attempts`: per incident. `cool_down_s`: between attempts on the same fault at the same place, over
    incidents. `cleared_within_s`: a fault that is gone within it was cleared by the remedy. With
    `before_sending` nobody is told until the outcome is known, at most `hold_s` after the incident opened.
    """

    id: str
    fault: str
    do: Remedy
    attempts: int = 1
    cool_down_s: float = 3600.0
    cleared_within_s: float = 150.0
    before_sending: bool = False
    hold_s: float = 180.0
    make: str | None = None
    model: str | None = None
    firmware: str | None = None

    def fits(self, make: str | None, model: str | None, firmware: str | None) -> bool:
        """Whether the station is of the kind that this is written for; what is not known fits nothing."""
        return (
            _same(self.make, make)
            and _same(self.model, model)
            and (self.firmware is None or (firmware or "").casefold().startswith(self.firmware.casefold()))
        )


class AidPlan(Struct, frozen=True, kw_only=True):
    """All policies in the order in which they are tried, and what holds for all of them together."""

    policies: tuple[AidPolicy, ...] = ()
    station_per_day: int = 3
    fleet_per_hour: int = 20


def _same(wanted: str | None, told: str | None) -> bool:
    return wanted is None or wanted.casefold() == (told or "").casefold()
