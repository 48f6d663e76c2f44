"""Quiet hours of a destination: in which hours it hears nothing of which severities.

Decides only what a sound entry is; the hours themselves are `service_hours`'.
"""

from __future__ import annotations

from msgspec import Struct

from rules.core.calendar.service_hours import Hours, parse
from rules.core.words import Severity

_CAN_WAIT = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)  # critical is never kept back


class Quiet(Struct, frozen=True, kw_only=True):
    """Hours (Europe/Brussels) in which a destination hears nothing of these severities."""

    hours: Hours
    severities: tuple[Severity, ...] = _CAN_WAIT


def parse_quiet(text: str) -> Quiet:
    """`22:00-07:00` for all but critical; `low+medium: Mo-Fr 18:00-08:00` for these severities. Raises
    ValueError with the reason."""
    head, colon, tail = text.partition(": ")
    if not colon:
        return Quiet(hours=parse(text.strip()))
    names = [name.strip() for name in head.split("+")]
    known = {severity.value for severity in _CAN_WAIT}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not low, medium or high (critical is never kept back)")
    return Quiet(hours=parse(tail.strip()), severities=tuple(Severity(name) for name in names))
