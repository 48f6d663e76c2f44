"""What happens at the plugs of a simulated station: drivers come, present a card, charge and leave.

Decides when the next visit is, from a seeded generator. `speed` shortens stays; the energy stays that of the
full visit. Must never send on a link itself: the station's `Life` does, and keeps what must not be lost.
"""

from __future__ import annotations

import asyncio
from random import Random

import msgspec

from collectors.simulator.dialect import Plug, Session
from collectors.simulator.life import Life
from collectors.simulator.visits import Visit, draw_visit

#: Mean time between two visits of a plug in simulated seconds: busy, so that a demo shows sessions at once.
GAP_S = 2.5 * 3600.0
#: Meter values in simulated seconds, and never more often than this in real ones.
METER_S, LEAST_METER_S = 900.0, 2.0


class Plugs:
    """Drives every plug of one station; `run()` lives until cancelled."""

    def __init__(self, life: Life, *, seed: int, speed: float) -> None:
        self._life = life
        self._speed = speed
        self._visits: dict[int, asyncio.Task[None]] = {}
        self._rngs = {n: Random(f"{seed}/{life.identity}/{n}") for n in life.plugs if n}
        self.finished = 0
        life.on_stop = self.stop
        life.on_start = self.start

    async def run(self) -> None:
        users = [asyncio.ensure_future(self._use(self._life.plugs[n])) for n in self._rngs]
        try:
            await asyncio.gather(*users)
        finally:
            for task in (*users, *self._visits.values()):
                task.cancel()

    def start(self, plug: Plug, token: str) -> None:
        """A remote start: the driver is there already."""
        visit = self._draw(plug)
        self._begin(plug, msgspec.structs.replace(visit, token=token))

    def stop(self, plug: Plug, reason: str) -> None:
        """Ends what goes on at the plug, with a 1.6 stop reason."""
        visit = self._visits.pop(plug.connector, None)
        if visit is not None:
            visit.cancel()
        if plug.session is not None:
            self._life.errand(self._finish(plug, reason))

    async def present(self, plug: Plug, token: str) -> None:
        """Somebody plugs in and holds up this card; when it is refused they leave."""
        self.stop(plug, "Local")
        await self._visit(
            plug, Visit(token=token, stay_s=3600, charge_s=3000, energy_wh=9000, power_w=11_000)
        )

    def _draw(self, plug: Plug) -> Visit:
        station = self._life.station
        return draw_visit(self._rngs[plug.connector], rated_kw=station.rated_kw, dc=station.make.dc)

    async def _use(self, plug: Plug) -> None:
        rng = self._rngs[plug.connector]
        await self._nap(rng.uniform(0.0, GAP_S))
        while True:
            visit = self._draw(plug)
            if self._life.ready and plug.free and plug.fault is None and self._life.plugs[0].fault is None:
                await asyncio.wait({self._begin(plug, visit)})
            await self._nap(rng.expovariate(1.0 / GAP_S))

    def _begin(self, plug: Plug, visit: Visit) -> asyncio.Task[None]:
        running = self._visits.get(plug.connector)
        if running is not None and not running.done():
            return running
        task = asyncio.ensure_future(self._visit(plug, visit))
        self._visits[plug.connector] = task
        return task

    async def _visit(self, plug: Plug, visit: Visit) -> None:
        life = self._life
        await self._become(plug, "Preparing")
        await self._nap(20.0)
        answer = await life.say(life.dialect.authorize(visit.token))
        if answer is None or life.dialect.authorised(answer) != "Accepted":
            await self._become(plug, "Available")
            return
        session = Session(connector=plug.connector, visit=visit, meter_start_wh=plug.meter_wh)
        answer = await life.say(life.dialect.start(session, life.clock()))
        if answer is None or not life.dialect.started(session, answer):
            await self._become(plug, "Available")
            return
        plug.session = session
        session.power_w = visit.power_w
        await self._become(plug, "Charging")
        for call in life.dialect.charging(session, life.clock()):
            await life.say(call)
        await self._charge(plug, session)
        await self._finish(plug, "EVDisconnected" if session.power_w == 0 else "Local")

    async def _charge(self, plug: Plug, session: Session) -> None:
        life, visit = self._life, session.visit
        step_s = max(METER_S, LEAST_METER_S * self._speed)
        passed_s = 0.0
        while passed_s < visit.stay_s:
            step = min(step_s, visit.stay_s - passed_s)
            await self._nap(step)
            passed_s += step
            session.energy_wh = visit.energy_wh * min(passed_s / max(visit.charge_s, 1.0), 1.0)
            if passed_s >= visit.charge_s and session.power_w:
                session.power_w = 0.0
                if plug.fault is None and visit.stay_s - visit.charge_s > step_s:
                    await self._become(plug, "SuspendedEV")
            await life.say(life.dialect.meter(session, life.clock()))

    async def _finish(self, plug: Plug, reason: str) -> None:
        session = plug.session
        if session is None:
            return
        plug.session = None
        plug.meter_wh += session.energy_wh
        self.finished += 1
        session.power_w = 0.0
        await self._life.say(self._life.dialect.stop(session, reason, self._life.clock()), keep=True)
        if plug.status in ("Charging", "SuspendedEV", "SuspendedEVSE", "Preparing"):
            await self._become(plug, "Finishing")
            await self._nap(60.0)
        if plug.status == "Finishing":
            await self._become(plug, "Available")

    async def _become(self, plug: Plug, status: str) -> None:
        # A broken connector stays broken whatever the driver does.
        if plug.fault is not None and plug.fault.status is not None:
            return
        plug.status = status
        await self._life.report(plug)

    async def _nap(self, simulated_s: float) -> None:
        await asyncio.sleep(simulated_s / self._speed)
