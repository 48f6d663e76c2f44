"""Many stations at once: memory of an idle one, a whole street coming back, and `/metrics` with all of them.

`python -m tests.bench.connections [--stations N] [--returning N]`. Needs as many open files a process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import httpx

from tests.bench.running import HOUSE, Server, bare_ocpp, load, owner, table

IDLE_S = 4


def idle_kib(server: Server, stations: int) -> float:
    """Resident memory a connected station adds, booted and silent."""
    before = server.memory_mib()
    command = [sys.executable, "-m", "tests.bench.load", server.url, "--idle", "--prefix", "IDLE"]
    command += ["--connections", str(stations), "--seconds", str(IDLE_S)]
    with subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        connected = json.loads(process.stdout.readline())["connected"]
        time.sleep(IDLE_S / 2)
        added = server.memory_mib() - before
        process.communicate()
    if connected != stations:
        raise RuntimeError(f"only {connected} of {stations} stations were let in")
    return added * 1024 / stations


def return_s(server: Server, stations: int) -> float:
    """Until all are connected and booted, when all come at the same moment."""
    result = load(
        server.url, "--connections", str(stations), "--parallel", str(stations), "--seconds", "0.1", "--idle"
    )
    if result["connected"] != stations:
        raise RuntimeError(f"only {result['connected']} of {stations} stations came back")
    return result["ramp_s"]


def scrape_ms(server: Server, stations: int) -> tuple[float, int]:
    """One scrape, best of five, after every station told a connector's status; and its size in KiB."""
    options = ["--connections", str(stations), "--prefix", "IDLE"]
    load(server.url, *options, "--rate", "2000", "--seconds", str(stations * 2.2 / 2000))
    best, size = float("inf"), 0
    for _ in range(5):
        started = time.perf_counter()
        size = len(httpx.get(f"{server.http}/metrics", trust_env=False, timeout=30).content)
        best = min(best, time.perf_counter() - started)
    return best * 1e3, size // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--returning", type=int, default=1_000)
    given = parser.parse_args()
    with bare_ocpp() as server:
        bare = [return_s(server, given.returning), idle_kib(server, given.stations)]
    with owner() as server:
        at_rest = server.memory_mib()
        ours = [return_s(server, given.returning), idle_kib(server, given.stations)]
        scrape, size = scrape_ms(server, given.stations)
        at_end = server.memory_mib()
    table(
        "Many stations",
        ["what", "bare ocpp", "laadwacht", "ratio"],
        [
            [
                f"{given.returning} stations back at once, s",
                f"{bare[0]:.2f}",
                f"{ours[0]:.2f}",
                f"{bare[0] / ours[0]:.2f}",
            ],
            [
                f"memory of an idle station, of {given.stations}, KiB",
                f"{bare[1]:.1f}",
                f"{ours[1]:.1f}",
                f"{bare[1] / ours[1]:.2f}",
            ],
            [f"/metrics with {given.stations} connectors ({size} KiB), ms", "-", f"{scrape:.0f}", "-"],
            ["memory of the owner when empty, MiB", "-", f"{at_rest:.0f}", "-"],
            ["memory of the owner at the end, MiB", "-", f"{at_end:.0f}", "-"],
        ],
    )


if __name__ == "__main__":
    main()
