"""Customers who want to be told of their own stations: may this person, and is it about own stations.

Decides by role: customers for themselves, to their own address only. What is decided is stored first and
judged after. Ending it needs no sign-in, only the link of a message.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime

from collectors.commits import LiveIntake
from collectors.owner.decisions import recorded
from collectors.remote.commands import StationOutcome
from data.commands import Subscribe
from data.people import LANGUAGES, User
from data.store import Store
from rules.core.model import Asset, Subscribed
from rules.core.subscription import KINDS, is_plain_address

TOKEN_BYTES = 20  # 160 bits, 27 characters


def ending_token(key: bytes, subscription_id: str) -> str:
    """What proves, in the link of a message, that this subscription may be ended. `key`: secret bytes."""
    made = hashlib.blake2b(
        subscription_id.encode(), key=key[:64], digest_size=TOKEN_BYTES, person=b"unsubscribe"
    )
    return urlsafe_b64encode(made.digest()).decode().rstrip("=")


class SubscriptionDesk:
    """Used on the event loop."""

    def __init__(
        self,
        store: Store,
        intake: LiveIntake,
        register: Callable[[], Mapping[str, Asset]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._intake = intake
        self._register = register
        self._clock = clock
        self.able = True  # false where the settings give no way out to customers

    async def decide(self, user: User, command: Subscribe) -> StationOutcome:
        """Accepted, refused or failed, as every command."""
        if user.role != "customer" or not user.party:
            return StationOutcome("refused", f"this is for customers, not for the role {user.role}")
        if not self.able and command.kinds:
            return StationOutcome("refused", "messages to customers are not set up here")
        if not set(command.kinds) <= set(KINDS) or command.language not in LANGUAGES:
            return StationOutcome(
                "refused", f"kinds are {', '.join(KINDS)}; languages {', '.join(LANGUAGES)}"
            )
        if not is_plain_address(user.email):
            return StationOutcome("refused", "your address has signs that mail services do not agree on")
        register = self._register()
        for name in command.stations:
            asset = register.get(name)
            if asset is None or asset.customer != user.party:
                # Not told apart, so that nobody learns of what is not theirs.
                return StationOutcome("refused", "there is no such station")
        return await self._record(user.email, user.party, command)

    async def end(self, key: bytes, subscription_id: str, token: str) -> bool:
        """End the subscription that a message's link names; whether the link was good."""
        if not hmac.compare_digest(ending_token(key, subscription_id).encode(), token.encode()):
            return False
        found = self._store.sql(
            "SELECT email, party, language FROM subscription WHERE subscription_id = ?", [subscription_id]
        )
        if found.is_empty():
            return False
        email, party, language = found.row(0)
        said = await self._record(email, party, Subscribe(kinds=(), language=language))
        return said.outcome == "accepted"

    async def _record(self, email: str, party: str, command: Subscribe) -> StationOutcome:
        return await recorded(
            self._intake,
            Subscribed(
                station="",
                at=self._clock(),
                record_id=self._store.next_record_id(),
                email=email,
                party=party,
                stations=command.stations,
                kinds=command.kinds,
                language=command.language,
            ),
        )
