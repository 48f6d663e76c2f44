"""Durable frames a second of the owner process, against the bare `ocpp` server, with one load generator.

`python -m tests.bench.frames [--seconds S] [--rounds N]`. The two take turns, so that a busy machine is
unfair to both alike. A frame is one request and its answer; the owner answers when the request is durable.
"""

from __future__ import annotations

import argparse
from statistics import median

from tests.bench.running import Server, bare_ocpp, load, owner, table


def measured(server: Server, seconds: float) -> tuple[float, float, float, float]:
    """Requests a second, p50 and p99 in ms, server processor time a request in microseconds."""
    before = server.cpu_s()
    result = load(server.url, "--connections", "200", "--seconds", str(seconds))
    used = server.cpu_s() - before
    if result["lost"] or result["refused"]:
        raise RuntimeError(f"not every station was served: {result}")
    return result["per_s"], result["p50_ms"], result["p99_ms"], used / result["answered"] * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    found: dict[str, list[tuple[float, float, float, float]]] = {"bare ocpp": [], "laadwacht": []}
    for _ in range(given.rounds):
        with bare_ocpp() as server:
            found["bare ocpp"].append(measured(server, given.seconds))
        with owner() as server:
            found["laadwacht"].append(measured(server, given.seconds))
    medians = {name: [median(column) for column in zip(*runs, strict=True)] for name, runs in found.items()}
    yardstick = medians["bare ocpp"]
    table(
        "Requests acknowledged, 200 connections, closed loop",
        ["server", "stores", "per second", "ratio", "p50 ms", "p99 ms", "CPU us each", "ratio"],
        [
            [
                name,
                "yes" if name == "laadwacht" else "no",
                f"{values[0]:.0f}",
                f"{values[0] / yardstick[0]:.2f}",
                f"{values[1]:.1f}",
                f"{values[2]:.1f}",
                f"{values[3]:.0f}",
                f"{yardstick[3] / values[3]:.2f}",
            ]
            for name, values in medians.items()
        ],
    )


if __name__ == "__main__":
    main()
