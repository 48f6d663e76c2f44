"""Boots and connections that follow each other too fast.

More than three boots in an hour without a command before them speak for supply or controller; when each
follows a command of the back end, the back end is suspected first. A boot message sent again because the one
before was not accepted, or not even answered, is no boot.
"""

from __future__ import annotations

from datetime import datetime

from rules.core.detect.context import keep_recent, proof
from rules.core.model import BootAnswered, Booted, Connected
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "boot.loop"
RULE_VAIN = "boot.unanswered"
RULE_FLAP = "link.flapping"
LOOP = "station.boot_loop"
RULE_REPEATED = "boot.repeated"
REPEATED = "protocol.boot_repeated"
FASTEST_BOOT_S = 20.0
REPEATED_BOOTS = 3  # times again
KEEP = 20
VAIN = "backend.boots_unanswered"
LOOP_COMMANDED = "backend.boot_loop"
FLAPPING = "station.link_flapping"
WINDOW_S = 3600.0
BOOTS = 4
VAIN_BOOTS = 2  # repeats of a boot message that got no answer
UNSURE = 0.45  # repeats of an unanswered boot, or boots, in a log of one side only: nobody can tell
REAL_REASONS = ("powerup", "watchdog")
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


def on_boot(obs: Booted, station: StationState, before: datetime | None) -> list[Signal]:
    """`before`: the last boot where nothing answered it, None where something did or there was none."""
    command = (station.command or "").casefold()
    after = (
        station.command_at is not None and (obs.at - station.command_at).total_seconds() <= AFTER_COMMAND_S
    )
    asked = (obs.reason or "").casefold() in ASKED_REASONS or (after and command in RESETS)
    expected = _after_reset(obs.at, station)
    if asked or expected or _triggered(obs.at, station) or _not_accepted(station):
        return []
    if _repeated(obs, station):
        return _at_once(obs, station)
    again = before is not None and (station.connected_at is None or station.connected_at <= before)
    again = again and (obs.reason or "").casefold() not in REAL_REASONS
    if again and _back_end_seen(station) and not (after and command in PROVOKING):
        return _in_vain(obs, station)
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
            confidence=UNSURE if again and not commanded else None,
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


def _repeated(obs: Booted, station: StationState) -> bool:
    """Sooner after the last than any station boots, and on the same connection."""
    last = station.boot_told_at
    station.boot_told_at = obs.at
    if last is None or (obs.at - last).total_seconds() >= FASTEST_BOOT_S:
        return False
    return station.connected_at is None or station.connected_at <= last


def _at_once(obs: Booted, station: StationState) -> list[Signal]:
    """A boot message sent again and again although it was accepted: the station does not take the answer."""
    if (station.boot_status or "").casefold() != "accepted":
        return []
    station.repeated_boots = keep_recent(station.repeated_boots, obs.at, WINDOW_S)[-KEEP:]
    if len(station.repeated_boots) < REPEATED_BOOTS:
        return []
    evidence = (proof(obs, "boot_repeated", times=len(station.repeated_boots) + 1),)
    return [Raise(fault=REPEATED, rule=RULE_REPEATED, station=obs.station, evidence=evidence)]


def _in_vain(obs: Booted, station: StationState) -> list[Signal]:
    """The boot message again, on the same connection and without an answer in between: no boot at all."""
    station.vain_boots = keep_recent(station.vain_boots, obs.at, WINDOW_S)
    if len(station.vain_boots) < VAIN_BOOTS:
        return []
    times = len(station.vain_boots) + 1
    evidence = (proof(obs, "boots_unanswered", times=times),)
    return [Raise(fault=VAIN, rule=RULE_VAIN, station=obs.station, evidence=evidence)]


def answered(obs: BootAnswered, station: StationState) -> list[Signal]:
    """The back end answers boots again."""
    if not station.vain_boots:
        return []
    station.vain_boots = []
    key = place_key(obs.station, None, None, VAIN)
    return [Clear(key=key, evidence=proof(obs, "boot_answer", status=obs.status))]


def _back_end_seen(station: StationState) -> bool:
    """Whether the record shows the back end at all: a log of the station's side only holds no answers."""
    return station.boot_status is not None or station.accepted_at is not None


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
