"""One card that fails at several stations: then it is the card or the car, and no station.

Refused everywhere is the operator's (the card); no energy anywhere is the customer's (the car).
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect.context import Context, proof
from rules.core.model import Observation
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import CardTrail

RULE = "card.several_stations"
FAULTS = {
    "zero": "vehicle.fails_everywhere",
    "car": "vehicle.fails_everywhere",
    "refused": "auth.card_refused_widely",
}
SAYS = {"zero": "card_no_energy_at", "car": "card_car_fails_at", "refused": "card_refused_at"}
KEEP_CARDS = 20_000
KEEP = 20


def failed(
    obs: Observation, token: str, how: str, ctx: Context, adopts: tuple[str, ...] = ()
) -> list[Signal]:
    """Note the failure; told once the card has failed at enough stations."""
    if not token:
        return []
    cards = ctx.state.cards
    trail = cards.pop(token, None) or CardTrail()
    cards[token] = trail  # the latest last, so that the oldest is dropped first
    if len(cards) > KEEP_CARDS:
        del cards[next(iter(cards))]
    since = obs.at - timedelta(seconds=ctx.limit("card.window_s"))
    trail.failures = [f for f in trail.failures if f[0] > since][-KEEP:]
    trail.failures.append((obs.at, obs.station, how))
    stations = sorted({station for _, station, kind in trail.failures if kind == how})
    if len(stations) < ctx.limit("card.stations"):
        return []
    place = trail.told.setdefault(how, obs.station)
    return [
        Raise(
            fault=FAULTS[how],
            rule=RULE,
            station=place,
            suffix=token,
            adopts=adopts,
            evidence=(proof(obs, SAYS[how], token=token, stations=", ".join(stations)),),
        )
    ]


def fails_elsewhere(obs: Observation, token: str, how: str, ctx: Context) -> bool:
    """Whether the card failed in the same way at another station within the window."""
    trail = ctx.state.cards.get(token)
    if trail is None:
        return False
    since = obs.at - timedelta(seconds=ctx.limit("card.window_s"))
    return any(at > since and kind == how and station != obs.station for at, station, kind in trail.failures)


def worked(obs: Observation, token: str, how: str, ctx: Context) -> list[Signal]:
    """The card did what it failed to do before."""
    trail = ctx.state.cards.get(token)
    if trail is None:
        return []
    trail.failures = [f for f in trail.failures if f[2] != how]
    place = trail.told.pop(how, None)
    if not trail.failures and not trail.told:
        del ctx.state.cards[token]
    if place is None:
        return []
    key = place_key(place, None, None, FAULTS[how], token)
    return [Clear(key=key, evidence=proof(obs, "card_works_again", token=token))]
