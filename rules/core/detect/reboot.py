"""Boots and connections that follow each other too fast.

More than three boots in an hour without a command before them speak for supply or controller; when each
follows a command of the back end, the back end is suspected first. A boot message sent again because the one
before was not accepted is no boot.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.detect.context import keep_recent, proof
from rules.core.model import Booted, Connected
from rules.core.signals import Raise, Signal
from rules.core.state import StationState

RULE = "boot.loop"
RULE_FLAP = "link.flapping"
LOOP = "station.boot_loop"
LOOP_COMMANDED = "backend.boot_loop"
FLAPPING = "station.link_flapping"
WINDOW_S = 3600.0
BOOTS = 4
CONNECTS = 5
AFTER_COMMAND_S = 60.0
AFTER_RESET_S = 300.0
RESETS = ("reset", "updatefirmware")
PROVOKING = (
    "triggermessage",
    "getconfiguration",
    "changeconfiguration",
    "getvariables",
    "setvariables",
    "getbasereport",
)
NOT_YET = ("pending", "rejected")
ASKED_REASONS = ("remotereset", "scheduledreset", "firmwareupdate", "triggered", "localreset")


def on_boot(obs: Booted, station: StationState) -> list[Signal]:
    command = (station.command or "").casefold()
    after = (
        station.command_at is not None and (obs.at - station.command_at).total_seconds() <= AFTER_COMMAND_S
    )
    asked = (obs.reason or "").casefold() in ASKED_REASONS or (after and command in RESETS)
    expected = _after_reset(obs.at, station)
    if asked or expected or _triggered(obs.at, station) or _not_accepted(station):
        return []
    station.boots = keep_recent(station.boots, obs.at, WINDOW_S)
    station.commanded_boots = station.commanded_boots + 1 if after and command in PROVOKING else 0
    if len(station.boots) < BOOTS:
        return []
    commanded = station.commanded_boots >= BOOTS - 1
    return [
        Raise(
            fault=LOOP_COMMANDED if commanded else LOOP,
            rule=RULE,
            station=obs.station,
            evidence=(
                proof(
                    obs,
                    "boot_after_command" if commanded else "boot_again",
                    times=len(station.boots),
                    reason=obs.reason,
                    action=station.command if commanded else None,
                ),
            ),
        )
    ]


def _not_accepted(station: StationState) -> bool:
    """OCPP has a station repeat its boot message until it is accepted."""
    return station.odd_boot or (station.boot_status or "").casefold() in NOT_YET


def _after_reset(at: datetime, station: StationState) -> bool:
    """The first boot after a reset that the station took; slow ones need minutes for it."""
    took = station.reset_at
    if took is None or not 0 <= (at - took).total_seconds() <= AFTER_RESET_S:
        return False
    first = station.reset_boot_at != took
    station.reset_boot_at = took
    return first


def _triggered(at: datetime, station: StationState) -> bool:
    """A boot message that the back end asked for is no boot."""
    return (
        station.command == "TriggerMessage:BootNotification"
        and station.command_at is not None
        and (at - station.command_at).total_seconds() <= AFTER_COMMAND_S
    )


def on_connect(obs: Connected, station: StationState) -> list[Signal]:
    took = station.reset_at
    if took is not None and station.reset_connect_at != took:
        station.reset_connect_at = took
        if 0 <= (obs.at - took).total_seconds() <= AFTER_RESET_S:
            return []  # a reset that was asked for ends the connection: no sign of a bad link
    station.connects = keep_recent(station.connects, obs.at, WINDOW_S)
    if len(station.connects) < CONNECTS:
        return []
    return [
        Raise(
            fault=FLAPPING,
            rule=RULE_FLAP,
            station=obs.station,
            evidence=(proof(obs, "connected_again", times=len(station.connects)),),
        )
    ]
