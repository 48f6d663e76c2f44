"""A judge with the real catalogue, a small register and two destinations, and a fixed start of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from rules.core.catalog import reader as catalog_reader
from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import Asset, Effect, IncidentRow, NoticeRow, Observation
from rules.core.policy import Policy
from rules.core.routing.route import Destination

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
DESTINATIONS = (
    Destination(name="helpdesk", party="operator"),
    Destination(name="volt", party="installer:Volt"),
    Destination(name="ampere", party="installer:Ampère"),
    Destination(name="shop", party="customer:Shop"),
)


def catalog_texts() -> dict[str, str]:
    folder = ROOT / "data" / "catalog"
    return {str(p.relative_to(ROOT)): p.read_text() for p in sorted(folder.rglob("*.yaml"))}


@cache
def real_catalog() -> Catalog:
    return catalog_reader.parse(catalog_texts())


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def asset(name: str, **values: str) -> Asset:
    """A registered station: its site is the part of the name before the dash."""
    given: dict[str, str | None] = {
        "site": name.rsplit("-", 1)[0] if "-" in name else None,
        "installer": "Volt",
        "customer": "Shop",
        **values,
    }
    return Asset(station=name, **given)  # type: ignore[arg-type]


def register(*names: str) -> dict[str, Asset]:
    return {name: asset(name) for name in names}


def judge(
    assets: Mapping[str, Asset] | None = None, policy: Policy | None = None, state: bytes | None = None
) -> Judge:
    return Judge(real_catalog(), assets or register("S-1"), policy or Policy(), DESTINATIONS, state)


def feed(of: Judge, observations: Iterable[Observation]) -> list[Effect]:
    return [effect for obs in observations for effect in of.feed(obs)]


def incidents(effects: Iterable[Effect]) -> dict[str, IncidentRow]:
    """The last row of each incident, in the order of their beginning."""
    return {e.incident_id: e for e in effects if isinstance(e, IncidentRow)}


def notices(effects: Iterable[Effect]) -> list[tuple[str, str]]:
    """Who was told what of each incident, by itself or within a message of several. What was held back is
    recorded too, and is not among these."""
    return [
        (e.destination, item.reason.value)
        for e in effects
        if isinstance(e, NoticeRow) and e.suppressed is None
        for item in e.told
    ]


def withheld(effects: Iterable[Effect]) -> list[tuple[str, str, str]]:
    """To whom what was not said, and why."""
    return [
        (e.destination, e.reason.value, e.suppressed)
        for e in effects
        if isinstance(e, NoticeRow) and e.suppressed is not None
    ]
