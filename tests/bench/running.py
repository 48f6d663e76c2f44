"""Starts the servers of the benches as processes of their own, and reads what they use."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.sinks import free_ports

HOUSE = Path(__file__).resolve().parents[2]


class Server:
    """A running process and where it listens."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, http: str, directory: Path) -> None:
        self.process, self.url, self.http, self.directory = process, url, http, directory

    def cpu_s(self) -> float:
        """Processor seconds since its start, of this process alone."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.process.pid)


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=HOUSE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TERM": "dumb"},
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def owner(*options: str, directory: Path | None = None) -> Iterator[Server]:
    """`laadwacht serve` on an empty data directory, or on the one given."""
    with tempfile.TemporaryDirectory() as made:
        data = directory or Path(made)
        ocpp, http, read = free_ports(3)
        command = ["collectors", "serve", "--data-dir", str(data), "--ocpp-port", str(ocpp)]
        command += ["--http-port", str(http), "--set", f"read_door.port={read}", *options]
        process = _started(command)
        server = Server(process, f"ws://127.0.0.1:{ocpp}/{{station}}", f"http://127.0.0.1:{http}", data)
        try:
            wait_for(lambda: httpx.get(f"{server.http}/readyz", trust_env=False).status_code == 200, process)
            yield server
        finally:
            _end(process)


@contextmanager
def bare_ocpp() -> Iterator[Server]:
    (port,) = free_ports(1)
    process = _started(["tests.bench.bare_server", str(port)])
    try:
        wait_for(lambda: socket.create_connection(("127.0.0.1", port)).close() is None, process)
        yield Server(process, f"ws://127.0.0.1:{port}/{{station}}", "", HOUSE)
    finally:
        _end(process)


def wait_for(ready: Any, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with code {process.returncode}")
        try:
            if ready():
                return
        except (OSError, httpx.HTTPError):
            time.sleep(0.1)
    raise TimeoutError(f"{process.args} was not ready within a minute")


def load(url: str, *options: str) -> dict[str, float]:
    """Runs the load generator to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", url, *options],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints one table, with the machine's load beside its title."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    print(f"\n{title} ({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})")
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
