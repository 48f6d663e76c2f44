"""The thresholds of judgement, chosen once and handed in.

Decides nothing itself. All durations are seconds. Defaults: silence of three heartbeat intervals and
at least five minutes, half a site within two minutes, several sites within ten.
"""

from __future__ import annotations

from msgspec import Struct

from rules.core.aid_policy import AidPlan
from rules.core.calendar.hours import Quiet


class Policy(Struct, frozen=True, kw_only=True):
    """`hold_scale` multiplies every hold and settle time of the catalogue; 0 opens incidents at once.

    `min_confidence`: a verdict below it stays with the helpdesk. An incident that opens `flap_times` times
    within `flap_window_s` is flapping: one message, then one every `flap_digest_s` until it was quiet for
    `flap_quiet_s`. Words about one place wait `group_wait_s` for each other (0: each goes at once, alone) and
    `group_interval_s` after the last message. `remind_*_s`: an open incident is told again, 0 never; not
    while somebody has it, for at most `ack_expires_s`. `budget_per_hour`: messages to one destination, the
    rest in one digest; 0: no limit. What is imminent is told in `service_hours` only. Low and medium faults
    at which nobody charges are told in `idle_hours` only, though the operator hears of these at any time.
    `fixed_check_s` after somebody told that it is fixed, history says so if the fault is still there.
    Customers who subscribed are told of what was open for `customer_wait_s`; None: nothing is told them.
    `customer_quiet`: hours in which they hear nothing that can wait.
    `first_aid` is empty unless the operator wrote policies.
    """

    offline_factor: float = 3.0
    offline_min_s: float = 300.0
    default_heartbeat_s: int = 300
    clear_delay_s: float = 600.0
    hold_scale: float = 1.0
    boot_noise_s: float = 30.0
    group_wait_s: float = 60.0
    group_interval_s: float = 300.0
    remind_critical_s: float = 3600.0
    remind_high_s: float = 14_400.0
    remind_medium_s: float = 86_400.0
    remind_low_s: float = 0.0
    ack_expires_s: float = 86_400.0
    budget_per_hour: int = 30
    service_hours: str = "07:00-19:00"
    idle_hours: str = "24/7"
    min_confidence: float = 0.5
    site_window_s: float = 120.0
    silence_tolerance_s: float = 10.0
    platform_window_s: float = 600.0
    platform_min_sites: int = 3
    platform_share: float = 0.3
    stale_report_s: float = 600.0
    flap_times: int = 4
    flap_window_s: float = 1800.0
    flap_quiet_s: float = 21_600.0
    flap_digest_s: float = 86_400.0
    seen_every_s: float = 30.0
    fixed_check_s: float = 1800.0
    customer_wait_s: float | None = None
    customer_quiet: tuple[Quiet, ...] = ()
    first_aid: AidPlan = AidPlan()
