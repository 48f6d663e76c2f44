"""How often Python looks for garbage in a process that lives long or works hard.

Decides three numbers only. What lives as long as the process is never looked through again; what frames leave
behind dies by itself, without a search.
"""

from __future__ import annotations

import gc


def calm() -> None:
    """Call when all that stays is made. A search takes 10 ms and more, and everything waits for it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
