"""How fast a recorded log comes in: bare reading of its lines, the first import, and the same file again.

`python -m tests.bench.importing [--stations N] [--days N]`. The log is a generated fleet's past, so mostly
heartbeats, sessions and meter values; the import runs decoder, store and every rule, into a new database.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from collectors.simulator import demo_assets
from collectors.simulator.history import generate
from tests.bench.running import HOUSE, table

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


def write_log(file: Path, stations: int, days: int) -> int:
    records = 0
    with file.open("w") as out:
        for record in generate(demo_assets(stations), days=days, until=UNTIL):
            out.write(json.dumps(record, separators=(",", ":")) + "\n")
            records += 1
    return records


def read_bare(file: Path) -> None:
    with file.open("rb") as lines:
        for line in lines:
            json.loads(line)


def bring_in(file: Path, directory: Path) -> None:
    command = [sys.executable, "-m", "collectors", "import", str(file), "--data-dir", str(directory)]
    subprocess.run(command, cwd=HOUSE, check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=40)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        log, data = Path(place) / "past.jsonl", Path(place) / "data"
        records = write_log(log, options.stations, options.days)
        rows = []
        for what, run in (
            ("json.loads of each line, kept nowhere", lambda: read_bare(log)),
            ("first import: decoded, stored, judged", lambda: bring_in(log, data)),
            ("the same file again: adds nothing", lambda: bring_in(log, data)),
        ):
            started = time.perf_counter()
            run()
            took = time.perf_counter() - started
            rows.append((what, f"{took:.1f}", f"{records / took:.0f}"))
    table(f"{records} records, process start included", ("what", "seconds", "records/s"), rows)


if __name__ == "__main__":
    main()
