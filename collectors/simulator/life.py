"""The life of one simulated station: connects, boots, beats, charges cars, breaks down and obeys commands.

Everything random comes from a generator seeded by fleet seed and identity. Must never decide when somebody
charges (`plugs`) or what breaks (`script`). Its seconds are real ones; only visits are sped up.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from collectors.simulator.assets import VirtualStation
from collectors.simulator.dialect import Call, Intent, Plug, Reaction
from collectors.simulator.faults import Fault
from collectors.simulator.link import CallRefused, Link, LinkLost
from collectors.simulator.speak import dialect_of

log = logging.getLogger(__name__)

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
METERS_SINCE, METER_BASE_WH, METER_WH_PER_S = datetime(2026, 1, 1, tzinfo=UTC), 50_000_000.0, 50.0


def _now() -> datetime:
    return datetime.now(UTC)


class Life:
    """`run()` lives until cancelled. `heartbeat_cap_s` bounds the interval the back end gives (seconds)."""

    def __init__(
        self,
        station: VirtualStation,
        url: str,
        *,
        seed: int = 1,
        heartbeat_cap_s: float | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.station = station
        self.plugs = {n: Plug(connector=n, meter_wh=0.0) for n in range(station.connectors + 1)}
        self.dialect = dialect_of(station)
        self.rng = Random(f"{seed}/{station.identity}")
        self.clock = clock
        # A register never falls, not even from one run to the next: it starts above what any earlier run
        # (and the generated history, which ends below 50 MWh) can have counted, whatever its speed.
        counted_wh = max(0.0, (clock() - METERS_SINCE).total_seconds()) * METER_WH_PER_S
        for plug in self.plugs.values():
            plug.meter_wh = float(self.rng.randrange(50_000, 9_000_000)) + METER_BASE_WH + round(counted_wh)
        self.ready = False
        self.refusals: dict[str, int] = {}
        self.on_stop: Callable[[Plug, str], None] = lambda plug, reason: None
        self.on_start: Callable[[Plug, str], None] = lambda plug, token: None
        self.connects = 0
        self.link: Link | None = None
        self.silent = False
        self._url = f"{url.rstrip('/')}/{quote(station.identity, safe='')}"
        self._cap_s = heartbeat_cap_s
        self._interval_s = heartbeat_cap_s or 300.0
        self._boot_reason: str | None = "PowerUp"
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._kept: deque[Call] = deque()
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def identity(self) -> str:
        return self.station.identity

    async def run(self) -> None:
        retry_s = FIRST_RETRY_S
        try:
            while True:
                await self._allowed.wait()
                try:
                    async with connect(
                        self._url,
                        subprotocols=[Subprotocol(self.dialect.subprotocol)],
                        compression=None,
                        proxy=None,
                        ping_interval=60,
                        close_timeout=2,
                    ) as socket:
                        retry_s = FIRST_RETRY_S
                        self.connects += 1
                        await self._connected(
                            Link(
                                socket,
                                message_ids=lambda: f"{self.rng.getrandbits(64):016x}",
                                on_command=self._command,
                                on_intent=self._intent,
                                pretty=self.station.make.pretty_frames,
                            )
                        )
                except (OSError, WebSocketException, TimeoutError) as error:
                    log.debug("%s cannot reach the back end: %s", self.identity, error)
                # Half jitter, so that a site that comes back does not knock in one instant.
                await asyncio.sleep(retry_s * self.rng.uniform(0.5, 1.0))
                retry_s = min(retry_s * 2, LAST_RETRY_S)
        finally:
            for errand in self._errands:
                errand.cancel()

    async def say(self, call: Call, *, keep: bool = False) -> dict[str, Any] | None:
        """The back end's answer; None when offline, refused or too late. `keep`: sent after the next boot."""
        link = self.link
        if link is None or not self.ready or self.silent:
            if keep:
                self._kept.append(call)
            return None
        try:
            return await link.call(*call)
        except LinkLost:
            if keep:
                self._kept.append(call)
        except (CallRefused, TimeoutError) as error:
            name = type(error).__name__
            self.refusals[name] = self.refusals.get(name, 0) + 1
        return None

    async def report(self, plug: Plug) -> None:
        for call in self.dialect.status(plug, self.clock()):
            await self.say(call)

    async def break_down(self, fault: Fault, connector: int) -> None:
        """The fault appears: a session there ends when the connector cannot charge any more."""
        plug = self.plugs[0 if fault.on_station else min(connector, self.station.connectors)]
        if fault.status == "Faulted":
            for hit in self.plugs.values() if plug.connector == 0 else (plug,):
                self.on_stop(hit, fault.stop_reason)
        plug.fault = fault
        plug.status = fault.status or plug.status
        await self.report(plug)

    async def recover(self, fault: Fault, connector: int) -> None:
        """The fault goes; a connector that was out of use is free again."""
        plug = self.plugs[0 if fault.on_station else min(connector, self.station.connectors)]
        if plug.fault is None or plug.fault.name != fault.name:
            return
        plug.fault = None
        if plug.session is None:
            plug.status = "Available"
        for call in self.dialect.cleared(plug, fault, self.clock()):
            await self.say(call)
        await self.report(plug)

    def cut(self) -> None:
        """The link goes down without a word and stays down until `mend`."""
        self._allowed.clear()
        if self.link is not None:
            self.link.drop()

    def mend(self, *, rebooted: bool) -> None:
        """The link may come back; `rebooted` after a power cut, so that the station boots anew."""
        if rebooted:
            self._boot_reason = "PowerUp"
        self._allowed.set()

    async def reboot(self, reason: str, *, hard: bool) -> None:
        for plug in self.plugs.values():
            self.on_stop(plug, "HardReset" if hard else "SoftReset")
            if plug.fault is not None and plug.fault.cured_by_reset:
                plug.fault, plug.status = None, "Available"
        await asyncio.sleep(0.2)
        self._boot_reason = reason
        if self.link is not None:
            await self.link.close()

    def errand(self, work: Any) -> None:
        """Runs a coroutine beside the station's own loop, for as long as the station lives."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _connected(self, link: Link) -> None:
        self.link = link
        reading = asyncio.ensure_future(link.read())
        living = asyncio.ensure_future(self._live(link))
        try:
            await asyncio.wait({reading, living}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.ready = False
            self.link = None
            for task in (reading, living):
                task.cancel()
            for outcome in await asyncio.gather(reading, living, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, LinkLost):
                    raise outcome

    async def _live(self, link: Link) -> None:
        if self._boot_reason is not None or self.station.make.boots_on_reconnect:
            await self._boot(link, self._boot_reason or "Unknown")
            self._boot_reason = None
        self.ready = True
        for plug in self.plugs.values():
            if plug.connector or self.station.make.reports_station:
                await self.report(plug)
        while self._kept:
            await self.say(self._kept.popleft(), keep=True)
        while True:
            await asyncio.sleep(self._interval_s)
            await self.say(self.dialect.heartbeat())

    async def _boot(self, link: Link, reason: str) -> None:
        """Asks until accepted, at the pace the back end gives; says nothing else meanwhile."""
        while True:
            try:
                answer = await link.call(*self.dialect.boot(reason))
            except (CallRefused, TimeoutError):
                answer = {}
            seconds = answer.get("interval")
            if isinstance(seconds, int | float) and seconds > 0:
                self._beat_every(float(seconds))
            if answer.get("status") == "Accepted":
                return
            await asyncio.sleep(self._interval_s)

    def _beat_every(self, seconds: float) -> None:
        self._interval_s = min(seconds, self._cap_s) if self._cap_s else seconds

    def _command(self, action: str, payload: dict[str, Any]) -> Reaction:
        return self.dialect.react(action, payload, self.plugs, self.clock())

    def _intent(self, intent: Intent) -> None:
        plug = self.plugs.get(intent.connector or 0, self.plugs[0])
        match intent.kind:
            case "reset":
                self.errand(self.reboot("RemoteReset", hard=intent.hard))
            case "say":
                self.errand(self._say_all(intent.calls))
            case "start":
                self.on_start(plug, intent.token or "")
            case "stop" | "unlock":
                self.on_stop(plug, "Remote" if intent.kind == "stop" else "UnlockCommand")
            case "operative" | "inoperative":
                hit = list(self.plugs.values()) if plug.connector == 0 else [plug]
                self.errand(
                    self._set_status(hit, "Available" if intent.kind == "operative" else "Unavailable")
                )
            case "heartbeat_interval" if intent.seconds:
                self._beat_every(float(intent.seconds))

    async def _say_all(self, calls: tuple[Call, ...]) -> None:
        for call in calls:
            await self.say(call)

    async def _set_status(self, plugs: list[Plug], status: str) -> None:
        for plug in plugs:
            if plug.fault is None and plug.session is None:
                plug.status = status
                await self.report(plug)
