"""Fills the demo's database before anything starts: register, one user per role, generated history.

Decides who the demo's users are. Opens the store and closes it again, before the owner process starts.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from collectors.logs.importer import ImportReport
from collectors.logs.logfile import records_of
from collectors.owner.past import import_past
from collectors.settings.options import Settings
from collectors.simulator.history import generate
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
    settings: Settings,
    assets: Sequence[Asset],
    people: Sequence[Person],
    *,
    days: int,
    seed: int,
    console: Console,
    between: Callable[[], None],
) -> None:
    """Writes register, users and `days` days of history up to now.

    `between` is called between steps, at most about a second apart; what it raises ends the work.
    """
    with Store.open(settings.database) as store:
        write_register(store, assets)
        for person in people:
            between()
            add_user(
                store,
                email=person.email,
                name=person.party or "Helpdesk",
                role=person.role,
                party=person.party,
                language="nl",
                password=person.password,
            )
        if days:
            _live_through(settings, store, assets, days=days, seed=seed, console=console, between=between)
        between()


def _live_through(
    settings: Settings,
    store: Store,
    assets: Sequence[Asset],
    *,
    days: int,
    seed: int,
    console: Console,
    between: Callable[[], None],
) -> None:
    """Imports a generated past that ends now."""
    until = datetime.now(UTC)
    start = until - timedelta(days=days)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{days} days of history", total=days * 86_400.0, told="")

        def tell(report: ImportReport) -> None:
            between()
            reached = (report.last - start).total_seconds() if report.last else 0.0
            bar.update(task, completed=reached, told=f"{report.stored} records")

        records = records_of(generate(assets, days, until, seed))
        report = import_past(settings, store, records, own_past=True, progress=tell)
    console.print(f"{days} days of history: {report.stored} records of {report.stations} stations")


def people_for(assets: Sequence[Asset]) -> list[Person]:
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
