"""Runs several processes as one: starts them in order, restarts what falls, ends them all together.

Decides when a fallen process is started again (growing pause, at most `MAX_FALLS` in `FALL_WINDOW_S`) and
when all is given up; the exit code is then that of the first fall. A SIGHUP goes on to the processes that
read their files again at one; the terminal's end ends all, like Ctrl-C. Never leaves a process behind: each
runs in its own process group and is told to end by the kernel should this process die (`tether`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from collectors.terminal import SETTLE_S, Terminal

MAX_FALLS = 5
FALL_WINDOW_S = 120.0
LONGEST_PAUSE_S = 15.0
END_WAIT_S = 15.0
STEP_S = 0.1
UNUSABLE = 2  # exit code of wrong usage or configuration: starting again cannot help


class _EndAsked(Exception):
    """Ctrl-C or SIGTERM came during the preparation."""


class Worker:
    """One process to keep alive. `ready` tells whether it serves already; `log` receives its output.

    An `early` one needs nothing that is prepared and starts beside the preparation. One that `reloads`
    reads its files again at SIGHUP, once it is ready.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready: Callable[[], bool] | None = None,
        ready_within_s: float = 60.0,
        log: Path | None = None,
        early: bool = False,
        reloads: bool = False,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.ready = ready
        self.ready_within_s = ready_within_s
        self.log = log
        self.early = early
        self.reloads = reloads
        self.process: subprocess.Popen[bytes] | None = None
        self.falls: list[float] = []
        self.again_at = 0.0

    def start(self) -> None:
        output: IO[bytes] | None = None
        if self.log is not None:
            output = self.log.open("ab")
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "collectors.processes.tether", str(os.getpid()), *self.command],
                env=self._environment(),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
        finally:
            if output is not None:
                output.close()

    def _environment(self) -> dict[str, str]:
        # The tether is found by import: the folder of this package must be on the child's path.
        home = str(Path(__file__).resolve().parent.parent.parent)
        path = self.env.get("PYTHONPATH", "")
        return {**self.env, "PYTHONPATH": os.pathsep.join(part for part in (home, path) if part)}

    def end(self, signum: signal.Signals) -> None:
        """Signal the whole group; a group already gone is what was wanted."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signum)

    def last_words(self, lines: int = 8) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


class Supervisor:
    """`run` starts the workers and returns an exit code when asked to end or when one cannot be kept up."""

    def __init__(self, workers: Sequence[Worker], say: Callable[[str], None]) -> None:
        self.workers = list(workers)
        self.say = say
        self._ending = False
        self._first_fall: int | None = None
        self._exit_code = 0
        self._terminal = Terminal()
        self._hung_up = False
        self._to_reload: list[Worker] = []

    def run(
        self,
        on_ready: Callable[[], None] | None = None,
        prepare: Callable[[Callable[[], None]], None] | None = None,
    ) -> int:
        """0 after Ctrl-C, SIGTERM or the terminal's end. `on_ready` is called once all workers are ready.

        `prepare(between)` runs first, while workers that are `early` start already. It must call `between`
        between its steps, which ends it when an end was asked for: an exception at any odd moment could
        leave a store half open.
        """
        previous = {
            number: signal.signal(number, self._ask_to_end) for number in (signal.SIGINT, signal.SIGTERM)
        }
        if hasattr(signal, "SIGHUP"):
            previous[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)
        try:
            if prepare is not None:
                for worker in self.workers:
                    if worker.early:
                        worker.start()
                prepare(self._obey)
            if self._start_all():
                if on_ready is not None:
                    on_ready()
                self._watch()
        except _EndAsked:
            return 0
        finally:
            self._end_all()
            for number, handler in previous.items():
                signal.signal(number, handler)
        return self._exit_code

    def _obey(self) -> None:
        self._heed_hangup()
        if self._ending:
            raise _EndAsked

    def _ask_to_end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        self._hung_up = True

    def _heed_hangup(self) -> None:
        if not self._hung_up:
            return
        time.sleep(SETTLE_S)
        self._hung_up = False
        if self._terminal.gone():
            self.say = lambda _text: None  # nobody can read it any more, and writing would fail
            self._ending = True
            return
        self._to_reload = [worker for worker in self.workers if worker.reloads]
        self._ending = self._ending or not self._to_reload

    def _pass_on(self) -> None:
        """To those who are ready: a process that only just starts would die of it."""
        for worker in list(self._to_reload):
            process = worker.process
            if process is not None and (worker.ready is None or worker.ready()):
                process.send_signal(signal.SIGHUP)
                self._to_reload.remove(worker)

    def _start_all(self) -> bool:
        """In order, each ready before the next. The first start must succeed: no second try."""
        for worker in self.workers:
            if worker.process is None:
                worker.start()
            deadline = time.monotonic() + worker.ready_within_s
            while worker.ready is not None and not worker.ready():
                self._heed_hangup()
                if self._ending:
                    return False
                code = worker.process.poll() if worker.process else None
                if code is not None:
                    return self._give_up(worker, code, "did not start")
                if time.monotonic() > deadline:
                    return self._give_up(worker, 1, f"did not answer within {worker.ready_within_s:.0f} s")
                time.sleep(STEP_S)
            if self._ending:
                return False
        return True

    def _give_up(self, worker: Worker, code: int, why: str) -> bool:
        self._exit_code = self._first_fall or _as_exit_code(code) or 1
        words = worker.last_words()
        self.say(f"{worker.name} {why} (exit code {code})" + (f":\n{words}" if words else ""))
        self._ending = True
        return False

    def _watch(self) -> None:
        while not self._ending:
            self._heed_hangup()
            if self._ending:
                return
            self._pass_on()
            now = time.monotonic()
            for worker in self.workers:
                if worker.process is None:
                    if now >= worker.again_at:
                        worker.start()
                elif (code := worker.process.poll()) is not None:
                    self._fell(worker, code, now)
            time.sleep(STEP_S)

    def _fell(self, worker: Worker, code: int, now: float) -> None:
        if self._ending:
            return
        self._first_fall = self._first_fall or _as_exit_code(code)
        worker.end(signal.SIGKILL)  # whatever it had started itself
        worker.process = None
        worker.falls = [at for at in worker.falls if now - at < FALL_WINDOW_S] + [now]
        if code == UNUSABLE or len(worker.falls) >= MAX_FALLS:
            self._give_up(worker, code, "cannot be kept up")
            return
        pause = min(LONGEST_PAUSE_S, 0.5 * 2 ** (len(worker.falls) - 1))
        worker.again_at = now + pause
        self.say(f"{worker.name} ended with exit code {code}; starting it again in {pause:.1f} s")

    def _end_all(self) -> None:
        """Last started first, so that readers go before what they read from."""
        for worker in reversed(self.workers):
            if worker.process is None:
                continue
            worker.end(signal.SIGTERM)
            try:
                worker.process.wait(END_WAIT_S)
            except subprocess.TimeoutExpired:
                self.say(f"{worker.name} did not end within {END_WAIT_S:.0f} s and is killed")
            worker.end(signal.SIGKILL)
            worker.process.wait()


def _as_exit_code(code: int) -> int:
    """A process killed by signal N counts as 128 + N, as in a shell."""
    return code if code >= 0 else 128 - code
