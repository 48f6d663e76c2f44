"""Judgement that always knows the newest asset register and the newest rules.

Both can be replaced while the owner runs, on another thread than the one that judges. Decides only when the
judge is told: on its own thread, before the next observation or the next step of time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from rules.core.judge import Judge
from rules.core.model import Asset, Effect, Observation

log = logging.getLogger(__name__)


class JudgeWithRegister:
    """A `Judge` whose register and rules are looked up: `register` gives a new mapping when it changed and
    `rules` another object. `make` makes a judge by the rules of this moment, from what another remembered.
    `on_refusal(why)`: it could not, and the one there is goes on; on the thread that judges."""

    def __init__(
        self,
        make: Callable[[bytes | None], Judge],
        state: bytes | None,
        register: Callable[[], Mapping[str, Asset]],
        rules: Callable[[], object] = lambda: None,
        on_refusal: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self._make = make
        self._register = register
        self._rules = rules
        self._on_refusal = on_refusal
        self._by = rules()
        self._told = register()
        self._judge = make(state)

    def feed(self, obs: Observation) -> list[Effect]:
        self._tell()
        return self._judge.feed(obs)

    def advance(self, now: datetime) -> list[Effect]:
        self._tell()
        return self._judge.advance(now)

    def state(self) -> bytes:
        return self._judge.state()

    def _tell(self) -> None:
        rules = self._rules()
        if rules is not self._by:
            self._by = rules
            try:
                self._judge = self._make(self._judge.state())
            except Exception as error:
                # Sound by every check and still no judge: the one there is goes on.
                log.exception("judgement could not take up the new rules; it goes on by the ones before")
                self._on_refusal(
                    f"judgement goes on by the rules before: {type(error).__name__}, see the log"
                )
        current = self._register()
        if current is not self._told:
            self._told = current
            self._judge.set_register(current)
