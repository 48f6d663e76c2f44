"""Frames that do not conform, where that breaks function.

A finding alone is only noted. One for which a strict reader refuses the whole frame is a software-side
fault until the back end shows that it could read it; from then on it is cosmetic. A boot that can never
be accepted is one until it is accepted.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import BootAnswered, FindingSeen, OddAnswered
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "protocol.finding"
FAULT = "protocol.broken"
WINDOW_S = 3600.0
# How many in an hour break a function (ids of findings.yaml). What is not listed is cosmetic or harmless.
LIMITS = {
    "frame_unreadable": 3,
    "not_a_frame": 3,
    "frame_too_large": 3,
    "json_truncated": 3,
    "json_broken": 3,
    "json_missing_comma": 1,
    "json_extra_comma": 3,
    "sampled_value_empty": 1,
    "meter_value_missing": 1,
    "member_invalid": 1,
    "answer_invalid": 1,
    "other_version": 2,
    # Sent a third time though nothing was lost in between: nobody took it, or the answer is not understood.
    "message_repeated": 2,
}
REPEATED = "message_repeated"
CATCHING_UP_S = 120.0
AGAIN = 3
ONCE_DISCOUNT = 0.15
# Details of `json_truncated`: who cut the text.
UNCLOSED = "only closing brackets are missing"
CUT_MARK = "the text ends in a mark of the log's viewer"

BOOT_FINDINGS = ("vendor_empty", "boot_field_invalid")
# A reader of the agreed version finds none of its required members in a boot of another one.
OTHER_VERSION = "other_version"
BOOT = "BootNotification"
BOOT_FAULT = "protocol.boot"


def boot_answered(obs: BootAnswered, station: StationState) -> list[Signal]:
    """An odd boot that is accepted all the same breaks nothing."""
    if obs.status.casefold() != "accepted":
        return []
    station.odd_boot = False
    key = place_key(obs.station, None, None, BOOT_FAULT)
    return [Clear(key=key, evidence=proof(obs, "boot_answer", status=obs.status))]


def detect(obs: FindingSeen, station: StationState, ctx: Context) -> list[Signal]:
    if obs.finding in BOOT_FINDINGS or (obs.finding == OTHER_VERSION and obs.detail == BOOT):
        station.odd_boot = True
        return [
            Raise(
                fault=BOOT_FAULT,
                rule=RULE,
                station=obs.station,
                evidence=(proof(obs, "finding", finding=obs.finding, detail=obs.detail, times=1),),
            )
        ]
    limit = LIMITS.get(obs.finding)
    if limit is None or obs.detail == CUT_MARK or (obs.finding in station.read_anyway and not obs.answer):
        return []
    if obs.detail == UNCLOSED:
        limit = 1
    times = keep_recent(station.findings.get(obs.finding, []), obs.at, WINDOW_S)[-50:]
    if obs.finding == REPEATED and station.connected_at is not None:
        # After a lost connection a station sends again what it had no answer to: the link's doing.
        times = [at for at in times if at >= station.connected_at + timedelta(seconds=CATCHING_UP_S)]
    station.findings[obs.finding] = times
    if len(times) < limit:
        return []
    sure = ctx.catalog.fault(FAULT).confidence
    return [
        Raise(
            fault=FAULT,
            rule=RULE,
            station=obs.station,
            suffix=obs.finding,
            confidence=sure if len(times) >= AGAIN else sure - ONCE_DISCOUNT,
            evidence=(proof(obs, "finding", finding=obs.finding, detail=obs.detail, times=len(times)),),
        )
    ]


def odd_answered(obs: OddAnswered, station: StationState) -> list[Signal]:
    """The back end could read it after all, or says that it could not."""
    signals: list[Signal] = []
    for finding in obs.findings:
        if obs.code is None:
            if finding not in station.read_anyway:
                station.read_anyway.append(finding)
            key = place_key(obs.station, None, None, FAULT, finding)
            signals.append(Clear(key=key, evidence=proof(obs, "odd_accepted", finding=finding)))
            continue
        if finding in station.read_anyway:
            station.read_anyway.remove(finding)
        if finding in LIMITS:
            signals.append(
                Raise(
                    fault=FAULT,
                    rule=RULE,
                    station=obs.station,
                    suffix=finding,
                    evidence=(proof(obs, "odd_refused", finding=finding, code=obs.code),),
                )
            )
    return signals
