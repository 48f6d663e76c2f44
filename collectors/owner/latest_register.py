"""Judgement that always knows the newest asset register.

The register can be replaced while the owner runs, on another thread than the one that judges. Decides only
when the judge is told: on its own thread, before the next observation or the next step of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from rules.core.judge import Judge
from rules.core.model import Asset, Effect, Observation


class JudgeWithRegister:
    """A `Judge` whose register is looked up: `register` gives a new mapping whenever it changed."""

    def __init__(self, judge: Judge, register: Callable[[], Mapping[str, Asset]]) -> None:
        self._judge = judge
        self._register = register
        self._told = register()

    def feed(self, obs: Observation) -> list[Effect]:
        self._tell()
        return self._judge.feed(obs)

    def advance(self, now: datetime) -> list[Effect]:
        self._tell()
        return self._judge.advance(now)

    def state(self) -> bytes:
        return self._judge.state()

    def _tell(self) -> None:
        current = self._register()
        if current is not self._told:
            self._told = current
            self._judge.set_register(current)
