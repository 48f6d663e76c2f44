"""Delivery as a whole: a lane for each destination and a watchdog over all of them.

Decides nothing about messages; starts, wakes, stops and reports. Destinations never share a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from data import outbox as ledger
from data.stand_ins import Ended, Forward
from data.store import Store
from rules.core.subscription import LANE
from rules.dispatch.apprise_target import AppriseTarget, prepare_library
from rules.dispatch.destinations import DestinationConfig, channel_of
from rules.dispatch.engine import EngineStats
from rules.dispatch.faring import Faring
from rules.dispatch.magic_link import MagicLinks, finisher
from rules.dispatch.outbox import Lane, LaneStats, Sent
from rules.dispatch.outcome import Outcome
from rules.dispatch.subscribers import CustomerLane
from rules.dispatch.watchdog import EVERY_S, DeliveryHealth, Watchdog

# (language, destination, detail, subject, body) -> (subject, body)
Undelivered = Callable[[str, str, str, str, str], tuple[str, str]]

SETTLE_S = 5.0
STOP_WAIT_S = 3.0


class Delivery:
    """Made once by the owner; `start` after the engine, `stop` before the store closes."""

    def __init__(
        self,
        store: Store,
        configs: Sequence[DestinationConfig],
        clock: Callable[[], datetime],
        mark_duplicate: Callable[[str, str, str], tuple[str, str]],
        *,
        customers: DestinationConfig | None = None,
        undelivered: Undelivered | None = None,
        ended: Ended | None = None,
        links: MagicLinks | None = None,
        engine: Callable[[], EngineStats] | None = None,
        on_sent: Callable[[Sent], None] = lambda _sent: None,
        on_look: Callable[[DeliveryHealth], None] = lambda _health: None,
        settle_s: float = SETTLE_S,
        look_every_s: float = EVERY_S,
    ) -> None:
        """`clock` gives aware UTC; `mark_duplicate`, `undelivered` and `ended` are those of
        `message.Renderer`;
        `customers`: the template for those who subscribed; `links` gives installers' messages theirs;
        `engine` is `Engine.stats`, so that the watchdog sees it too; `settle_s` seconds pass between the
        start and the first message. Without `undelivered` a notice that is given up goes to nobody."""
        self._store = store
        self._clock = clock
        self._undelivered = undelivered
        self._on_sent = on_sent
        self._mark_duplicate = mark_duplicate
        self._ended = ended
        self._links = links
        self._faring = Faring(store, clock)
        self._configs = {config.name: config for config in configs}
        self._lanes = {config.name: self._lane(config, settle_s) for config in configs}
        self._leaving: list[Lane] = []
        if customers is not None:
            self._lanes[LANE] = CustomerLane(
                customers,
                store,
                clock,
                mark_duplicate=mark_duplicate,
                on_sent=self._told,
                channel=channel_of(customers.url),
                settle_s=settle_s,
            )
        self._watchdog = Watchdog(
            store,
            clock,
            self.lanes,
            engine,
            helpdesk=self._desks,
            on_look=on_look,
            every_s=look_every_s,
        )

    def _lane(self, config: DestinationConfig, settle_s: float, after: Lane | None = None) -> Lane:
        return Lane(
            config.name,
            AppriseTarget(config),
            self._store,
            self._clock,
            timeout_s=config.timeout_s,
            mark_duplicate=self._mark_duplicate,
            stand_in=self._stand_in,
            finish=finisher(self._links, config.party),
            ended=self._ended,
            on_sent=self._told,
            channel=channel_of(config.url),
            settle_s=settle_s,
            after=after,
        )

    @property
    def _helpdesk(self) -> list[DestinationConfig]:
        return [config for config in self._configs.values() if config.party == "operator"]

    def _desks(self) -> list[str]:
        return [desk.name for desk in self._helpdesk]

    def replace(self, configs: Sequence[DestinationConfig]) -> None:
        """These destinations from now on; returns at once. One that stays as it was is left alone; the lane
        of one that changed ends what it is sending before its successor sends."""
        before = self._lanes
        wanted = {config.name: config for config in configs}
        lanes = {name: lane for name, lane in before.items() if name == LANE}
        for name, config in wanted.items():
            old = before.get(name)
            same = old is not None and self._configs.get(name) == config
            lanes[name] = old if same and old is not None else self._lane(config, 0.0, after=old)
        leaving = [lane for name, lane in before.items() if lanes.get(name) is not lane]
        self._leaving = [lane for lane in self._leaving if lane.stats().running] + leaving
        self._configs, self._lanes = wanted, lanes  # each as a whole: lanes and watchdog read them meanwhile
        for lane in leaving:
            lane.stop(0.0)
        for name, lane in lanes.items():
            if lane is not before.get(name):
                lane.start()
        self._faring.gone(before.keys() - lanes.keys())

    def start(self) -> None:
        """Take back what a dead owner was sending (it may have arrived), then start the lanes."""
        prepare_library()  # half a second of loading that the first message need not wait for
        ledger.release_expired(self._store, self._clock(), everything=True)
        self._faring.start(self._lanes)
        for lane in self._lanes.values():
            lane.start()
        self._watchdog.start()

    def wake(self, destinations: Iterable[str]) -> None:
        """New notices were committed for these destinations. The engine's `on_notices`."""
        for name in destinations:
            lane = self._lanes.get(name.partition("/")[0])
            if lane is not None:
                lane.wake()

    def stop(self, wait_s: float = STOP_WAIT_S) -> None:
        """Stop all lanes; together they get `wait_s` seconds to end what they are sending."""
        self._watchdog.stop()
        deadline = time.monotonic() + wait_s
        lanes = [*self._leaving, *self._lanes.values()]
        for lane in lanes:
            lane.stop(0.0)
        for lane in lanes:
            lane.stop(max(0.0, deadline - time.monotonic()))

    def _stand_in(self, claimed: ledger.Claimed, outcome: Outcome) -> Forward | None:
        """The first other destination of the helpdesk, for an opening that is given up.

        Not for a resolve (its opening was heard elsewhere), nor for what is forwarded already: no chains.
        """
        if self._undelivered is None or claimed.reason == "resolved" or "~" in claimed.dedup_key:
            return None
        other = next((desk for desk in self._helpdesk if desk.name != claimed.destination), None)
        if other is None:
            return None
        subject, body = self._undelivered(
            other.language,
            claimed.destination,
            outcome.detail_redacted,
            claimed.subject or "",
            claimed.body or "",
        )
        return Forward(to=other.name, party=other.party, language=other.language, subject=subject, body=body)

    def _told(self, sent: Sent) -> None:
        lane = self._lanes.get(sent.destination)
        if lane is not None:  # else it was taken out while it sent
            self._faring.told(sent, lane.stats().failures_in_row)
        if sent.state == "dead":
            self.wake(self._desks())
        self._on_sent(sent)

    def lanes(self) -> list[LaneStats]:
        return [lane.stats() for lane in self._lanes.values()]

    def health(self) -> DeliveryHealth:
        """What the watchdog last saw, at most 15 s old."""
        return self._watchdog.last

    def look(self) -> DeliveryHealth:
        """Looks into the store now."""
        return self._watchdog.look()
