"""Snooze: nothing is said of an incident for a while, or until something happens. A popover with its buttons.

Writes only through the command door. Times are shown and chosen in Belgian time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from data.commands import Command, Snooze, Wake
from pages._incident import Row
from pages._texts import Words

BRUSSELS = ZoneInfo("Europe/Brussels")
MORNING = time(7, 0)
CHOICES = ("hour", "four", "morning", "week")
WAKES = ("worse", "back", "member")

Send = Callable[[Command, str], bool]


def until(choice: str, now: datetime) -> datetime:
    """When a choice ends, aware UTC; `now` is aware."""
    if choice == "morning":
        local = now.astimezone(BRUSSELS)
        day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
        return datetime.combine(day, MORNING, BRUSSELS).astimezone(UTC)
    return now + {"hour": timedelta(hours=1), "four": timedelta(hours=4), "week": timedelta(days=7)}[choice]


def snooze(words: Words, row: Row, send: Send) -> bool:
    """The popover, or the button that ends a snooze. True when something was done."""
    key = row["incident_id"]
    if row["snoozed_until"] is not None:
        pressed = st.button(words("act.wake"), key=f"wake-{key}")
        return pressed and send(Wake(incident_id=key), words("act.wake"))
    with st.popover(words("act.snooze"), key=f"pop-snooze-{key}"):
        choice = st.radio(
            words("act.snooze.until"),
            CHOICES,
            format_func=lambda one: words(f"act.snooze.{one}"),
            key=f"snooze-{key}",
        )
        chosen = [
            wake for wake in WAKES if st.checkbox(words(f"act.wakes.{wake}"), value=True, key=f"{wake}-{key}")
        ]
        why = st.text_input(words("act.why"), key=f"snooze-why-{key}").strip()
        if st.button(words("act.send"), key=f"snooze-send-{key}", type="primary"):
            if why:
                end = until(choice, datetime.now(UTC))
                command = Snooze(incident_id=key, until=end, wakes=tuple(chosen), why=why)  # type: ignore[arg-type]
                return send(command, words("act.snooze"))
            st.warning(words("act.needwhy"))
    return False
