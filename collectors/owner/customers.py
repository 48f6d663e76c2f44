"""What an owner process needs for customers who subscribed: their way out, how they read, how it ends.

Decides nothing: the parts are in `rules.dispatch.subscribers` and `subscription_desk`.
"""

from __future__ import annotations

from collectors.owner.subscription_desk import ending_token
from collectors.settings.options import Settings
from data.store import Store
from rules.core.subscription import PREFIX
from rules.dispatch import subscribers
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.message import Addressee


def customer_config_from(settings: Settings) -> DestinationConfig | None:
    """The one way out to all of them; None when the settings give none."""
    url = settings.customers.url.reveal()
    return subscribers.config_of(url) if url else None


def customer_of(settings: Settings, store: Store, destination: str) -> Addressee | None:
    """How the customer behind `customers/<id>` reads; None for every other destination."""
    if not destination.startswith(PREFIX):
        return None
    return subscribers.addressee(settings.customers.url.reveal(), subscribers.find(store, destination))


def ending_link(settings: Settings, key: bytes, destination: str) -> str:
    """The link with which whoever gets the message ends it without signing in; empty elsewhere. `key`: the
    secret of links."""
    if not destination.startswith(PREFIX):
        return ""
    wish = destination.removeprefix(PREFIX)
    return f"{settings.dashboard.link()}/unsubscribe?s={wish}&t={ending_token(key, wish)}"
