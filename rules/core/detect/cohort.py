"""Firmware that lags behind that of the same make and model.

Decides only where the numbers can be compared and most of the cohort is ahead. An odd version says nothing.
"""

from __future__ import annotations

import re

from rules.core.detect.context import Context, proof
from rules.core.model import Booted
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "firmware.cohort"
FAULT = "firmware.behind"
NUMBERS = re.compile(r"\d+")


def model_key(make: str | None, model: str | None) -> str | None:
    """`make|model`, None where one of them is not known."""
    return f"{make.casefold()}|{model.casefold()}" if make and model else None


def version_of(text: str) -> tuple[int, ...]:
    """The numbers in a version, in order: `V4.12.0-beta` is (4, 12, 0)."""
    return tuple(int(n[:9]) for n in NUMBERS.findall(text)[:6])


def count(old: tuple[str | None, str | None], station: StationState, ctx: Context) -> None:
    """Keep the numbers of stations by version in step. `old`: model key and firmware before the boot."""
    new = (model_key(station.make, station.model), station.firmware)
    if old == new:
        return
    versions = ctx.state.versions
    if old[0] is not None and old[1]:
        left = versions.get(old[0], {})
        left[old[1]] = left.get(old[1], 1) - 1
        if left[old[1]] <= 0:
            del left[old[1]]
    if new[0] is not None and new[1]:
        here = versions.setdefault(new[0], {})
        here[new[1]] = here.get(new[1], 0) + 1


def on_boot(obs: Booted, station: StationState, ctx: Context) -> list[Signal]:
    name = model_key(station.make, station.model)
    if name is None or not station.firmware:
        return []
    versions = ctx.state.versions.get(name, {})
    total = sum(versions.values())
    own = version_of(station.firmware)
    key = place_key(obs.station, None, None, FAULT)
    ahead = [v for v in versions if len(version_of(v)) == len(own) and version_of(v) > own]
    number = sum(versions[v] for v in ahead)
    if (
        not own
        or total < ctx.limit("firmware.cohort_least")
        or number < total * ctx.limit("firmware.ahead_share")
    ):
        return [Clear(key=key, evidence=proof(obs, "firmware_current", firmware=station.firmware))]
    usual = max(ahead, key=lambda v: (versions[v], version_of(v)))
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            evidence=(
                proof(obs, "firmware_behind", firmware=station.firmware, usual=usual, ahead=number, of=total),
            ),
        )
    ]
