"""Writes effects until they are written: what the store refuses is kept and tried again.

Decides when an effect is hopeless: only one that no table takes, for a minute on end, while others go in.
It must never drop anything because the store as a whole is in trouble.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from data.effects import Rendered
from data.store import Store, StoreClosed
from rules.core.model import Effect

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.2
MOST_WAIT_S = 5.0
TRIES_BEFORE_SORTING = 3
GIVE_UP_S = 60.0
# So many refusals without one success while sorting: it is the store, not an effect.
REFUSALS_OF_A_SICK_STORE = 20

Texts = Mapping[str, Rendered]


class Keeper:
    """Used by the engine's thread alone. `stopping` cuts waiting short."""

    def __init__(self, store: Store, stopping: threading.Event, give_up_s: float = GIVE_UP_S) -> None:
        """`give_up_s`: seconds for which an effect is tried while others go in."""
        self._store = store
        self._stopping = stopping
        self._give_up_s = give_up_s
        self.refused = 0
        self.dropped = 0
        self.last_error: str | None = None

    def keep(
        self,
        effects: Sequence[Effect],
        rendered: Texts,
        *,
        cursor: int,
        at: datetime,
        snapshot: bytes | None = None,
    ) -> None:
        """Returns when all is written, the snapshot last. Raises StoreClosed, or when stopping, the store's
        error: then the next start judges again from the last snapshot on, and nothing is lost."""
        left = list(effects)
        fits: Effect | None = None
        started, wait_s, tries = time.monotonic(), FIRST_WAIT_S, 0
        while True:
            try:
                self._store.apply(left, cursor=cursor, snapshot=snapshot, at=at, rendered=rendered)
            except StoreClosed:
                raise
            except Exception as error:
                tries += 1
                self._refusal(error, f"writing {len(left)} effects, try {tries}")
                if tries >= TRIES_BEFORE_SORTING:
                    if self._stopping.is_set():
                        raise
                    left, fits = self._sort(left, rendered, fits)
                    if fits is not None and time.monotonic() - started >= self._give_up_s:
                        left = self._drop(left, fits, rendered)
            else:
                return
            self._stopping.wait(wait_s)
            wait_s = min(wait_s * 2, MOST_WAIT_S)

    def _refusal(self, error: Exception, what: str) -> None:
        self.refused += 1
        self.last_error = f"the store refused: {type(error).__name__}"
        log.error("%s failed: %s", what, error)

    def _takes(self, effects: Sequence[Effect], rendered: Texts) -> bool:
        try:
            self._store.apply(effects, rendered=rendered)
        except StoreClosed:
            raise
        except Exception as error:
            log.debug("%d effects refused: %s", len(effects), error)
            return False
        return True

    def _sort(
        self, effects: list[Effect], rendered: Texts, fits: Effect | None
    ) -> tuple[list[Effect], Effect | None]:
        """Write what goes in, by halves. Returns what is left, and one effect that went in."""
        left: list[Effect] = []
        heap = [effects]
        refusals = 0
        while heap:
            part = heap.pop()
            if self._takes(part, rendered):
                fits, refusals = part[-1] if part else fits, 0
                continue
            refusals += 1
            if refusals >= REFUSALS_OF_A_SICK_STORE:
                return [*left, *part, *(effect for rest in reversed(heap) for effect in rest)], fits
            if len(part) == 1:
                left += part
            else:
                middle = len(part) // 2
                heap += [part[middle:], part[:middle]]
        return left, fits

    def _drop(self, left: list[Effect], fits: Effect, rendered: Texts) -> list[Effect]:
        """Give up `left`, if the store proves at this moment that it is well."""
        if not self._takes([fits], rendered):
            return left
        hopeless = [effect for effect in left if not self._takes([effect], rendered)]
        for effect in hopeless:
            self.dropped += 1
            self.last_error = f"dropped an effect: {type(effect).__name__}"
            log.error("dropped an effect that no table takes: %s", type(effect).__name__)
        return []
