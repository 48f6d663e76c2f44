"""Routes incidents with all that is known of them, and keeps what came of it in their rows.

Decides what is known (register, what the station says of itself, the incident's own time) and when a move
is a bounce. The rules themselves are `route`'s. Never speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rules.core.catalog.entries import Catalog
from rules.core.catalog.routes import Known, Routing
from rules.core.family import asset_of
from rules.core.model import Asset, IncidentRow
from rules.core.policy import Policy
from rules.core.routing import clocks, route_words, urgency
from rules.core.routing.route import BOUNCED, Destination, RouteDecision, bounced, known_of, route
from rules.core.routing.targets import hours_of
from rules.core.state import JudgeState, Tracked


class Router:
    """Made once by the book. `register` is replaced when a newer one is known."""

    def __init__(
        self, catalog: Catalog, policy: Policy, destinations: Sequence[Destination], state: JudgeState
    ) -> None:
        self.catalog = catalog
        self.policy = policy
        self.destinations = destinations
        self.state = state
        self._register: Mapping[str, Asset] = {}
        self._registers = 0  # how many there have been
        # By key: what the last decision was taken on. A fault may be reported a hundred times over.
        self._taken_on: dict[str, tuple[Any, ...]] = {}

    @property
    def register(self) -> Mapping[str, Asset]:
        return self._register

    @register.setter
    def register(self, register: Mapping[str, Asset]) -> None:
        self._register = register
        self._registers += 1

    @property
    def routing(self) -> Routing:
        return self.catalog.routing

    def asset(self, row: IncidentRow) -> Asset | None:
        return asset_of(row, self.register)

    def known(self, tracked: Tracked, at: datetime) -> Known:
        """What conditions may ask. `at`: the incident's own time is taken where it has opened."""
        row = tracked.row
        asset = self.asset(row)
        station = self.state.stations.get(row.station) if row.station is not None else None
        tracked.driver_stuck = tracked.driver_stuck or urgency.driver_stuck(row, self.state)
        return known_of(
            row,
            asset,
            self.policy,
            at=row.opened_at or at,
            make=station.make if station is not None else None,
            model=station.model if station is not None else None,
            firmware=station.firmware if station is not None else None,
            hours=hours_of(asset, self.routing),
            driver_stuck=tracked.driver_stuck,
        )

    def is_settled(self, tracked: Tracked) -> bool:
        """Whether nothing that a route depends on has changed since this was asked last."""
        row = tracked.row
        if row.opened_at is None:  # its own time has not begun: the hour still counts
            return False
        station = self.state.stations.get(row.station) if row.station is not None else None
        now = (
            row.incident_id,
            (row.side, row.cause, row.owner, row.task, row.severity, row.scope, row.confidence),
            (row.overruled_by, row.installer, row.customer, row.site, len(row.members), row.driver_stuck),
            (row.route_rule, row.route_party, row.bounces, row.bounced, tracked.handed_to),
            (tracked.routed, _told(tracked), self._registers),
            None if station is None else (station.make, station.model, station.firmware),
        )
        if self._taken_on.get(row.key) == now:
            return True
        self._taken_on[row.key] = now
        return False

    def decide(self, tracked: Tracked, at: datetime) -> RouteDecision:
        """Where it goes now. The bounce that is one too many goes to the helpdesk instead."""
        row, known = tracked.row, self.known(tracked, at)
        decision = route(row, known, self.destinations, self.routing, tracked.handed_to)
        if clocks.is_bounce(row, decision.party, told=_told(tracked)) and clocks.is_last(row):
            return bounced(row, known, self.destinations)
        return decision

    def take(self, tracked: Tracked, decision: RouteDecision, at: datetime) -> dict[str, Any] | None:
        """Write the decision into the row. The history's detail when anything changed, else None."""
        row = tracked.row
        why = route_words.why(decision, row, self.catalog, "en")
        now = (decision.rule, why, decision.party, list(decision.destinations))
        if (row.route_rule, row.route_why, row.route_party, tracked.routed) == now:
            return None
        before = row.route_party
        if decision.rule == f"route.{BOUNCED}" and not row.bounced:
            row.bounced, tracked.handed_to = True, None
            row.bounces += 1
        elif clocks.is_bounce(row, decision.party, told=_told(tracked)):
            row.bounces += 1
        clocks.tick(row, at)
        row.route_rule, row.route_why, row.route_party = decision.rule, why, decision.party
        row.route_gap = decision.gap
        row.route_words = route_words.in_all_languages(decision, row, self.catalog)
        tracked.routed = list(decision.destinations)
        tracked.chain = decision.chain
        detail: dict[str, Any] = {"rule": decision.rule, "why": why, "party": decision.party}
        if before is not None and before != decision.party:
            detail |= {"from": before, "bounces": row.bounces}
        if decision.gap is not None:
            detail["gap"] = decision.gap
        return detail | {"routing": self.routing.version}


def _told(tracked: Tracked) -> bool:
    return any(told.open for told in tracked.told.values())
