"""Ctrl-C during a long command: the first one ends it at a good place, the second at once.

Decides only when to stop, never what stopping means: the command looks at `asked` where it can stop.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Interrupt:
    """A context that takes SIGINT over. Only the main thread can enter it."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False
        self._previous: object = None

    def __enter__(self) -> Interrupt:
        self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._previous)  # type: ignore[arg-type]

    def waiting(self) -> Waiting:
        """Around what may take for ever (reading a pipe): Ctrl-C breaks it off with KeyboardInterrupt."""
        return Waiting(self)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked or self._waiting:
            self.asked = True
            raise KeyboardInterrupt
        self.asked = True
        print("laadwacht: ending; Ctrl-C again ends at once", file=sys.stderr)


class Waiting:
    """Made by `Interrupt.waiting`."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt

    def __enter__(self) -> None:
        self._interrupt._waiting = True
        if self._interrupt.asked:
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        self._interrupt._waiting = False
