"""Customers who asked to be told: who hears of an incident now, and which words reach them.

Decides that they hear of what lasts, of its beginning once and of its end only after that. Whatever else is
said of it (worse, rerouted, reminders) is for those who must act.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from rules.core.model import (
    Asset,
    Effect,
    IncidentState,
    NoticeReason,
    Subscribed,
    SubscriptionRow,
)
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.core.state import JudgeState, Tracked
from rules.core.subscription import (
    DOWN,
    KINDS,
    PLANNED,
    PREFIX,
    UP,
    Subscription,
    concerns,
    is_news,
    subscription_id,
)


class Subscribers:
    """Made once by the speaker. Wishes live in the judge's state."""

    def __init__(
        self, policy: Policy, state: JudgeState, destinations: dict[str, Destination], parties: dict[str, str]
    ) -> None:
        """`destinations` and `parties` are the speaker's own, by name; each wish is added to them."""
        self._policy = policy
        self._state = state
        self._destinations = destinations
        self._parties = parties
        for wish in state.subscriptions.values():
            self._reach(wish)

    def changed(self, obs: Subscribed, out: list[Effect]) -> None:
        """Somebody subscribed, changed it or ended it."""
        key = subscription_id(obs.email)
        kinds = tuple(kind for kind in KINDS if kind in obs.kinds)
        wish = Subscription(
            subscription_id=key,
            email=obs.email,
            party=obs.party,
            stations=tuple(obs.stations),
            kinds=kinds,
            language=obs.language,
        )
        active = DOWN in kinds or PLANNED in kinds
        if active:
            self._state.subscriptions[key] = wish
            self._reach(wish)
        else:
            self._state.subscriptions.pop(key, None)
        out.append(
            SubscriptionRow(
                subscription_id=key,
                email=wish.email,
                party=wish.party,
                stations=list(wish.stations),
                kinds=list(kinds),
                language=wish.language,
                active=active,
                changed_at=obs.at,
            )
        )

    def _reach(self, wish: Subscription) -> None:
        party = f"customer:{wish.party}"
        self._destinations[wish.destination] = Destination(
            name=wish.destination,
            party=party,
            language=wish.language,
            quiet=self._policy.customer_quiet,
        )
        self._parties[wish.destination] = party

    def hear(self, tracked: Tracked, at: datetime, register: Mapping[str, Asset]) -> list[str]:
        """The destinations of all who hear of it now."""
        row = tracked.row
        if not self._state.subscriptions or self._policy.customer_wait_s is None:
            return []
        known = [name for name in tracked.told if name.startswith(PREFIX)]
        if row.state is IncidentState.RESOLVED:
            return [name for name in known if self._wish(name) is not None]
        due = self.due(tracked)
        if due is None or due > at or not is_news(row, self._policy.min_confidence):
            return [name for name in known if self._wish(name) is not None]
        return [
            wish.destination
            for _, wish in sorted(self._state.subscriptions.items())
            if DOWN in wish.kinds and concerns(row, wish, register)
        ]

    def due(self, tracked: Tracked) -> datetime | None:
        """When an incident has lasted long enough to be told; None while it is not open."""
        row = tracked.row
        wait_s = self._policy.customer_wait_s
        if not self._state.subscriptions or row.opened_at is None or wait_s is None:
            return None
        return row.opened_at + timedelta(seconds=wait_s)

    def word(self, name: str, reason: NoticeReason | None) -> NoticeReason | None:
        """What of `reason` a customer hears: the beginning and, where wished, the end. Other destinations
        hear all."""
        if reason is None or not name.startswith(PREFIX):
            return reason
        wish = self._wish(name)
        if wish is None:
            return None
        if reason is NoticeReason.RESOLVED:
            return reason if UP in wish.kinds else None
        return NoticeReason.FIRST if reason in (NoticeReason.FIRST, NoticeReason.REROUTED) else None

    def is_customer(self, name: str) -> bool:
        return name.startswith(PREFIX)

    def _wish(self, name: str) -> Subscription | None:
        return self._state.subscriptions.get(name.removeprefix(PREFIX))
