"""Options of `[delivery]`: when a message leaves, how often it is repeated, how many there may be.

Decides names, bounds and defaults only. Hours are Europe/Brussels, as contracts write them.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Pause = Annotated[int, Meta(ge=0, le=2_678_400)]  # at most 31 days
Some = Annotated[int, Meta(ge=1, le=2_678_400)]


class DeliverySettings(Struct, frozen=True, kw_only=True):
    """When a message leaves, and who gets a doubtful one."""

    group_wait_s: Annotated[
        Pause, Meta(description="seconds a first message waits for what belongs with it; 0 groups nothing")
    ] = 60
    group_interval_s: Annotated[Pause, Meta(description="seconds between two messages about one place")] = 300
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="a verdict below this stays with the helpdesk")
    ] = 0.5
    remind_critical_s: Annotated[
        Pause, Meta(description="a critical incident that stays open is told again; 0 never")
    ] = 3600
    remind_high_s: Annotated[Pause, Meta(description="the same for a high one")] = 14_400
    remind_medium_s: Annotated[Pause, Meta(description="the same for a medium one")] = 86_400
    remind_low_s: Annotated[Pause, Meta(description="the same for a low one")] = 0
    ack_expires_s: Annotated[
        Some, Meta(description="seconds an acknowledgement stops reminders; then they go on")
    ] = 86_400
    budget_per_hour: Annotated[
        int, Meta(ge=0, le=10_000, description="messages to one destination, the rest in one digest; 0 all")
    ] = 30
    service_hours: Annotated[
        str, Meta(description="hours in which anybody is told of what is only imminent")
    ] = "07:00-19:00"
    idle_hours: Annotated[
        str, Meta(description="hours in which others than the operator hear of low and medium idle faults")
    ] = "24/7"
    flap_times: Annotated[
        int, Meta(ge=2, le=1000, description="openings within flap_window_s that make a fault flapping")
    ] = 4
    flap_window_s: Annotated[Some, Meta(description="in which they are counted")] = 1800
    flap_quiet_s: Annotated[Some, Meta(description="a flapping fault is over after so long a rest")] = 21_600
    flap_digest_s: Annotated[Pause, Meta(description="told again while it flaps; 0 never")] = 86_400
