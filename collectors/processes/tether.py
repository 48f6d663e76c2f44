"""Starts a program that ends with its parent: `python -m collectors.processes.tether PARENT_PID COMMAND...`.

Decides nothing. On Linux the kernel sends SIGTERM to the program when the parent dies, however it dies;
elsewhere the program is simply started. A process of its own (not a hook between fork and exec), because
such hooks are unsafe beside threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:  # it died before the kernel knew of the wish
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
