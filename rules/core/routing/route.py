"""To whom an incident goes, by the ordered rules of the routing file: the first that fits, and why.

Decides destinations with the rule and the reason. Never sends, never sees an address. A hand-over by a person
comes before the rules; where the party is not known or has no destination the helpdesk stands in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from msgspec import Struct

from rules.core.calendar.hours import Quiet
from rules.core.calendar.service_hours import BRUSSELS, Hours, is_within
from rules.core.catalog.routes import HELPDESK, NOBODY, Known, Routing, Rule
from rules.core.model import Asset, IncidentRow
from rules.core.policy import Policy
from rules.core.region import region_names
from rules.core.routing.clocks import kind_of

OPERATOR, INSTALLER, CUSTOMER, NONE = "operator", "installer", "customer", "none"
HANDED_OVER, BOUNCED = "handed_over", "bounced"


class Destination(Struct, frozen=True, kw_only=True):
    """`party` is `operator`, `installer:<name>` or `customer:<name>`; `contact` 2: when 1 is silent.

    `quiet`: hours in which it hears nothing but what is grave. `budget_per_hour`: None takes the policy's.
    """

    name: str
    party: str
    language: str = "nl"
    contact: int = 1
    quiet: tuple[Quiet, ...] = ()
    budget_per_hour: int | None = None


class RouteDecision(Struct, frozen=True, kw_only=True):
    """`rule` is `route.<id>`. `gap`: why it is not with whom the rule means (a key of `route.gap.*`).

    `destinations`: everybody who hears of it, those merely informed too. `values` fill the words that
    `route_words` makes of it.
    """

    rule: str
    party: str
    destinations: tuple[str, ...]
    gap: str | None = None
    chain: str | None = None
    fired: Rule | None = None
    values: dict[str, str] = {}


def known_of(
    row: IncidentRow,
    asset: Asset | None,
    policy: Policy,
    *,
    at: datetime,
    make: str | None = None,
    model: str | None = None,
    firmware: str | None = None,
    hours: Hours | None = None,
    driver_stuck: bool = False,
) -> Known:
    """Everything that a condition may ask, as words. `at`: the incident's own time, aware; `hours`: of its
    contract. A verdict that a person corrected is as sure as can be."""
    contract_hours = None if hours is None else "in" if is_within(hours, at) else "out"
    return {
        "station": row.station,
        "site": row.site,
        "region": (asset.region or region_names(asset.address) or None) if asset else None,
        "fault": row.fault,
        "task": row.task,
        "make": make or (asset.make if asset else None),
        "model": model or (asset.model if asset else None),
        "firmware": firmware,
        "installer": row.installer,
        "customer": row.customer,
        "contract": asset.contract if asset else None,
        "side": row.side.value,
        "cause": row.cause.value,
        "owner": row.owner.value,
        "severity": row.severity.value,
        "scope": row.scope.value,
        "confidence": 1.0 if row.overruled_by is not None else row.confidence,
        "min_confidence": policy.min_confidence,
        "imminent": _flag(row.imminent),
        "safety": _flag(row.safety),
        "registered": _flag(asset is not None),
        "driver_stuck": _flag(driver_stuck),
        "warranty": warranty(asset, at),
        "contract_hours": contract_hours,
    }


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def warranty(asset: Asset | None, at: datetime) -> str | None:
    """`in` until the last day in Belgium is over, `out` after it, None when the register does not tell."""
    if asset is None or not asset.warranty_until:
        return None
    try:
        last = date.fromisoformat(asset.warranty_until[:10])
    except ValueError:
        return None
    return "in" if at.astimezone(BRUSSELS).date() <= last else "out"


def named(destinations: Iterable[Destination], party: str, contact: int = 1) -> tuple[str, ...]:
    """The destinations of one contact of a party; where nobody is its first contact, all that it has."""
    own = [d for d in destinations if d.party.casefold() == party.casefold()]
    chosen = [d for d in own if d.contact == contact]
    if not chosen and contact == 1:
        chosen = own
    return tuple(d.name for d in chosen)


def resolve(
    to: str, row: IncidentRow, destinations: Sequence[Destination], contact: int = 1
) -> tuple[str | None, tuple[str, ...]]:
    """Party and destinations of one word of a rule; the party is None when the register does not name it."""
    if to == NOBODY:
        return NONE, ()
    if to == HELPDESK:
        return OPERATOR, named(destinations, OPERATOR, contact)
    if to in (INSTALLER, CUSTOMER):
        name = row.installer if to == INSTALLER else row.customer
        return (None, ()) if name is None else resolve(f"{to}:{name}", row, destinations, contact)
    if ":" in to:
        return to, named(destinations, to, contact)
    one = next((d for d in destinations if d.name == to), None)
    return (None, ()) if one is None else (one.party, (one.name,))


def route(
    row: IncidentRow,
    known: Known,
    destinations: Sequence[Destination],
    routing: Routing,
    handed_to: str | None = None,
) -> RouteDecision:
    """`handed_to`: a party named by a person (`operator`, `installer`, `installer:<name>` ...)."""
    about = _About(row, known, destinations)
    if handed_to is not None:
        return _to(about, (HELPDESK if handed_to == OPERATOR else handed_to,), HANDED_OVER)
    if row.bounced:
        return _to(about, (HELPDESK,), BOUNCED)
    rule, _ = routing.find(known)
    return _to(about, rule.to, rule.id, rule)


def bounced(row: IncidentRow, known: Known, destinations: Sequence[Destination]) -> RouteDecision:
    """The third bounce: it stays with a person of the helpdesk."""
    return _to(_About(row, known, destinations), (HELPDESK,), BOUNCED)


class _About(Struct, frozen=True):
    row: IncidentRow
    known: Known
    destinations: Sequence[Destination]


def _to(about: _About, words: Sequence[str], rule_id: str, rule: Rule | None = None) -> RouteDecision:
    found = [(word, *resolve(word, about.row, about.destinations)) for word in words]
    names = list(dict.fromkeys(name for _, _, several in found for name in several))
    party = next((one for _, one, several in found if one == NONE or several), None)
    missing = next(((word, one) for word, one, several in found if one != NONE and not several), None)
    gap = None if missing is None else _gap(*missing, about.known)
    if missing is not None:
        names += [name for name in named(about.destinations, OPERATOR) if name not in names]
        if not names:
            gap = "unrouted"
    for word in rule.inform if rule is not None else ():
        names += [name for name in resolve(word, about.row, about.destinations)[1] if name not in names]
    return RouteDecision(
        rule=f"route.{rule_id}",
        party=party or OPERATOR,
        destinations=tuple(names),
        gap=gap,
        chain=(rule.chain if rule is not None else None) or kind_of(party or OPERATOR),
        fired=rule,
        values={} if missing is None else {"party": missing[1] or missing[0]},
    )


def _gap(word: str, party: str | None, known: Known) -> str:
    if party is not None:
        return "no_destination"
    if word not in (INSTALLER, CUSTOMER):
        return "no_destination"
    if known.get("registered") == "no" and known.get("station") is not None:
        return "not_registered"
    return f"no_{word}"
