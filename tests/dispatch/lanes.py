"""Helpers of the delivery tests: a clock that tests move, notices, a lane, delivery as the owner runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from data.store import Store
from rules.core.model import NoticeReason, NoticeRow
from rules.dispatch.apprise_target import AppriseTarget
from rules.dispatch.delivery import Delivery
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.outbox import Lane
from tests.dispatch.small_judge import notice

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def real_time() -> datetime:
    return datetime.now(UTC)


def mark_duplicate(language: str, subject: str, body: str) -> tuple[str, str]:
    return f"(mogelijk dubbel) {subject}", f"Mogelijk dubbel ({language}).\n\n{body}"


def config(name: str, url: str, timeout_s: float = 10.0) -> DestinationConfig:
    return DestinationConfig(name=name, party="operator", url=url, timeout_s=timeout_s)


def add(store: Store, *notices: NoticeRow) -> None:
    store.apply(
        list(notices),
        rendered={one.dedup_key: ("nl", f"{one.reason} {one.incident_id}", "Wat: x") for one in notices},
    )


def opening(incident: str = "inc1", destination: str = "wacht") -> NoticeRow:
    return notice(incident, destination, 1, NoticeReason.FIRST, START)


def resolve(incident: str = "inc1", destination: str = "wacht") -> NoticeRow:
    return notice(incident, destination, 2, NoticeReason.RESOLVED, START)


def rows(store: Store, columns: str = "dedup_key, state, last_class") -> list[tuple[Any, ...]]:
    return store.sql(f"SELECT {columns} FROM notice ORDER BY dedup_key").rows()


def one_lane(store: Store, clock: Clock, url: str, timeout_s: float = 10.0, **more: Any) -> Lane:
    target = AppriseTarget(config("wacht", url, timeout_s))
    return Lane("wacht", target, store, clock, timeout_s=timeout_s, mark_duplicate=mark_duplicate, **more)


@contextmanager
def running(
    store: Store, clock: Callable[[], datetime], *configs: DestinationConfig, **more: Any
) -> Iterator[Delivery]:
    delivery = Delivery(store, configs, clock, mark_duplicate, **{"settle_s": 0.0, **more})
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop(wait_s=0.5)


def undelivered(language: str, to: str, detail: str, subject: str, body: str) -> tuple[str, str]:
    return f"({language}: niet bezorgd aan {to}) {subject}", f"{detail}\n\n{body}"
