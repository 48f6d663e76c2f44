"""`laadwacht simulate`: plays a fleet against a back end from the command line. Decides nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from collectors.simulator.assets import VirtualStation
from collectors.simulator.fleet import Fleet, FleetReport
from collectors.simulator.script import Step


async def run_simulator(
    url: str,
    stations: int | Sequence[VirtualStation],
    seed: int = 1,
    speed: float = 1.0,
    minutes: float | None = None,
    *,
    script: Sequence[Step] = (),
    heartbeat_cap_s: float | None = None,
    on_report: Callable[[FleetReport], None] | None = None,
    report_every_s: float = 5.0,
) -> FleetReport:
    """Plays until `minutes` are over (None: for ever), SIGINT or SIGTERM; returns the last report.

    ValueError (ScriptError among them) for what cannot be played.
    """
    fleet = Fleet(url, stations, seed=seed, speed=speed, script=script, heartbeat_cap_s=heartbeat_cap_s)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    if minutes is not None:
        loop.call_later(minutes * 60.0, stop.set)
    reporting = asyncio.ensure_future(_report(fleet, on_report, report_every_s)) if on_report else None
    try:
        await fleet.run(stop)
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        if reporting is not None:
            reporting.cancel()
    return fleet.report()


async def _report(fleet: Fleet, tell: Callable[[FleetReport], None], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        tell(fleet.report())
