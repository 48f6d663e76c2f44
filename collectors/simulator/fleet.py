"""A fleet of simulated stations over real WebSockets, and the player of its script.

Must never know the rules: it only does what stations do. One asyncio loop carries the whole fleet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from msgspec import Struct

from collectors.simulator.assets import VirtualStation, demo_assets, stations_of
from collectors.simulator.faults import FAULTS, fault_named
from collectors.simulator.life import Life
from collectors.simulator.plugs import Plugs
from collectors.simulator.script import BLOCKED_TOKEN, Step, check, selected

log = logging.getLogger(__name__)

#: Seconds between two stations' first connections, so that a start is no storm.
STAGGER_S = 0.03


class FleetReport(Struct, frozen=True, kw_only=True):
    """The fleet at one instant. `sessions`: charging now; `finished`: since the start."""

    stations: int
    ready: int
    connects: int
    sessions: int
    finished: int
    broken: int


class Fleet:
    """`url` is the back end's, without a station; `stations` the ones to play, or how many of the demo's.

    `speed` makes sessions that many times shorter. `heartbeat_cap_s` bounds the interval the back end gives.
    ValueError for a speed that is not above 0, ScriptError for a script that this fleet cannot play.
    """

    def __init__(
        self,
        url: str,
        stations: Sequence[VirtualStation] | int,
        *,
        seed: int = 1,
        speed: float = 1.0,
        script: Sequence[Step] = (),
        heartbeat_cap_s: float | None = None,
    ) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.stations = (
            stations_of(demo_assets(stations, seed), seed) if isinstance(stations, int) else list(stations)
        )
        check(script, self.stations)
        self._script = sorted(script, key=lambda step: step.at_s)
        self.lives = [
            Life(station, url, seed=seed, heartbeat_cap_s=heartbeat_cap_s) for station in self.stations
        ]
        self.plugs = [Plugs(life, seed=seed, speed=speed) for life in self.lives]
        self._playing: set[asyncio.Task[None]] = set()

    async def run(self, until: float | asyncio.Event | None = None) -> None:
        """Plays for `until` seconds, until that event is set, or (None) until cancelled; then all hang up."""
        tasks = [asyncio.ensure_future(self._one(n)) for n in range(len(self.lives))]
        tasks += [asyncio.ensure_future(self._at(step)) for step in self._script]
        try:
            if isinstance(until, asyncio.Event):
                await until.wait()
            elif until is None:
                await asyncio.Event().wait()
            else:
                await asyncio.sleep(until)
        finally:
            every = [*tasks, *self._playing]
            for task in every:
                task.cancel()
            for outcome in await asyncio.gather(*every, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("a simulated station failed: %r", outcome)

    def report(self) -> FleetReport:
        plugs = [plug for life in self.lives for plug in life.plugs.values()]
        return FleetReport(
            stations=len(self.lives),
            ready=sum(life.ready for life in self.lives),
            connects=sum(life.connects for life in self.lives),
            sessions=sum(plug.session is not None for plug in plugs),
            finished=sum(station.finished for station in self.plugs),
            broken=sum(plug.fault is not None for plug in plugs),
        )

    async def _one(self, n: int) -> None:
        await asyncio.sleep(n * STAGGER_S)
        await asyncio.gather(self.lives[n].run(), self.plugs[n].run())

    async def _at(self, step: Step) -> None:
        await asyncio.sleep(step.at_s)
        await asyncio.gather(*(self._play(n, step) for n in selected(step.select, self.stations)))

    async def _play(self, n: int, step: Step) -> None:
        life = self.lives[n]
        log.info("%s: %s", life.identity, step.what)
        if step.what == "vendor" or step.what in FAULTS:
            await self._fault(life, step)
        elif step.what in ("link_loss", "power_cut"):
            life.cut()
            if step.for_s is not None:
                await asyncio.sleep(step.for_s)
                life.mend(rebooted=step.what == "power_cut")
        elif step.what == "silent":
            life.silent = True
            if step.for_s is not None:
                await asyncio.sleep(step.for_s)
                life.silent = False
        elif step.what == "flapping":
            await self._flap(life, step.for_s or 60.0)
        elif step.what == "refused_card":
            # A driver tries more than once before calling anybody.
            plug = life.plugs[min(step.connector, life.station.connectors)]
            for _ in range(3):
                await self.plugs[n].present(plug, BLOCKED_TOKEN)
                await asyncio.sleep(2.0)
        elif step.what == "reboot":
            await life.reboot("Watchdog", hard=True)

    async def _fault(self, life: Life, step: Step) -> None:
        fault = fault_named(step.what, life.station.make)
        await life.break_down(fault, step.connector)
        if step.for_s is not None:
            await asyncio.sleep(step.for_s)
            await life.recover(fault, step.connector)

    async def _flap(self, life: Life, for_s: float) -> None:
        """Drops every few seconds; the station comes straight back each time."""
        end = asyncio.get_running_loop().time() + for_s
        while asyncio.get_running_loop().time() < end:
            life.cut()
            life.mend(rebooted=False)
            await asyncio.sleep(4.0)
