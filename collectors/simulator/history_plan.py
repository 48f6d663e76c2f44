"""What befalls each station of a generated history: outages, faults that last days, firmware renewed.

Decides from a seeded generator only; must never read a clock. Rates are this demo's own, chosen so that
ninety days of forty stations show each kind a few times.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct

from collectors.simulator.assets import VirtualStation
from collectors.simulator.faults import Fault, fault_named

#: The interval told in BootNotification's answer, in seconds: an hour, so that ninety days stay readable and
#: three missed beats are three hours.
HEARTBEAT_S = 3600
#: Hardware that broke, by how often it does: contactors, locks and leak detectors first.
HARDWARE = (
    "vendor",
    "GroundFailure",
    "ConnectorLockFailure",
    "ConnectorLockFailure",
    "PowerSwitchFailure",
    "PowerMeterFailure",
    "OverCurrentFailure",
    "InternalError",
    "UnderVoltage",
)


class Spell(Struct, frozen=True, kw_only=True):
    """From `start` until `end` (aware UTC) the station is away, or `fault` holds at `connector`."""

    start: datetime
    end: datetime
    fault: Fault | None = None
    connector: int = 1
    rebooted: bool = False

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


class Plan(Struct, kw_only=True):
    """`away` and `broken` are in order of time and do not overlap each other."""

    away: list[Spell]
    broken: list[Spell]
    renewed_at: datetime | None = None
    old_firmware: str | None = None


def plan_fleet(
    stations: Sequence[VirtualStation], start: datetime, end: datetime, seed: int
) -> dict[str, Plan]:
    """A plan per station, and one outage of the largest site, at the same minutes for all its stations."""
    plans = {
        station.identity: _plan(station, start, end, Random(f"plan/{seed}/{station.identity}"))
        for station in stations
    }
    sites: dict[str, list[VirtualStation]] = {}
    for station in stations:
        if station.site:
            sites.setdefault(station.site, []).append(station)
    if sites and end - start > timedelta(days=3):
        largest = max(sites.values(), key=len)
        lost = start + (end - start) * 0.62
        for n, station in enumerate(largest):
            spell = Spell(
                start=lost + timedelta(seconds=3 * n),
                end=lost + timedelta(hours=7, seconds=20 * n),
                rebooted=True,
            )
            plan = plans[station.identity]
            plan.away = [*(s for s in plan.away if not _near(s, spell)), spell]
            plan.away.sort(key=lambda s: s.start)
            plan.broken = [s for s in plan.broken if not _near(s, spell)]
    return plans


def _plan(station: VirtualStation, start: datetime, end: datetime, rng: Random) -> Plan:
    days = (end - start).total_seconds() / 86400
    old = station.firmware != station.make.firmwares[0]
    plan = Plan(away=[], broken=[])
    for _ in range(_count(rng, days / 150)):
        _add(plan.away, plan, _spell(rng, start, end, hours=(4.0, 30.0), rebooted=rng.random() < 0.5))
    for _ in range(_count(rng, days / 60)):
        # A drop of minutes: no outage by the offline rule, but the link is seen to come and go.
        _add(plan.away, plan, _spell(rng, start, end, hours=(0.02, 0.6)))
    for _ in range(_count(rng, days / (50 if old else 130))):
        spell = _spell(rng, start, end, hours=(5.0, 130.0))
        fault = fault_named(rng.choice(HARDWARE), station.make)
        _add(plan.broken, plan, _with_fault(spell, fault, rng.randint(1, station.connectors)))
    if not old and len(station.make.firmwares) > 1 and rng.random() < 0.35:
        plan.renewed_at = start + (end - start) * rng.uniform(0.2, 0.8)
        plan.old_firmware = station.make.firmwares[1]
        if any(s.overlaps(plan.renewed_at, plan.renewed_at + timedelta(hours=1)) for s in _all(plan)):
            plan.renewed_at = plan.old_firmware = None
    return plan


def _spell(
    rng: Random, start: datetime, end: datetime, *, hours: tuple[float, float], rebooted: bool = False
) -> Spell:
    begin = start + (end - start) * rng.uniform(0.02, 0.97)
    return Spell(start=begin, end=begin + timedelta(hours=rng.uniform(*hours)), rebooted=rebooted)


def _with_fault(spell: Spell, fault: Fault, connector: int) -> Spell:
    return Spell(start=spell.start, end=spell.end, fault=fault, connector=connector)


def _add(spells: list[Spell], plan: Plan, spell: Spell) -> None:
    if not any(_near(other, spell) for other in _all(plan)):
        spells.append(spell)
        spells.sort(key=lambda s: s.start)


def _near(one: Spell, other: Spell) -> bool:
    hour = timedelta(hours=1)
    return one.overlaps(other.start - hour, other.end + hour)


def _all(plan: Plan) -> list[Spell]:
    return [*plan.away, *plan.broken]


def _count(rng: Random, mean: float) -> int:
    """A Poisson number by waiting times."""
    count, waited = 0, rng.expovariate(1.0)
    while waited < mean:
        count, waited = count + 1, waited + rng.expovariate(1.0)
    return count
