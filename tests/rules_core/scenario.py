"""Reads the plain sentences of `tests/cases/triage/*.yaml` and turns them into observations.

A sentence starts with a time of day. The station's site is the part of its name before the last dash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from rules.core.model import (
    AnswerIncomplete,
    Asset,
    Authorised,
    Blind,
    BootAnswered,
    Booted,
    CallErrored,
    CommandAnswered,
    CommandSent,
    Connected,
    Disconnected,
    EventReported,
    FindingSeen,
    FirmwareReported,
    Heartbeat,
    MeterRead,
    Observation,
    OddAnswered,
    PromiseBroken,
    Seen,
    SessionAccepted,
    SessionEnded,
    SessionStarted,
    Status,
    StatusReported,
)
from tests.rules_core import sentences_behaviour, sentences_windows
from tests.rules_core.helpers import START, asset

TIME = re.compile(r"^(?:day (\d+) )?(\d\d):(\d\d)(?::(\d\d))?$")
PLACE = r"(?P<station>[\w-]+)(?:/(?P<connector>\d+))?"
WORDS = "|".join(sorted((s.value for s in Status), key=len, reverse=True))


def moment(text: str) -> datetime:
    found = TIME.match(text.strip())
    if found is None:
        raise ValueError(f"not a time: {text!r}")
    day, hour, minute, second = (int(g or 0) for g in found.groups())
    midnight = START.replace(hour=0, minute=0)
    return midnight + timedelta(days=max(day - 1, 0), hours=hour, minutes=minute, seconds=second)


def _connector(found: re.Match[str]) -> int | None:
    return None if found["connector"] is None else int(found["connector"])


def _status(f: re.Match[str], base: dict[str, Any]) -> list[Observation]:
    connector = _connector(f) or 0
    sent = f["sent"]
    return [
        StatusReported(
            **base,
            station_at=None if sent is None else moment(sent),
            evse=connector,
            connector=connector,
            status=Status(f["status"]),
            raw_status=f["status"].title(),
            error_code=None if f["error"] == "silently" else f["error"] or "NoError",
            vendor_error=f["vendor"],
            vendor_id=f["by"],
            info=f["info"],
        )
    ]


def _session_end(f: re.Match[str], base: dict[str, Any]) -> list[Observation]:
    return [SessionEnded(**base, ref=f["ref"], meter_wh=float(f["wh"]), reason=f["reason"] or "Local")]


def _session_start(f: re.Match[str], base: dict[str, Any]) -> list[Observation]:
    connector = _connector(f)
    name = f"m{f['ref']}"
    return [
        SessionStarted(
            **base,
            evse=connector,
            connector=connector,
            message_id=name,
            token=f["card"],
            meter_wh=float(f["wh"]),
        ),
        SessionAccepted(**base, message_id=name, ref=f["ref"], outcome="Accepted"),
    ]


Maker = Callable[[re.Match[str], dict[str, Any]], list[Observation]]
SENTENCES: list[tuple[re.Pattern[str], Maker]] = [
    (
        re.compile(
            rf"{PLACE} says (?P<status>{WORDS})(?: with (?P<error>\S+))?"
            r"(?: vendor (?P<vendor>\S+))?(?: by (?P<by>\S+))?"
            r'(?: info "(?P<info>[^"]*)")?(?: sent at (?P<sent>.+))?$'
        ),
        _status,
    ),
    (re.compile(rf"{PLACE} connects$"), lambda f, b: [Connected(**b, version="1.6")]),
    (re.compile(rf"{PLACE} disconnects$"), lambda f, b: [Disconnected(**b)]),
    (
        re.compile(rf"{PLACE} boots(?: as (?P<make>\w[\w-]*))?(?: because (?P<reason>\w+))?$"),
        lambda f, b: [Booted(**b, make=f["make"], reason=f["reason"])],
    ),
    (
        re.compile(
            rf"{PLACE} is answered (?P<status>Accepted|Pending|Rejected)(?: every (?P<every>\d+) s)?$"
        ),
        lambda f, b: [
            BootAnswered(**b, status=f["status"], interval_s=int(f["every"]) if f["every"] else None)
        ],
    ),
    (re.compile(rf"{PLACE} is alive$"), lambda f, b: [Heartbeat(**b)]),
    (re.compile(rf"{PLACE} answers something$"), lambda f, b: [Seen(**b, direction="in")]),
    (
        re.compile(rf"{PLACE} card (?P<card>\w+) is (?P<outcome>\w+)$"),
        lambda f, b: [Authorised(**b, outcome=f["outcome"], token=f["card"])],
    ),
    (
        re.compile(rf"{PLACE} starts session (?P<ref>\S+) card (?P<card>\w+) at (?P<wh>\d+) Wh$"),
        _session_start,
    ),
    (
        re.compile(rf"{PLACE} ends session (?P<ref>\S+) at (?P<wh>\d+) Wh(?: because (?P<reason>\w+))?$"),
        _session_end,
    ),
    (
        re.compile(rf"{PLACE} meters (?P<wh>\d+) Wh$"),
        lambda f, b: [MeterRead(**b, evse=_connector(f), connector=_connector(f), energy_wh=float(f["wh"]))],
    ),
    (
        re.compile(
            rf"{PLACE} notifies (?P<component>\w+) (?P<variable>\w+)(?: code (?P<code>\w+))?"
            r"(?: severity (?P<severity>\d))?(?P<cleared> is over)?$"
        ),
        lambda f, b: [
            EventReported(
                **b,
                evse=_connector(f),
                connector=_connector(f),
                component=f["component"],
                variable=f["variable"],
                value="false" if f["cleared"] else "true",
                trigger="Alerting",
                tech_code=f["code"],
                cleared=bool(f["cleared"]),
                severity=int(f["severity"]) if f["severity"] else None,
            )
        ],
    ),
    (
        re.compile(rf"{PLACE} gets error (?P<code>\w+) on its (?P<action>\w+)$"),
        lambda f, b: [CallErrored(**b, direction="out", code=f["code"], action=f["action"])],
    ),
    (
        re.compile(rf"{PLACE} refuses (?P<action>\w+) with error (?P<code>\w+)$"),
        lambda f, b: [CallErrored(**b, direction="in", code=f["code"], action=f["action"])],
    ),
    (
        re.compile(rf"{PLACE} is asked (?P<action>\w+)(?: about (?P<about>\w+))?$"),
        lambda f, b: [
            CommandSent(
                **b,
                action=f["action"],
                message_id=f["action"],
                evse=_connector(f),
                connector=_connector(f),
                about=f["about"],
            )
        ],
    ),
    (
        re.compile(rf"{PLACE} answers (?P<action>\w+) with (?P<status>\w+)$"),
        lambda f, b: [CommandAnswered(**b, action=f["action"], message_id=f["action"], status=f["status"])],
    ),
    (
        re.compile(rf"{PLACE} firmware update is (?P<status>\w+)$"),
        lambda f, b: [FirmwareReported(**b, status=f["status"])],
    ),
    (
        re.compile(rf"{PLACE} sends a frame that is (?P<finding>\w+)(?: \((?P<detail>[^)]*)\))?$"),
        lambda f, b: [FindingSeen(**b, finding=f["finding"], detail=f["detail"])],
    ),
    (
        re.compile(rf"{PLACE} is understood despite (?P<finding>\w+)$"),
        lambda f, b: [OddAnswered(**b, findings=(f["finding"],))],
    ),
    (
        re.compile(rf"{PLACE} is refused with (?P<code>\w+) for (?P<finding>\w+)$"),
        lambda f, b: [OddAnswered(**b, findings=(f["finding"],), code=f["code"])],
    ),
    (
        re.compile(rf"{PLACE} gets an answer to its (?P<action>\w+) without (?P<missing>\w+)$"),
        lambda f, b: [AnswerIncomplete(**b, action=f["action"], missing=(f["missing"],))],
    ),
    (
        re.compile(rf"{PLACE} is asked again for the (?P<about>\w+) it promised (?P<waited>\d+) s ago$"),
        lambda f, b: [PromiseBroken(**b, about=f["about"], waited_s=float(f["waited"]))],
    ),
]
SENTENCES += sentences_behaviour.sentences(PLACE, moment)
REPEAT = re.compile(r"^(?P<from>.+?) to (?P<to>(?:day \d+ )?[\d:]+) every (?P<every>\d+) s (?P<what>.+)$")
DAYS = re.compile(r"^days (?P<first>\d+) to (?P<last>\d+): (?P<what>.+)$")
BLIND = re.compile(r"^we were blind since (?P<since>.+)$")
AND = re.compile(r"^(?P<names>[\w-]+(?:, [\w-]+)* and [\w-]+) (?P<what>.+)$")


def observations(sentences: list[str]) -> list[Observation]:
    """All sentences in order of time. Raises ValueError naming the sentence that cannot be read."""
    found: list[Observation] = []
    for sentence in (one for text in sentences for one in _each_day(text)):
        repeat = REPEAT.match(sentence)
        if repeat is not None:
            when, end = moment(repeat["from"]), moment(repeat["to"])
            while when <= end:
                found += _sentence(repeat["what"], when)
                when += timedelta(seconds=int(repeat["every"]))
            continue
        time_text, _, rest = sentence.partition(" ")
        if time_text == "day":
            number, clock, rest = rest.split(" ", 2)
            time_text = f"day {number} {clock}"
        found += _sentence(rest, moment(time_text))
    found.sort(key=lambda o: o.at)
    numbered = []
    for n, obs in enumerate(found, start=1):
        numbered.append(_with_id(obs, n))
    return numbered


def _each_day(text: str) -> list[str]:
    """`days 2 to 4: 10:00 ...` is one sentence for each of the days."""
    days = DAYS.match(text)
    if days is None:
        return [text]
    found = []
    for day in range(int(days["first"]), int(days["last"]) + 1):
        repeat = REPEAT.match(days["what"])
        if repeat is None:
            found.append(f"day {day} {days['what']}")
        else:
            span = f"day {day} {repeat['from']} to day {day} {repeat['to']}"
            found.append(f"{span} every {repeat['every']} s {repeat['what']}")
    return found


def _with_id(obs: Observation, n: int) -> Observation:
    from msgspec.structs import replace

    return replace(obs, record_id=n)


def _sentence(text: str, when: datetime) -> list[Observation]:
    blind = BLIND.match(text)
    if blind is not None:
        return [Blind(station="", at=when, since=moment(blind["since"]))]
    planned = sentences_windows.read(text, when, moment)
    if planned:
        return planned
    several = AND.match(text)
    if several is not None:
        names = re.split(r", | and ", several["names"])
        return [obs for name in names for obs in _sentence(f"{name} {several['what']}", when)]
    for pattern, make in SENTENCES:
        found = pattern.match(text)
        if found is not None:
            return make(found, {"station": found["station"], "at": when})
    raise ValueError(f"cannot read: {text!r}")


def register_of(found: list[Observation], more: dict[str, dict[str, Any]] | None = None) -> dict[str, Asset]:
    """Every station named, registered with Volt; `X…` is unknown to the register, `M…` has no installer and
    `A-…` is Ampère's. `more`: what else the register says of a station, heard or not."""
    assets: dict[str, Asset] = {}
    for obs in found:
        name = obs.station
        if not name or name.startswith("X"):
            continue
        installer = {"M": None, "A": "Ampère"}.get(name.split("-")[0], "Volt")
        entry = asset(name)
        assets[name] = Asset(
            station=name,
            site=entry.site,
            installer=installer,
            customer=entry.customer,
            installed_on="2024-01-01",
        )
    for name, values in (more or {}).items():
        known = assets.get(name) or asset(name)
        assets[name] = structs.replace(known, **values)
    return assets
