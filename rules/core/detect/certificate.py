"""A certificate near its end, where a station's own events tell so.

OCPP names no such event; makers and custom monitors do, with `certificate` and an end in the variable's name.
The value is a date, a number of days, or true.
"""

from __future__ import annotations

from datetime import UTC, datetime

from rules.core.detect.context import Context, proof
from rules.core.model import EventReported
from rules.core.signals import Clear, Raise, Signal, place_key

RULE = "certificate.end"
FAULT = "backend.certificate_ending"
WORDS = ("expir", "validto", "notafter", "daysleft")


def detect(obs: EventReported, ctx: Context) -> list[Signal]:
    name = f"{obs.component or ''}{obs.variable or ''}".casefold()
    if "cert" not in name or not any(word in name for word in WORDS):
        return []
    key = place_key(obs.station, None, None, FAULT)
    value = (obs.value or "").strip()
    days = _days(value, obs.at)
    if (
        obs.cleared
        or value.casefold() == "false"
        or (days is not None and days > ctx.limit("certificate.days"))
    ):
        return [Clear(key=key, evidence=proof(obs, "certificate_good", value=value))]
    if days is None and value.casefold() != "true":
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            evidence=(
                proof(obs, "certificate_ends", value=value, days=None if days is None else round(days)),
            ),
        )
    ]


def _days(value: str, at: datetime) -> float | None:
    """Days until the end that the value tells; None where it tells none."""
    try:
        return float(value)
    except ValueError:
        pass  # not a number of days: perhaps a date
    try:
        end = datetime.fromisoformat(value)
    except ValueError:
        return None
    return ((end if end.tzinfo is not None else end.replace(tzinfo=UTC)) - at).total_seconds() / 86_400
