"""Supervision: real processes, started, felled and ended; none may survive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
LISTENING = (
    "import os, pathlib, signal, sys, time; heard = pathlib.Path(sys.argv[1] + '-heard');"
    "signal.signal(signal.SIGHUP, lambda *_: heard.open('a').write('x'));" + SLEEPER
)
PROGRAM = """
import pathlib, sys
from collectors.processes import supervise
from collectors.processes.supervise import Supervisor, Worker
supervise.END_WAIT_S = 1.0
supervise.LONGEST_PAUSE_S = 0.2
workers = [
    Worker(
        f"worker {n}",
        [sys.executable, "-c", *argument.removeprefix("+").split("|")],
        reloads=argument.startswith("+"),
        ready=pathlib.Path(argument.split("|")[1]).exists,
    )
    for n, argument in enumerate(sys.argv[1:])
]
sys.exit(Supervisor(workers, lambda text: print(text, flush=True)).run(lambda: print("all up", flush=True)))
"""


# Starts what its arguments say in a terminal of its own, and closes that when told to.
IN_A_TERMINAL = """
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may have been started under nohup
    os.execvp(sys.argv[1], sys.argv[1:])
print(pid, flush=True)
sys.stdin.readline()
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
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


def test_a_hangup_goes_on_to_who_reads_its_files_again_and_all_go_on(tmp_path: Path) -> None:
    with supervised(f"+{LISTENING}|{tmp_path}/a", f"{SLEEPER}|{tmp_path}/b") as one:
        pids = [pid_in(tmp_path / name) for name in "ab"]
        one.send_signal(signal.SIGHUP)
        heard = tmp_path / "a-heard"
        until(lambda: heard.exists() and heard.read_text() == "x", "the signal")
        assert all(alive(pid) for pid in pids)
        one.terminate()
        assert one.wait(WAIT_S) == 0
    assert heard.read_text() == "x"


def test_a_hangup_while_nobody_reads_files_ends_all(tmp_path: Path) -> None:
    with supervised(f"{SLEEPER}|{tmp_path}/a") as one:
        pid = pid_in(tmp_path / "a")
        one.send_signal(signal.SIGHUP)
        assert one.wait(WAIT_S) == 0
        assert not alive(pid)


@contextmanager
def in_a_terminal(*command: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`command` in a terminal that a line to the input closes; and its process id."""
    starter = [sys.executable, "-c", IN_A_TERMINAL, *command]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(starter, cwd=ROOT, text=True, **pipes) as one:  # type: ignore[call-overload]
        pid = int(one.stdout.readline())
        try:
            yield one, pid
        finally:
            if one.poll() is None:
                os.kill(pid, signal.SIGKILL)


def test_a_terminal_that_closes_ends_all_and_a_hangup_by_hand_in_it_does_not(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, f"+{LISTENING}|{tmp_path}/a", f"{STUBBORN}|{tmp_path}/b"]
    with in_a_terminal(*program) as (terminal, supervisor):
        pids = [pid_in(tmp_path / name) for name in "ab"]
        os.kill(supervisor, signal.SIGHUP)
        until((tmp_path / "a-heard").exists, "the signal")
        assert all(alive(pid) for pid in pids)
        terminal.communicate("close\n", timeout=WAIT_S)
        assert terminal.returncode == 0
        assert [pid for pid in pids if alive(pid)] == []
    assert (tmp_path / "a-heard").read_text() == "x"


def test_under_nohup_a_terminal_may_close(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, f"+{LISTENING}|{tmp_path}/a"]
    unheard = ("sh", "-c", 'trap "" HUP; exec "$@" >/dev/null 2>&1', "sh")  # as nohup does
    with in_a_terminal(*unheard, *program) as (terminal, supervisor):
        pid = pid_in(tmp_path / "a")
        assert terminal.stdin is not None
        terminal.stdin.write("close\n")
        terminal.stdin.flush()
        until((tmp_path / "a-heard").exists, "the signal")
        assert alive(pid)
        os.kill(supervisor, signal.SIGTERM)
        assert terminal.wait(WAIT_S) == 0
