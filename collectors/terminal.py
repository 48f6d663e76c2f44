"""What a SIGHUP means: "read your files again", or "the terminal you were started in is gone".

Both come as the same signal. Decides which of them it was, by whether the controlling terminal that there was
at the start is there no more. Never ends anything itself.
"""

from __future__ import annotations

import os
import signal

# The kernel may tell a program first and take its terminal away after that: so look this much later.
SETTLE_S = 0.1


class Terminal:
    """Made at the start of the program, before it handles SIGHUP itself."""

    def __init__(self) -> None:
        # Under nohup a terminal may close: whoever started it so asked for that.
        self._matters = (
            hasattr(signal, "SIGHUP")
            and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
            and has_terminal()
        )

    def gone(self) -> bool:
        """Whether it closed; ask `SETTLE_S` after the signal. False where there was none (a service)."""
        return self._matters and not has_terminal()


def has_terminal() -> bool:
    """Whether this process has a controlling terminal, whatever its input and output are."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
