"""The demo, whole: real processes, real sockets, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from collectors.demo.installation import LIMITS, SPEED
from collectors.demo.mailbox import Mailbox
from collectors.settings.load import load_settings
from data.catalog_files import load_catalog
from data.read import ReadDoor
from data.scope import HELPDESK
from data.store import Store
from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
STATIONS = 16


def processes_about(place: Path) -> list[str]:
    """Command lines of living processes that were started with this directory in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes()
            told = (process / "environ").read_bytes()
        except OSError:  # it ended while we looked, or is not ours
            continue
        if command and str(place).encode() in told:
            found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path, Path]]:
    """A running demo, the file its console output goes to, and its data directory."""
    place, screen = tmp_path / "demo", tmp_path / "screen.txt"
    command = [sys.executable, "-m", "collectors", "demo", "--data-dir", str(place)]
    command += ["--ocpp-port", "0", "--http-port", "0", "--dashboard-port", "0"]
    command += ["--stations", str(STATIONS), "--days", "2"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAADWACHT_")}
    with screen.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**env, "NO_COLOR": "1", "COLUMNS": "160", "STARTED_FOR": str(place)},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield process, screen, place
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


@pytest.mark.timeout(400)
def test_the_demo_shows_stations_an_incident_a_message_and_metrics_and_leaves_nothing(
    demo: tuple[subprocess.Popen[str], Path, Path],
) -> None:
    process, screen, place = demo
    until(
        lambda: "Laadwacht demo" in screen.read_text() or process.poll() is not None,
        "the welcome",
        within_s=150,
    )
    assert process.poll() is None, screen.read_text()
    settings = load_settings({"data_dir": str(place)}, {}, place)

    def connected() -> bool:
        text = httpx.get(f"{settings.http_url}/metrics", trust_env=False).text
        numbers = re.findall(r"^laadwacht_stations_connected(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
        return sum(float(number) for number in numbers) >= STATIONS

    until(connected, "every station in the metrics")
    page = httpx.get(
        settings.dashboard.link(), headers={"accept": "text/html"}, trust_env=False, follow_redirects=True
    )
    assert (page.status_code, page.url.path) == (200, "/login")
    mailbox = place / "mailbox.jsonl"
    first = until(lambda: mailbox.read_text() if mailbox.exists() else "", "a message", within_s=150)
    subject = json.loads(first.splitlines()[0])["subject"]
    until(lambda: subject in screen.read_text(), "the message on the screen")
    reads = ReadDoor(settings.read_url, settings.token_file)
    started = datetime.now(UTC) - timedelta(hours=1)
    incidents = reads.query("incidents", HELPDESK, closed_since=started, counted_since=started, limit=500)
    assert {"open"} & set(incidents["state"])
    reads.close()

    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert processes_about(place) == []
    Store.open(settings.database).close()  # no lock is left


@pytest.mark.timeout(200)
def test_an_interrupted_preparation_removes_the_temporary_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "collectors", "demo", "--days", "90", "--ocpp-port", "0"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "STARTED_FOR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: list(tmp_path.glob("laadwacht-demo-*/laadwacht.duckdb")), "the demo's database")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(30)
    assert list(tmp_path.iterdir()) == []
    assert processes_about(tmp_path) == []


def test_sessions_at_the_speed_of_the_demo_are_no_leaps_of_the_meter(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text(LIMITS)
    limits, usual = load_catalog(tmp_path).limits, load_catalog().limits
    assert limits["meter.jump_factor"] == SPEED * usual["meter.jump_factor"]


def test_the_mailbox_keeps_and_shows_each_message_and_refuses_what_is_none(tmp_path: Path) -> None:
    shown: list[dict[str, Any]] = []
    with Mailbox(tmp_path / "mailbox.jsonl", shown.append) as mailbox:
        url = mailbox.address_for("helpdesk").replace("json://", "http://")
        body = {"title": "Laadpaal stil", "message": "BE-GNT-0001"}
        taken = httpx.post(url, json=body, headers={"X-Laadwacht-Key": "k1"}, trust_env=False)
        refused = httpx.post(url, content=b"no json", trust_env=False)
    assert (taken.status_code, refused.status_code) == (204, 400)
    (kept,) = [json.loads(line) for line in (tmp_path / "mailbox.jsonl").read_text().splitlines()]
    assert shown == [kept]
    assert (kept["destination"], kept["key"], kept["subject"]) == ("helpdesk", "k1", "Laadpaal stil")
