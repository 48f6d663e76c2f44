"""How people charge: when they come, how long they stay, how much they take. Pure, from a seeded generator.

Must never read a clock. The constants are rounded quantiles and hourly shares of 63,572 public sessions of
Perth & Kinross Council (2016-2019, github.com/Chameleon-company/EVCFLO): AC posts of 7-22 kW and rapid DC.
"""

from __future__ import annotations

import math
from random import Random

from msgspec import Struct

#: Share of sessions that start in each local hour, per thousand.
AC_HOURS = (2, 3, 1, 1, 2, 12, 11, 38, 105, 103, 83, 92, 94, 91, 80, 73, 62, 52, 41, 29, 13, 6, 3, 3)
DC_HOURS = (4, 3, 2, 1, 1, 3, 8, 22, 48, 59, 66, 75, 87, 83, 80, 86, 80, 88, 77, 55, 33, 20, 12, 6)
#: Sessions a connector sees in a day, Monday to Sunday: AC falls at the weekend, DC does not.
AC_WEEK = (1.05, 1.12, 1.05, 1.12, 1.05, 0.9, 0.77)
#: Median stay in minutes and spread (sigma of the log-normal fitted to the quartiles 55-290 and 18-44).
AC_STAY = (137.0, 1.23)
DC_STAY = (26.0, 0.66)
#: Median energy in kWh and spread (quartiles 4.15-14.16 and 5.5-15.2).
AC_ENERGY = (8.0, 0.91)
DC_ENERGY = (9.3, 0.75)
#: A car cannot take more than this from AC: most carry an 11 kW charger, older ones 7.4 kW.
CAR_AC_KW = (11.0, 11.0, 7.4, 3.7, 22.0)


class Visit(Struct, frozen=True, kw_only=True):
    """One stay at a plug: `stay_s` from plug-in to plug-out, energy flows for the first `charge_s`."""

    token: str
    stay_s: float
    charge_s: float
    energy_wh: float
    power_w: float
    soc_start: float | None = None


def draw_visit(rng: Random, *, rated_kw: float, dc: bool, tokens: int = 400) -> Visit:
    """A visit at a connector of `rated_kw`; the same generator state gives the same visit."""
    stay_median, stay_sigma = DC_STAY if dc else AC_STAY
    energy_median, energy_sigma = DC_ENERGY if dc else AC_ENERGY
    stay_s = min(max(rng.lognormvariate(math.log(stay_median), stay_sigma), 4.0), 16 * 60.0) * 60.0
    wanted_wh = min(rng.lognormvariate(math.log(energy_median), energy_sigma), 75.0) * 1000.0
    car_kw = rated_kw * rng.uniform(0.35, 0.95) if dc else min(rng.choice(CAR_AC_KW), rated_kw)
    charge_s = min(wanted_wh / (car_kw * 1000.0) * 3600.0, stay_s * 0.97)
    return Visit(
        token=draw_token(rng, tokens),
        stay_s=stay_s,
        charge_s=charge_s,
        energy_wh=round(car_kw * charge_s / 3.6),
        power_w=round(car_kw * 1000.0),
        soc_start=round(rng.uniform(8.0, 70.0), 1) if dc else None,
    )


def draw_token(rng: Random, tokens: int = 400) -> str:
    """An invented card number: eight hexadecimal digits that start with DE, so none is a real driver's."""
    return f"DE{(rng.randrange(tokens) * 2654435761) % 0x1000000:06X}"


def hour_shares(dc: bool) -> tuple[int, ...]:
    """Share of the day's sessions per local hour, per thousand."""
    return DC_HOURS if dc else AC_HOURS
