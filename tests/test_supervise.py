"""Supervision: real processes, started, felled and ended; none may survive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 30.0
SLEEPER = (
    "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
FALLING = (
    "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.open('a').write('x'); sys.exit(int(sys.argv[2]))"
)
PROGRAM = """
import sys
from collectors.processes import supervise
from collectors.processes.supervise import Supervisor, Worker
supervise.END_WAIT_S = 1.0
workers = [
    Worker(f"worker {n}", [sys.executable, "-c", *argument.split("|")])
    for n, argument in enumerate(sys.argv[1:])
]
sys.exit(Supervisor(workers, lambda text: print(text, flush=True)).run(lambda: print("all up", flush=True)))
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def supervised(*workers: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *workers], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def pid_in(file: Path) -> int:
    until(lambda: file.exists() and file.read_text() != "", "a process id")
    return int(file.read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_all_and_says_so_by_zero(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(f"{SLEEPER}|{tmp_path}/a", f"{STUBBORN}|{tmp_path}/b") as one:
        pids = [pid_in(tmp_path / name) for name in "ab"]
        one.send_signal(number)
        assert one.wait(WAIT_S) == 0
        assert [pid for pid in pids if alive(pid)] == []


def test_killed_outright_it_still_leaves_no_process(tmp_path: Path) -> None:
    with supervised(f"{SLEEPER}|{tmp_path}/a", f"{SLEEPER}|{tmp_path}/b") as one:
        pids = [pid_in(tmp_path / name) for name in "ab"]
        one.kill()
        until(lambda: not any(alive(pid) for pid in pids), "their end")


def test_a_worker_that_falls_is_started_again(tmp_path: Path) -> None:
    with supervised(f"{SLEEPER}|{tmp_path}/a") as one:
        first = pid_in(tmp_path / "a")
        os.kill(first, signal.SIGKILL)
        until(lambda: pid_in(tmp_path / "a") != first, "another process")
        one.terminate()
        assert one.wait(WAIT_S) == 0


def test_a_worker_that_keeps_falling_ends_all_with_its_exit_code(tmp_path: Path) -> None:
    with supervised(f"{SLEEPER}|{tmp_path}/a", f"{FALLING}|{tmp_path}/falls|7") as one:
        assert one.wait(WAIT_S) == 7
        assert (tmp_path / "falls").read_text() == "xxxxx"
        assert not alive(pid_in(tmp_path / "a"))


def test_wrong_configuration_is_not_tried_twice(tmp_path: Path) -> None:
    with supervised(f"{FALLING}|{tmp_path}/falls|2") as one:
        assert one.wait(WAIT_S) == 2
        assert (tmp_path / "falls").read_text() == "x"
