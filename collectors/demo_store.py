"""Fills the demo's database before anything starts: register, one user per role, generated history.

Decides who the demo's users are. Opens the store and closes it again, before the owner process starts.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from msgspec import Struct
from rich.console import Console

from collectors.settings import Settings
from data.people import add_user
from data.register import write_register
from data.store import Store
from rules.core.model import Asset

PASSWORD_BYTES = 9


class Person(Struct, frozen=True):
    """Somebody who may sign in to the demo. The password exists nowhere else in clear."""

    email: str
    role: str
    party: str | None
    password: str


def fill(
    settings: Settings, assets: Sequence[Asset], *, days: int, seed: int, console: Console
) -> list[Person]:
    """Writes register, users and `days` days of history up to now; returns the users."""
    people = _people(assets)
    with Store.open(settings.database) as store:
        write_register(store, assets)
        for person in people:
            add_user(
                store,
                email=person.email,
                name=person.party or "Helpdesk",
                role=person.role,
                party=person.party,
                language="nl",
                password=person.password,
            )
    return people


def _people(assets: Sequence[Asset]) -> list[Person]:
    """The helpdesk, and the installer and customer with the most stations."""

    def most(names: list[str | None]) -> str | None:
        known = sorted({name for name in names if name})
        return max(known, key=names.count) if known else None

    people = [Person("helpdesk@demo.example", "helpdesk", None, _password())]
    installer = most([asset.installer for asset in assets])
    customer = most([asset.customer for asset in assets])
    if installer:
        people.append(Person("installer@demo.example", "installer", installer, _password()))
    if customer:
        people.append(Person("customer@demo.example", "customer", customer, _password()))
    return people


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)
