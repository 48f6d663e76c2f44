"""The one lane through which all customers who subscribed are reached, each at an address of their own.

Decides whose notice goes next and where: the template of [customers] with the customer's address in it. An
address is looked up when the message leaves; who ended it meanwhile gets nothing. Never logs an address.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from data import outbox as ledger
from data.store import Store
from rules.core.subscription import LANE, PREFIX, is_plain_address
from rules.dispatch.apprise_target import AppriseTarget, url_problems
from rules.dispatch.destinations import DestinationConfig, addressee_of
from rules.dispatch.message import Addressee
from rules.dispatch.outbox import Lane, Target
from rules.dispatch.outcome import Kind, Outcome

PLACE = "{email}"
SAMPLE = "klant@example.org"
MOST = 50  # subscriptions looked at for one that may be served now


class Subscriber(Struct, frozen=True):
    email: str
    language: str


def config_of(url: str, timeout_s: float = 15.0) -> DestinationConfig:
    """The template as a destination; its address is not one yet."""
    return DestinationConfig(name=LANE, party="customer:*", url=url, timeout_s=timeout_s)


def address(url: str, email: str) -> str:
    """The template with this customer's address, which cannot add anything else to it."""
    return url.replace(PLACE, quote(email, safe=""))


def problems(url: str) -> list[str]:
    """What is wrong with the template, without any part of it; empty when it is sound or not set."""
    if not url:
        return []
    if PLACE not in url:
        return [f"customers.url: has no {PLACE}; write for example mailtos://user:password@host?to={PLACE}"]
    return [f"customers.url: {problem}" for problem in url_problems(address(url, SAMPLE))]


def find(store: Store, destination: str) -> Subscriber | None:
    """Who stands behind a destination `customers/<id>`; None when nobody does any more."""
    found = store.sql(
        "SELECT email, language FROM subscription WHERE subscription_id = ? AND active",
        [destination.removeprefix(PREFIX)],
    )
    return Subscriber(*found.row(0)) if len(found) else None


def addressee(url: str, subscriber: Subscriber | None) -> Addressee:
    """How a customer reads: in the own language, in the form of the service."""
    reader = addressee_of(config_of(address(url, SAMPLE)))
    return reader if subscriber is None else replace(reader, language=subscriber.language)


def waiting(store: Store, now: datetime) -> list[str]:
    """Destinations with something due at `now` (UTC), the longest waiting first."""
    found = store.sql(
        "SELECT destination FROM notice WHERE state = 'queued' AND starts_with(destination, ?)"
        " AND not_before <= ? GROUP BY destination ORDER BY min(created_at), destination LIMIT ?",
        [PREFIX, now.replace(tzinfo=None), MOST],
    )
    return [str(row[0]) for row in found.rows()]


class CustomerLane(Lane):
    """As every lane, but each message goes to the address of its own subscriber."""

    def __init__(self, config: DestinationConfig, store: Store, clock: Callable[[], datetime], **more: Any):
        """`more` as for `Lane`."""
        super().__init__(LANE, AppriseTarget(config), store, clock, timeout_s=config.timeout_s, **more)
        self._config = config
        self._abandoned: list[threading.Thread] = []  # together: each message has a target of its own

    def _claim(self, now: datetime) -> ledger.Claimed | None:
        for destination in waiting(self._store, now):
            claimed = ledger.claim(self._store, destination, now, self._lease_s)
            if claimed is not None:
                return claimed
        return None

    def _target_of(self, claimed: ledger.Claimed) -> Target:
        subscriber = find(self._store, claimed.destination)
        if subscriber is None or not is_plain_address(subscriber.email):
            return Nobody()
        reader = replace(self._config, url=address(self._config.url, subscriber.email))
        return AppriseTarget(reader, self._abandoned)


class Nobody:
    """Where a message goes that was leaving at the moment in which its reader ended the subscription."""

    def send(self, *_message: str, **_more: Any) -> Outcome:
        return Outcome(kind=Kind.PERMANENT, detail_redacted="no longer subscribed; nothing was sent")
