"""Frames that do not conform, where that breaks function.

A finding alone is only noted. One that stops a function (a boot that can never be accepted, answers that can
never be parsed, readings without samples) and comes again is a software-side fault.
"""

from __future__ import annotations

from rules.core.detect.context import keep_recent, proof
from rules.core.model import BootAnswered, FindingSeen
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "protocol.finding"
FAULT = "protocol.broken"
WINDOW_S = 3600.0
# How many in an hour break a function (ids of findings.yaml). What is not listed is cosmetic or harmless.
LIMITS = {
    "frame_unreadable": 3,
    "not_a_frame": 3,
    "sampled_value_empty": 3,
    "meter_value_missing": 3,
    "frame_too_large": 3,
}


BOOT_FINDING = "vendor_empty"
BOOT_WINDOW_S = 60.0  # a boot and its answer belong together within this


def boot_answered(obs: BootAnswered, station: StationState) -> list[Signal]:
    """An odd boot matters only where it is the reason why the boot is not accepted."""
    odd = station.odd_boot_at
    if odd is None or (obs.at - odd).total_seconds() > BOOT_WINDOW_S:
        return []
    if obs.status.casefold() == "accepted":
        return [
            Clear(
                key=place_key(obs.station, None, None, FAULT, BOOT_FINDING),
                evidence=proof(obs, "boot_answer", status=obs.status),
            )
        ]
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            suffix=BOOT_FINDING,
            evidence=(proof(obs, "finding", finding=BOOT_FINDING, times=1),),
        )
    ]


def detect(obs: FindingSeen, station: StationState) -> list[Signal]:
    if obs.finding == BOOT_FINDING:
        station.odd_boot_at = obs.at
        return []
    limit = LIMITS.get(obs.finding)
    if limit is None:
        return []
    times = keep_recent(station.findings.get(obs.finding, []), obs.at, WINDOW_S)[-50:]
    station.findings[obs.finding] = times
    if len(times) < limit:
        return []
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            suffix=obs.finding,
            evidence=(proof(obs, "finding", finding=obs.finding, detail=obs.detail, times=len(times)),),
        )
    ]
