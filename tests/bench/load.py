"""A load generator: many stations on raw sockets, each sending its next request when the last is answered.

`python -m tests.bench.load URL --connections N --seconds S [--rate R] [--idle]` prints one JSON object. It is
a process of its own, so that its work is not counted as the server's. URL holds `{station}`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import resource
import struct
import time
from typing import cast
from urllib.parse import urlsplit

import uvloop

# A fixed mask: XOR with it is one big-integer operation, cheap for the client and as dear for the server.
MASK = b"\x9d\x2c\x51\x7e"
STATUS = '{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"%s"}'
BOOT = '{"chargePointVendor":"Bench","chargePointModel":"B1"}'


def masked(text: bytes) -> bytes:
    """One client frame (RFC 6455, 5.2)."""
    size = len(text)
    head = bytes([0x81, 0x80 | size]) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    key = int.from_bytes((MASK * (size // 4 + 1))[:size], "big")
    return head + MASK + (int.from_bytes(text, "big") ^ key).to_bytes(size, "big")


class Station(asyncio.Protocol):
    def __init__(self, run: Run, number: int) -> None:
        self.run, self.number, self.count = run, number, 0
        self.buffer = b""
        self.open = False
        self.sent_at = 0.0
        self.ready: asyncio.Future[None] = run.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        parts = urlsplit(self.run.url.replace("{station}", f"{self.run.prefix}{self.number:05d}"))
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data if self.buffer else data
        if not self.open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = buffer
                return
            if b" 101 " not in buffer[:end]:
                self.transport.abort()
                return
            buffer = buffer[end + 4 :]
            self.open = True
            self.send("BootNotification", BOOT)
        while len(buffer) >= 2:
            size, start = buffer[1] & 127, 2
            if size == 126:
                if len(buffer) < 4:
                    break
                size, start = int.from_bytes(buffer[2:4], "big"), 4
            if len(buffer) < start + size:
                break
            if buffer[0] & 15 == 1:
                self.answered(buffer[start : start + size])
            buffer = buffer[start + size :]
        self.buffer = buffer

    def send(self, action: str, payload: str) -> None:
        self.count += 1
        self.sent_at = time.perf_counter()
        self.transport.write(masked(f'[2,"{self.number}-{self.count}","{action}",{payload}]'.encode()))

    def next(self) -> None:
        # Every second one a Heartbeat, as a fleet at rest sends them.
        if (self.number + self.count) % 2:
            self.send("StatusNotification", self.run.status)
        else:
            self.send("Heartbeat", "{}")

    def answered(self, text: bytes) -> None:
        run = self.run
        if not self.ready.done():
            self.ready.set_result(None)
            return
        if text[1:2] == b"3":
            run.answered += 1
            run.latencies.append(time.perf_counter() - self.sent_at)
        else:
            run.refused += 1
        if run.closed_loop and run.running:
            self.next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("refused"))
        elif self.run.running:
            self.run.lost += 1


class Run:
    def __init__(self, url: str, connections: int, prefix: str, rate: float, idle: bool) -> None:
        self.url, self.connections, self.prefix, self.rate = url, connections, prefix, rate
        self.closed_loop = not rate and not idle
        self.idle = idle
        self.loop = asyncio.get_running_loop()
        self.answered = self.refused = self.lost = 0
        self.latencies: list[float] = []
        self.running = False
        self._told_at = 0.0
        self._status = ""

    @property
    def status(self) -> str:
        """With the time of a station whose clock is right: another is an odd frame."""
        now = time.time()
        if now - self._told_at >= 1.0:
            self._told_at = now
            self._status = STATUS % time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return self._status

    async def connect(self, parallel: int) -> tuple[list[Station], float]:
        limit = asyncio.Semaphore(parallel)
        parts = urlsplit(self.url)
        stations: list[Station] = []

        async def one(number: int) -> None:
            async with limit:
                try:
                    _, station = await self.loop.create_connection(
                        lambda: Station(self, number), parts.hostname, parts.port
                    )
                    await asyncio.wait_for(station.ready, 60)
                except (OSError, TimeoutError):
                    self.lost += 1
                else:
                    stations.append(station)

        started = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(self.connections)))
        return stations, time.perf_counter() - started

    async def send_for(self, stations: list[Station], seconds: float) -> float:
        self.running = True
        started = time.perf_counter()
        if self.closed_loop:
            for station in stations:
                station.next()
            await asyncio.sleep(seconds)
        elif self.idle:
            await asyncio.sleep(seconds)
        else:
            due, turn = started, 0
            while (now := time.perf_counter()) < started + seconds:
                while due <= now:
                    stations[turn % len(stations)].next()
                    turn += 1
                    due += 1 / self.rate
                await asyncio.sleep(max(0.001, due - now))
        self.running = False
        return time.perf_counter() - started


def percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0, help="requests a second; 0: as fast as answers come")
    parser.add_argument("--idle", action="store_true")
    parser.add_argument("--parallel", type=int, default=50, help="handshakes at a time")
    parser.add_argument("--prefix", default="BENCH")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run = Run(given.url, given.connections, given.prefix, given.rate, given.idle)
    stations, ramp_s = await run.connect(given.parallel)
    print(json.dumps({"connected": len(stations), "ramp_s": ramp_s}), flush=True)
    before = time.process_time()
    took = await run.send_for(stations, given.seconds)
    latencies = sorted(run.latencies)
    result = {
        "connected": len(stations),
        "ramp_s": ramp_s,
        "answered": run.answered,
        "refused": run.refused,
        "lost": run.lost,
        "per_s": run.answered / took,
        "p50_ms": percentile(latencies, 0.5) * 1e3,
        "p99_ms": percentile(latencies, 0.99) * 1e3,
        "client_cpu": (time.process_time() - before) / took,
    }
    print(json.dumps(result), flush=True)
    for station in stations:
        station.transport.abort()


if __name__ == "__main__":
    uvloop.run(main())
