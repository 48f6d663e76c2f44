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
BOOT_FAULT = "protocol.boot"


def boot_answered(obs: BootAnswered) -> list[Signal]:
    """An odd boot that is accepted all the same breaks nothing."""
    if obs.status.casefold() != "accepted":
        return []
    key = place_key(obs.station, None, None, BOOT_FAULT)
    return [Clear(key=key, evidence=proof(obs, "boot_answer", status=obs.status))]


def detect(obs: FindingSeen, station: StationState) -> list[Signal]:
    if obs.finding == BOOT_FINDING:
        return [
            Raise(
                fault=BOOT_FAULT,
                rule=RULE,
                station=obs.station,
                evidence=(proof(obs, "finding", finding=obs.finding, times=1),),
            )
        ]
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
