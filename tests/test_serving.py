"""`serve` and `up` as processes: other commands reach a running owner, and all end cleanly."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from collectors.processes.ports import with_free_ports
from collectors.settings.load import load_settings
from collectors.settings.options import Settings
from data.register import load_register
from data.store import Store
from tests.test_cli import HEADER, LOG, complaint_of, laadwacht
from tests.test_supervise import in_a_terminal
from tests.waiting import answers, until

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def place(tmp_path: Path, free_ports: list[int]) -> Path:
    """A directory with a configuration whose ports are free."""
    doors = ("ocpp", "http", "read_door", "dashboard")
    sections = [f"[{door}]\nport = {port}\n" for door, port in zip(doors, free_ports, strict=True)]
    (tmp_path / "laadwacht.toml").write_text("".join(sections))
    return tmp_path


@pytest.fixture
def free_ports() -> list[int]:
    nothing = {f"{door}.port": 0 for door in ("ocpp", "http", "dashboard", "read_door")}
    chosen = with_free_ports(load_settings(nothing, {}, Path("/")))
    return [chosen.ocpp.port, chosen.http.port, chosen.read_door.port, chosen.dashboard.port]


def settings_in(place: Path) -> Settings:
    return load_settings({}, {}, place)


@contextmanager
def running(command: str, place: Path) -> Iterator[subprocess.Popen[str]]:
    """`laadwacht COMMAND` in `place`, once its HTTP door answers."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAADWACHT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "collectors", command],
        cwd=place,
        env={**env, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = f"{settings_in(place).http_url}/healthz"
        until(lambda: answers(url) or process.poll() is not None, "the HTTP door")
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield process
    finally:
        process.kill()
        process.communicate()


def test_other_commands_reach_a_running_owner(place: Path) -> None:
    (place / "register.csv").write_text(HEADER + "BE-1,Depot,,51.0,3.7,Alfen,,,Claes,,,22,2\n")
    (place / "day.jsonl").write_text(LOG)
    with running("serve", place) as owner:
        assert "1 station(s)" in laadwacht("stations", "import", "register.csv", cwd=place).stdout
        assert "may sign in" in laadwacht("user", "add", "an@example.org", cwd=place).stdout
        assert "an@example.org" in complaint_of(laadwacht("user", "add", "an@example.org", cwd=place))
        assert "Claes" in laadwacht("stations", "list", cwd=place).stdout
        assert "an@example.org" in laadwacht("user", "list", cwd=place).stdout
        assert "BE-2 is not in the register" in laadwacht("stations", "secret", "BE-2", cwd=place).stderr
        done = laadwacht("import", "day.jsonl", cwd=place)
        assert done.stdout.startswith("3 records read, 3 stored, 0 there already, 1 bad line(s) skipped\n")
        assert "day.jsonl: line 3: " in done.stderr
        owner.send_signal(signal.SIGTERM)
        assert owner.wait(30) == 0
    with Store.open(settings_in(place).database) as store:
        assert load_register(store)["BE-1"].installer == "Claes"


def test_a_hangup_signal_takes_up_what_is_sound_and_keeps_what_holds_otherwise(place: Path) -> None:
    file = place / "laadwacht.toml"
    sound = file.read_text() + '\n[destinations.desk]\nparty = "operator"\nurl = "json://127.0.0.1:9/"\n'

    with running("serve", place) as owner:
        url = settings_in(place).http_url
        file.write_text(sound.replace("operator", "nobody at all"))
        owner.send_signal(signal.SIGHUP)
        until(lambda: notes_of(url) != [], "the mistake")
        file.write_text(sound)
        assert ["laadwacht.toml" in note for note in notes_of(url)] == [True]
        owner.send_signal(signal.SIGHUP)
        until(lambda: notes_of(url) == [], "the sound file")
        owner.send_signal(signal.SIGTERM)
        assert owner.wait(30) == 0


def test_a_second_owner_is_refused_while_the_first_runs(place: Path) -> None:
    with running("serve", place):
        free = ("--ocpp-port", "0", "--http-port", "0", "--set", "read_door.port=0")
        line = complaint_of(laadwacht("serve", *free, cwd=place))
    assert re.search(r"laadwacht\.duckdb is in use by process \d+", line)


def test_ctrl_c_ends_the_owner_cleanly_and_it_told_where_it_listened(place: Path) -> None:
    port = settings_in(place).ocpp.port
    with running("serve", place) as owner:
        owner.send_signal(signal.SIGINT)
        assert owner.wait(30) == 0
        assert owner.stderr is not None
        said = owner.stderr.read()
    assert f"stations: ws://127.0.0.1:{port}/<station>" in said
    assert "no destinations: nobody is told of anything" in said
    Store.open(settings_in(place).database).close()


@pytest.mark.timeout(240)
def test_up_passes_a_hangup_on_brings_a_killed_owner_back_and_ends_both_together(place: Path) -> None:
    settings = settings_in(place)
    with running("up", place) as both:
        until(lambda: answers(f"{settings.dashboard.link()}/healthz"), "the dashboard")
        first = owner_of(settings)
        file = place / "laadwacht.toml"
        sound = file.read_text()
        file.write_text(f"{sound}\n[nonsense]\n")
        both.send_signal(signal.SIGHUP)
        until(lambda: notes_of(settings.http_url) != [], "the mistake, told by the same process")
        file.write_text(sound)
        assert owner_of(settings) == first
        os.kill(first, signal.SIGKILL)
        second = until(lambda: (found := owner_of(settings)) != first and found, "another owner")
        until(lambda: answers(f"{settings.http_url}/healthz"), "the HTTP door again")
        both.send_signal(signal.SIGTERM)
        assert both.wait(60) == 0
        assert not Path(f"/proc/{second}").exists()
        assert not answers(f"{settings.dashboard.link()}/healthz")
    Store.open(settings.database).close()


def test_an_owner_ends_cleanly_with_the_terminal_it_was_started_in(place: Path) -> None:
    settings = settings_in(place)
    configured = ("--config", str(place / "laadwacht.toml"), "--data-dir", str(settings.data_dir))
    with in_a_terminal(sys.executable, "-m", "collectors", "serve", *configured) as (terminal, _):
        until(lambda: answers(f"{settings.http_url}/healthz"), "the HTTP door")
        terminal.communicate("close\n", timeout=30)
        assert terminal.returncode == 0
    Store.open(settings.database).close()


def notes_of(url: str) -> list[str]:
    found: list[str] = httpx.get(f"{url}/healthz", trust_env=False).json().get("notes", [])
    return found


def owner_of(settings: Settings) -> int:
    """Process id of the owner process on this data directory, 0 when there is none."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended while we looked
            continue
        if b"serve" in command and str(settings.data_dir).encode() in command:
            return int(process.name)
    return 0
