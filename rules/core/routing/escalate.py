"""Chains of escalation: which step is due when, and when a chain ends. Pure.

Decides on a snapshot that is taken when the first notice goes out. Never speaks: who takes a step does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from rules.core.catalog.routes import Chain
from rules.core.handling import Escalation, EscalationStep
from rules.core.model import Severity

# Why a chain ends while somebody has it in hand; such an answer may run out.
ANSWERS = ("acknowledged", "take", "on_my_way", "fixed")

Resolve = Callable[[str, int], tuple[str, ...]]


def begin(chain: Chain, severity: Severity, party: str, at: datetime, resolve: Resolve) -> Escalation | None:
    """The chain as it is now, from `at` on. `resolve` gives the destinations of a party's first, second or
    third contact; a step without any is left out, with its wait. None when no step is left."""
    steps: list[EscalationStep] = []
    for step in chain.steps:
        names, wait_s = resolve(step.to, step.contact), step.wait_s.get(severity.value)
        if names and wait_s is not None:
            steps.append(EscalationStep(step.to, wait_s, names, step.contact))
    if not steps:
        return None
    return _dated(Escalation(chain.name, party, at, tuple(steps)), at)


def next_step(escalation: Escalation | None) -> EscalationStep | None:
    """The step that is waited for; None when the chain has ended or there is none."""
    if escalation is None or escalation.stopped_at is not None:
        return None
    return next((step for step in escalation.steps if step.done_at is None), None)


def next_due(escalation: Escalation | None) -> datetime | None:
    step = next_step(escalation)
    return None if step is None else step.due_at


def taken(escalation: Escalation, at: datetime) -> Escalation:
    """The step that was due is done; the wait of the one after it begins."""
    step = next_step(escalation)
    steps = tuple(replace(one, done_at=at) if one is step else one for one in escalation.steps)
    return _dated(replace(escalation, steps=steps), at)


def put_off(escalation: Escalation, until: datetime) -> Escalation:
    """Nothing may be said now: the step that is due comes up again at `until`."""
    step = next_step(escalation)
    steps = tuple(replace(one, due_at=until) if one is step else one for one in escalation.steps)
    return replace(escalation, steps=steps)


def stop(escalation: Escalation, at: datetime, why: str) -> Escalation:
    """Nobody else is called; a chain that has ended stays as it ended."""
    if next_step(escalation) is None:
        return escalation
    return replace(escalation, stopped_at=at, stopped=why)


def resumed(escalation: Escalation, at: datetime) -> Escalation:
    """The answer that ended the chain has run out: the steps that nobody took are waited for again, the next
    one its whole wait from `at` on. What no answer ended, or has no step left, stays as it ended."""
    left = any(step.done_at is None for step in escalation.steps)
    if escalation.stopped not in ANSWERS or not left:
        return escalation
    return _dated(replace(escalation, stopped_at=None, stopped=None), at)


def _dated(escalation: Escalation, at: datetime) -> Escalation:
    step = next_step(escalation)
    if step is None:
        return escalation
    return put_off(escalation, at + timedelta(seconds=step.wait_s))
