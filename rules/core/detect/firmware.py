"""A firmware update that failed. A later success, or a boot with other firmware, clears it."""

from __future__ import annotations

from rules.core.detect.context import proof
from rules.core.model import FirmwareReported
from rules.core.signals import Clear, Raise, Signal, place_key

RULE = "firmware.update"
FAULT = "firmware.update_failed"
FAILED = ("downloadfailed", "installationfailed", "invalidsignature", "installverificationfailed")


def detect(obs: FirmwareReported) -> list[Signal]:
    word = obs.status.casefold()
    if word in FAILED:
        return [
            Raise(
                fault=FAULT,
                rule=RULE,
                station=obs.station,
                evidence=(proof(obs, "firmware_status", status=obs.status),),
            )
        ]
    if word == "installed":
        return [
            Clear(
                key=place_key(obs.station, None, None, FAULT),
                evidence=proof(obs, "firmware_status", status=obs.status),
            )
        ]
    return []
