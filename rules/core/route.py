"""To whom an incident goes: installer of record, or the helpdesk for software and all that is unclear.

Decides destinations with the rule and the reason. Never sends, never sees an address. Ordered rules, first
match wins, and the catch-all is the helpdesk.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from rules.core.model import Asset, IncidentRow, Owner, Scope
from rules.core.policy import Policy


class Destination(Struct, frozen=True, kw_only=True):
    """`party` is `operator`, `installer:<name>` or `customer:<name>`."""

    name: str
    party: str
    language: str = "nl"


class RouteDecision(Struct, frozen=True, kw_only=True):
    """`why` is a text key of `texts.yaml` (`route.<rule>`), in plain words for the audit trail."""

    rule: str
    why: str
    party: str
    destinations: tuple[str, ...]


def _named(destinations: Sequence[Destination], party: str) -> tuple[str, ...]:
    wanted = party.casefold()
    return tuple(d.name for d in destinations if d.party.casefold() == wanted)


def _helpdesk(destinations: Sequence[Destination], rule: str, why: str) -> RouteDecision:
    names = _named(destinations, "operator")
    if not names:
        return RouteDecision(
            rule="route.unrouted",
            why=f"{why}; no destination of the operator is set",
            party="operator",
            destinations=(),
        )
    return RouteDecision(rule=rule, why=why, party="operator", destinations=names)


def _party(party: str, destinations: Sequence[Destination], rule: str, why: str) -> RouteDecision:
    names = _named(destinations, party)
    if not names:
        return _helpdesk(destinations, "route.no_destination", f"no destination is set for {party}")
    return RouteDecision(rule=rule, why=why, party=party, destinations=names)


def route(
    row: IncidentRow,
    asset: Asset | None,
    destinations: Sequence[Destination],
    policy: Policy,
    handed_to: str | None = None,
) -> RouteDecision:
    """First matching rule. `handed_to` is a party named by a person and comes before every rule."""
    if handed_to is not None and ":" in handed_to:
        return _party(handed_to, destinations, "route.handed_over", f"handed over to {handed_to}")
    if row.owner is Owner.NONE:
        return RouteDecision(rule="route.nobody", why="nobody has to act", party="none", destinations=())
    if row.confidence < policy.min_confidence and row.overruled_by is None:
        return _helpdesk(
            destinations,
            "route.low_confidence",
            f"confidence {row.confidence:.2f} is under {policy.min_confidence:.2f}: the helpdesk decides",
        )
    if row.owner is Owner.OPERATOR or row.scope in (Scope.PLATFORM, Scope.FIRMWARE):
        return _helpdesk(destinations, "route.operator", f"task {row.task} is the operator's")
    return _of_record(row, asset, destinations)


def _of_record(row: IncidentRow, asset: Asset | None, destinations: Sequence[Destination]) -> RouteDecision:
    """The installer or customer that the register names; missing data goes to the helpdesk and says so."""
    kind = row.owner.value
    name = row.installer if row.owner is Owner.INSTALLER else row.customer
    if name is None:
        if asset is None and row.station is not None:
            return _helpdesk(
                destinations, "route.not_registered", f"station {row.station} is not in the register"
            )
        return _helpdesk(destinations, f"route.no_{kind}", f"the register names no {kind} for this place")
    why = f"task {row.task} is the {kind}'s; of record: {name}"
    return _party(f"{kind}:{name}", destinations, f"route.{kind}", why)
