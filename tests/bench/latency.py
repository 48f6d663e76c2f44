"""From a fault on the wire to its message accepted by the receiver, while other stations keep the owner busy.

`python -m tests.bench.latency [--rate R] [--faults N]`. Hold and grouping times are set to nothing; the
receiver is an HTTP server of this process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.bench.load import percentile
from tests.bench.running import HOUSE, owner, table

SETTINGS = """
[hold]
scale = 0.0
boot_noise_s = 0
[delivery]
group_wait_s = 0
[destinations.bench]
party = "operator"
url = "json://127.0.0.1:{port}/"
"""
FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}
BOOT = {"chargePointVendor": "Bench", "chargePointModel": "B1"}


class Receiver(ThreadingHTTPServer):
    """Keeps when each body arrived."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Accept)
        self.bodies: list[tuple[float, str]] = []


class Accept(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(200)
        self.end_headers()
        assert isinstance(self.server, Receiver)
        self.server.bodies.append((time.perf_counter(), body))

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent."""


def fault(url: str, name: str) -> float:
    """When the fault of station `name` went out."""
    with connect(url.replace("{station}", name), subprotocols=[Subprotocol("ocpp1.6")], proxy=None) as socket:
        socket.send(json.dumps([2, "1", "BootNotification", BOOT]))
        socket.recv()
        started = time.perf_counter()
        socket.send(json.dumps([2, "2", "StatusNotification", FAULT]))
        socket.recv()
        return started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1_000)
    parser.add_argument("--faults", type=int, default=100)
    given = parser.parse_args()
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    rows = []
    with tempfile.TemporaryDirectory() as made:
        settings = Path(made, "bench.toml")
        settings.write_text(SETTINGS.format(port=receiver.server_port))
        with owner("--config", str(settings), directory=Path(made, "data")) as server:
            for rate in (0.0, given.rate):
                command = [sys.executable, "-m", "tests.bench.load", server.url, "--seconds", "600"]
                command += ["--rate", str(rate)] if rate else ["--idle"]
                with subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE) as background:
                    assert background.stdout is not None
                    background.stdout.readline()
                    time.sleep(2)
                    sent = {}
                    for number in range(given.faults):
                        name = f"FAULT-{rate:.0f}-{number:04d}"
                        sent[name] = fault(server.url, name)
                        time.sleep(0.1)
                    time.sleep(5)
                    background.kill()
                took = sorted(
                    min(at for at, body in receiver.bodies if name in body) - started
                    for name, started in sent.items()
                    if any(name in body for _at, body in receiver.bodies)
                )
                rows.append(
                    [
                        f"{rate:.0f}",
                        f"{len(took)} of {given.faults}",
                        f"{percentile(took, 0.5) * 1e3:.0f}",
                        f"{percentile(took, 0.99) * 1e3:.0f}",
                    ]
                )
    table("Fault on the wire to message accepted", ["other frames/s", "arrived", "p50 ms", "p99 ms"], rows)


if __name__ == "__main__":
    main()
