"""What is remembered beyond one incident's life: how often it opened of late, that a reset once cleared it.

Decides when an incident flaps and when a memory ends. Never speaks; the book writes the history.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.core.incident import add_evidence
from rules.core.model import Evidence
from rules.core.policy import Policy
from rules.core.speaking import suppress
from rules.core.state import JudgeState, Tracked
from rules.core.timers import Timers
from rules.core.verdict import weigh

KINDS = ("forget", "uncure", "unflap")  # timers that end a memory


def cured(tracked: Tracked, at: datetime, state: JudgeState, timers: Timers, keep_s: float) -> None:
    """A remote reset cleared it: remembered, for it tells more if it comes back within `keep_s` seconds."""
    proof = weigh.cleared_by_reset(tracked.row, at)
    if proof is None:
        return
    key = tracked.row.key
    tracked.row.evidence = add_evidence(tracked.row.evidence, (proof,))
    state.cured[key] = until = at + timedelta(seconds=keep_s)
    timers.set(until, "uncure", key)


def began(tracked: Tracked, at: datetime, state: JudgeState, timers: Timers, policy: Policy) -> int | None:
    """It opened, or opened again. The number of times when it flaps from now on, else None."""
    key = tracked.row.key
    times = state.flaps[key] = suppress.openings(state.flaps.get(key, []), at, policy)
    timers.set(at + timedelta(seconds=policy.flap_window_s), "unflap", key)
    if tracked.flapping or tracked.row.safety or not suppress.is_flapping(times, policy):
        return None
    tracked.flapping, tracked.clear_s = True, policy.flap_quiet_s
    values = {"times": len(times), "hours": round(policy.flap_quiet_s / 3600, 1)}
    proof = Evidence(at=at, says="flapping", values=values)
    tracked.row.evidence = add_evidence(tracked.row.evidence, (proof,))
    return len(times)


def forget(due: datetime, kind: str, key: str, state: JudgeState, window_s: float) -> None:
    """The end of a memory, unless it was refreshed. `window_s`: the flapping window."""
    if kind == "forget":
        state.closed.pop(key, None)
    elif kind == "uncure":
        if state.cured.get(key, due) <= due:
            state.cured.pop(key, None)
    else:
        times = state.flaps.get(key)
        if times and times[-1] + timedelta(seconds=window_s) <= due:
            del state.flaps[key]
