"""What goes wrong in a simulated fleet, and when: a list of steps, and the demo's own list.

Decides nothing about judgement. Seconds are real ones from the start of the run, never sped up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from msgspec import Struct

from collectors.simulator.assets import VirtualStation
from collectors.simulator.faults import FAULTS
from collectors.simulator.makes import make_named
from rules.core.model import Asset

#: A card that is on the demo's block list (`demo_blocked_tokens`).
BLOCKED_TOKEN = "DEB10C4D"
#: Beside the fault names: what else can happen to a station.
EVENTS = frozenset({"vendor", "link_loss", "power_cut", "silent", "flapping", "refused_card", "reboot"})


class ScriptError(ValueError):
    """A step names no station of the fleet or an unknown fault."""


class Step(Struct, frozen=True, kw_only=True):
    """At `at_s`, `what` happens to the stations that `select` names, for `for_s` seconds (None: for good).

    `select`: `station:<identity>`, `site:<name>`, `make:<name>`, `version:<v>`, `index:<n>` or `all`.
    `what`: an OCPP 1.6 error code, `FaultedWithoutCode` or one of `EVENTS`.
    """

    at_s: float
    select: str
    what: str
    for_s: float | None = None
    connector: int = 1


def selected(select: str, stations: Sequence[VirtualStation]) -> list[int]:
    """Places in `stations` that `select` names. ScriptError when it names none."""
    kind, _, value = select.partition(":")
    chosen: list[int] = []
    if kind == "index":
        chosen = [int(value)] if value.isdecimal() and int(value) < len(stations) else []
    else:
        for place, station in enumerate(stations):
            names = {
                "all": "",
                "station": station.identity,
                "site": station.site or "",
                "make": station.make.name,
                "version": station.version,
            }
            if kind in names and names[kind] == value:
                chosen.append(place)
    if not chosen:
        raise ScriptError(f"script: {select!r} names no station of this fleet")
    return chosen


def check(script: Iterable[Step], stations: Sequence[VirtualStation]) -> None:
    """ScriptError for the first step that cannot be played."""
    for step in script:
        if step.what not in FAULTS and step.what not in EVENTS:
            raise ScriptError(
                f"script: unknown fault {step.what!r}; known: {', '.join(sorted({*FAULTS, *EVENTS}))}"
            )
        selected(step.select, stations)


def demo_blocked_tokens() -> tuple[str, ...]:
    """Cards that the demo's block list refuses, so that a refused authorisation can be seen."""
    return (BLOCKED_TOKEN,)


def demo_script(assets: Sequence[Asset], *, seed: int = 1, hours: float = 4.0) -> list[Step]:
    """Both sides, a site outage and a recovery within two minutes, then a new fault every few minutes.

    The outage takes the largest site for 50 s, longer than the demo's offline limit of 20 s. Needs eight
    stations to play all of it; a smaller fleet plays what it can.
    """
    sites: dict[str, list[str]] = {}
    for asset in assets:
        sites.setdefault(asset.site or asset.station, []).append(asset.station)
    outage_site = max(sites, key=lambda site: len(sites[site]))
    others = [asset for asset in assets if (asset.site or asset.station) != outage_site] or list(assets)
    script = (
        [Step(at_s=35, select=f"site:{outage_site}", what="power_cut", for_s=50)] if len(sites) > 1 else []
    )
    opening: tuple[tuple[float, str, float | None, str], ...] = (
        (6, "GroundFailure", None, "1.6"),
        (9, "vendor", None, "1.6"),
        (12, "refused_card", None, "1.6"),
        (15, "ConnectorLockFailure", 70, ""),
        (18, "EVCommunicationError", 60, "1.6"),
        (21, "PowerSwitchFailure", None, "2.0.1"),
        (24, "LocalListConflict", None, "1.6"),
        (27, "link_loss", 60, ""),
        (30, "FaultedWithoutCode", 75, ""),
        (55, "flapping", 40, ""),
        (60, "HighTemperature", 45, ""),
        (70, "refused_card", None, "2.0.1"),
    )
    free = list(others)
    for at_s, what, for_s, version in opening:
        station = _take(free, version, what) or Random(f"script/{seed}/{at_s}").choice(others)
        script.append(Step(at_s=at_s, select=f"station:{station.station}", what=what, for_s=for_s))
    script += _later(free or others, Random(f"script/{seed}"), hours)
    return sorted(script, key=lambda step: step.at_s)


def _take(free: list[Asset], version: str, what: str) -> Asset | None:
    """Takes the first free station that speaks `version` ("": any) and shows `what` well out of the list."""
    for asset in free:
        make = make_named(asset.make)
        # A station that boots at each reconnect would look like one that keeps restarting.
        unfit = {"flapping": make.boots_on_reconnect, "vendor": make.vendor_fault is None}
        if version in ("", make.version) and not unfit.get(what, False):
            free.remove(asset)
            return asset
    return None


def _later(assets: Sequence[Asset], rng: Random, hours: float) -> list[Step]:
    """After the opening: a fault about every four minutes, nearly all of which pass after a while."""
    menu = (
        "InternalError",
        "OverCurrentFailure",
        "ReaderFailure",
        "refused_card",
        "EVCommunicationError",
        "link_loss",
        "GroundFailure",
        "WeakSignal",
        "UnderVoltage",
        "reboot",
        "PowerMeterFailure",
        "vendor",
    )
    steps: list[Step] = []
    at_s = 180.0
    while at_s < hours * 3600.0:
        asset = rng.choice(list(assets))
        steps.append(
            Step(
                at_s=round(at_s, 1),
                select=f"station:{asset.station}",
                what=rng.choice(menu),
                for_s=round(rng.uniform(90, 1200), 1),
                connector=rng.randint(1, asset.connectors or 1),
            )
        )
        at_s += rng.uniform(120.0, 360.0)
    return steps
