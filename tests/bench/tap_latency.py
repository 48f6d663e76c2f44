"""What the tap adds to an answer's way: the same question to the same back end, directly and through the tap.

    python -m tests.bench.tap_latency [--stations 50] [--rate 500] [--seconds 10]

Back end, stations and tap are a process each; the tap is `laadwacht serve --tap` with everything on (store,
rules, recording). Both ways are measured in one run, in turns of one second, so that a machine whose
speed drifts treats them alike. Prints milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.sinks import free_ports

OCPP = [Subprotocol("ocpp1.6")]
STATUS = '[2,"%d","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]'
HEARTBEAT = '[2,"%d","Heartbeat",{}]'


async def answer(socket: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        async for message in socket:
            number = str(message).split('"', 2)[1]
            await socket.send(f'[3,"{number}",{{"currentTime":"2026-11-22T10:00:00Z"}}]')


class Station:
    """A charging station that may have several questions open, so that one late answer delays no other."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._open: dict[str, asyncio.Future[float]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self._socket:
                self._open.pop(str(message).split('"', 2)[1]).set_result(time.perf_counter())

    async def ask(self, number: int) -> float:
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._open[str(number)] = answered
        began = time.perf_counter()
        await self._socket.send((STATUS if number % 2 else HEARTBEAT) % number)
        return await answered - began


async def turn(sockets: list[Station], rate: int, seconds: float, first: int) -> list[float]:
    """Questions at an even rate, over all stations in turn; how long each took, in seconds."""
    tasks = []
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(sockets[number % len(sockets)].ask(first + number)))
    return await asyncio.gather(*tasks)


def told(name: str, times: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times, n=1000, method="inclusive")
    p50, p99 = cuts[499] * 1000, cuts[989] * 1000
    print(f"{name:8} n={len(times):6}  p50 {p50:6.3f} ms  p99 {p99:6.3f} ms  max {max(times) * 1000:6.2f} ms")
    return p50, p99


async def measure(options: argparse.Namespace, tap_port: int, old_port: int) -> None:
    async with AsyncExitStack() as stack:
        ways: dict[str, list[Station]] = {"direct": [], "tap": []}
        for number in range(options.stations):
            for way, port in (("direct", old_port), ("tap", tap_port)):
                url = f"ws://127.0.0.1:{port}/BENCH-{way}-{number}"
                socket = await stack.enter_async_context(
                    connect(url, subprotocols=OCPP, compression=None, proxy=None)
                )
                ways[way].append(Station(socket))
        times: dict[str, list[float]] = {"direct": [], "tap": []}
        first = 0
        for second in range(-2, options.seconds):
            for way, sockets in ways.items():
                found = await turn(sockets, options.rate, 1.0, first)
                first += len(found)
                if second >= 0:  # the first two warm up
                    times[way] += found
        direct, tap = told("direct", times["direct"]), told("tap", times["tap"])
        print(f"added     p50 {tap[0] - direct[0]:6.3f} ms  p99 {tap[1] - direct[1]:6.3f} ms")


async def run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ocpp, http, read, dashboard, old = free_ports(5)
        command = [sys.executable, "-m", "collectors", "serve", "--data-dir", folder]
        command += ["--ocpp-port", str(ocpp), "--http-port", str(http)]
        command += ["--set", f"read_door.port={read}", "--set", f"dashboard.port={dashboard}"]
        command += ["--set", "log.level=warning", "--tap", f"ws://127.0.0.1:{old}/{{station}}"]
        house = Path(__file__).resolve().parents[2]
        env = {**os.environ, "PYTHONPATH": str(house)}
        other = [sys.executable, "-m", "tests.bench.tap_latency", "--back-end", str(old)]
        started: list[subprocess.Popen[bytes]] = []
        try:
            for port, what in ((old, other), (ocpp, command)):
                started.append(subprocess.Popen(what, cwd=house, env=env))
                await listening(port, started[-1])
            await measure(options, ocpp, old)
        finally:
            for process in reversed(started):
                process.terminate()
                await asyncio.to_thread(process.wait, 30)


async def back_end(port: int) -> None:
    async with serve(answer, "127.0.0.1", port, subprotocols=OCPP, compression=None) as server:
        await server.serve_forever()


async def listening(port: int, owner: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(30):
        while owner.poll() is None:
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
    raise SystemExit("a process of the bench did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--stations", type=int, default=50)
    parser.add_argument("--rate", type=int, default=500, help="questions a second, over all stations")
    parser.add_argument("--seconds", type=int, default=10, help="of measuring, for each of the two ways")
    parser.add_argument("--back-end", type=int, metavar="PORT", help="only be the back end, on this port")
    options = parser.parse_args()
    uvloop.run(run(options) if options.back_end is None else back_end(options.back_end))


if __name__ == "__main__":
    main()
