"""More sentences of the scenario cases: readings with power, SIM cards, firmware, slow answers, locks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from rules.core.model import (
    BackEndTrouble,
    Booted,
    CommandAnswered,
    EventReported,
    MeterRead,
    Observation,
    SessionAccepted,
    SessionEnded,
    SessionStarted,
    SessionUpdated,
)

Maker = Callable[[re.Match[str], dict[str, Any]], list[Observation]]
NUMBER = r"-?\d+(?:\.\d+)?"


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


def _at(f: re.Match[str]) -> dict[str, int]:
    return {"evse": int(f["connector"]), "connector": int(f["connector"])}


def _boot(f: re.Match[str], base: dict[str, Any]) -> list[Observation]:
    return [
        Booted(
            **base,
            make=f["make"],
            model=f["model"],
            firmware=f["firmware"],
            imsi=None if f["sim"] is None else f["sim"].ljust(15, "0"),
            reason="PowerUp",
        )
    ]


def _meter(f: re.Match[str], base: dict[str, Any], moment: Callable[[str], Any]) -> list[Observation]:
    connector = None if f["connector"] is None else int(f["connector"])
    return [
        MeterRead(
            **base,
            station_at=None if f["sent"] is None else moment(f["sent"]),
            evse=connector,
            connector=connector,
            ref=f["ref"],
            energy_wh=_float(f["wh"]),
            power_w=_float(f["watt"]),
            soc=_float(f["soc"]),
            offered_a=_float(f["offered"]),
        )
    ]


def _late_start(f: re.Match[str], base: dict[str, Any]) -> list[Observation]:
    connector = int(f["connector"])
    name = f"m{f['ref']}"
    start = SessionStarted(
        **base, evse=connector, connector=connector, message_id=name, token=f["card"], meter_wh=0.0
    )
    late = {**base, "at": base["at"] + timedelta(seconds=int(f["late"]))}
    return [start, SessionAccepted(**late, message_id=name, ref=f["ref"], outcome="Accepted")]


def _trouble(event: str) -> Maker:
    def make(f: re.Match[str], base: dict[str, Any]) -> list[Observation]:
        found = f.groupdict()
        code = found.get("code")
        return [
            BackEndTrouble(
                **base,
                event=event,
                action=found.get("action"),
                waited_s=_float(found.get("waited")),
                code=None if code is None else int(code),
            )
        ]

    return make


def sentences(place: str, moment: Callable[[str], Any]) -> list[tuple[re.Pattern[str], Maker]]:
    """`place`: the pattern of a station with an optional connector; `moment`: reads a time of day."""
    return [
        (
            re.compile(
                rf"{place} boots as (?P<make>\w+) (?P<model>\w+)(?: with firmware (?P<firmware>\S+))?"
                r"(?: on SIM (?P<sim>\d+))?$"
            ),
            _boot,
        ),
        (
            re.compile(
                rf"{place} meters(?: (?P<wh>\d+) Wh)?(?: of session (?P<ref>\w+))?(?: at (?P<watt>\d+) W)?"
                r"(?: with (?P<soc>\d+) %)?(?: offering (?P<offered>\d+) A)?(?: sent at (?P<sent>.+))?$"
            ),
            lambda f, b: _meter(f, b, moment),
        ),
        (
            re.compile(rf"{place} reaches (?P<celsius>\d+) C$"),
            lambda f, b: [MeterRead(**b, temperature_c=float(f["celsius"]))],
        ),
        (
            re.compile(rf"{place} measures (?P<component>\w+) (?P<variable>\w+) (?P<value>\S+)$"),
            lambda f, b: [
                EventReported(
                    **b,
                    component=f["component"],
                    variable=f["variable"],
                    value=f["value"],
                    trigger="Periodic",
                )
            ],
        ),
        (
            re.compile(
                rf"{place} starts session (?P<ref>\S+) card (?P<card>\w+), answered after (?P<late>\d+) s$"
            ),
            _late_start,
        ),
        (
            re.compile(rf"{place} begins session (?P<ref>\S+) card (?P<card>\w+)(?: at (?P<wh>\d+) Wh)?$"),
            lambda f, b: [
                SessionStarted(**b, **_at(f), ref=f["ref"], token=f["card"], meter_wh=_float(f["wh"]))
            ],
        ),
        (
            re.compile(
                rf"{place} finishes session (?P<ref>\S+)(?: at (?P<wh>\d+) Wh)?(?: because (?P<reason>\w+))?$"
            ),
            lambda f, b: [
                SessionEnded(**b, **_at(f), ref=f["ref"], meter_wh=_float(f["wh"]), reason=f["reason"])
            ],
        ),
        (
            re.compile(rf"{place} session (?P<ref>\w+) is (?P<state>\w+)(?: because (?P<why>\w+))?$"),
            lambda f, b: [
                SessionUpdated(
                    **b,
                    ref=f["ref"],
                    evse=int(f["connector"]),
                    connector=int(f["connector"]),
                    charging_state=f["state"],
                    trigger=f["why"],
                )
            ],
        ),
        (
            re.compile(rf"{place} waits (?P<waited>\d+) s for an answer to its (?P<action>\w+)$"),
            _trouble("slow"),
        ),
        (re.compile(rf"{place} gets no answer to its (?P<action>\w+)$"), _trouble("unanswered")),
        (re.compile(rf"{place} is turned away by its back end with (?P<code>\d+)$"), _trouble("refused")),
        (re.compile(rf"{place} cannot reach its back end$"), _trouble("unreachable")),
        (
            re.compile(rf"{place} unlocks in (?P<waited>{NUMBER}) s$"),
            lambda f, b: [
                CommandAnswered(
                    **b,
                    action="UnlockConnector",
                    message_id="u",
                    status="Unlocked",
                    waited_s=float(f["waited"]),
                )
            ],
        ),
    ]
