"""At night: what is only imminent waits for everybody, an idle fault only where hours for it are set."""

from __future__ import annotations

from datetime import datetime

import pytest

from rules.core.calendar.service_hours import BRUSSELS
from rules.core.model import Severity, Suppression
from rules.core.policy import Policy
from rules.core.routing import hold_back
from rules.core.routing.route import Destination
from rules.core.state import Ended

DEFAULT = Policy()
BY_DAY = Policy(idle_hours="07:00-19:00")


@pytest.mark.parametrize(
    ("policy", "party", "word", "clock", "waits"),
    [
        (DEFAULT, "installer:Volt", "imminent", "02:00", True),
        (DEFAULT, "operator", "imminent", "02:00", True),
        (DEFAULT, "installer:Volt", "imminent", "07:00", False),
        (DEFAULT, "installer:Volt", "idle", "02:00", False),
        (BY_DAY, "installer:Volt", "idle", "02:00", True),
        (BY_DAY, "customer:Frit", "idle", "18:59", False),
        (BY_DAY, "operator", "idle", "02:00", False),
        (BY_DAY, "installer:Volt", "busy", "02:00", False),
        (BY_DAY, "installer:Volt", "safety", "02:00", False),
        (DEFAULT, "installer:Volt", "safety", "02:00", False),
    ],
)
def test_what_waits_for_the_morning(policy: Policy, party: str, word: str, clock: str, waits: bool) -> None:
    at = datetime.fromisoformat(f"2026-03-29T{clock}").replace(
        tzinfo=BRUSSELS
    )  # the clock changes that night
    held = hold_back.by_hours(
        Ended(
            seq=0,
            severity=Severity.MEDIUM,
            safety=word == "safety",
            can_wait=word in ("idle", "imminent"),
            imminent=word == "imminent",
        ),
        stuck=False,
        destination=Destination(name="one", party=party),
        service=hold_back.service_of(policy),
        at=at,
    )
    assert (held is not None) is waits
    if held is not None:
        morning = datetime(2026, 3, 29, 7, tzinfo=BRUSSELS)
        assert held == (Suppression.NIGHT, morning)


@pytest.mark.parametrize(
    ("severity", "safety", "passes"),
    [
        (Severity.CRITICAL, False, True),
        (Severity.LOW, True, True),
        (Severity.HIGH, False, False),
        (Severity.MEDIUM, False, False),
    ],
)
def test_danger_and_what_is_down_for_everybody_pass_a_spent_budget(
    severity: Severity, safety: bool, passes: bool
) -> None:
    assert hold_back.passes_budget(Ended(seq=0, severity=severity, safety=safety)) is passes
