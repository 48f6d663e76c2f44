"""One station in words: a plain verdict sentence, a short state for cards, the facts list."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

from pages import _html as h
from pages._texts import Words

Row = dict[str, Any]
VERDICT = {
    "available": "fine",
    "charging": "charging",
    "offline": "offline",
    "faulted": "faulted",
    "unavailable": "unavailable",
    "unknown": "unknown",
}
PLAIN = {
    "available": "works",
    "charging": "charging",
    "offline": "broken",
    "faulted": "broken",
    "unavailable": "off",
    "unknown": "unknown",
}


def sentence(words: Words, row: Row, now: datetime) -> str:
    """What a helpdesk says on the phone after typing the number on the pole."""
    condition = row["condition"]
    silent_s = (now - row["last_seen_at"]).total_seconds() if row["last_seen_at"] else None
    text = words(f"station.verdict.{VERDICT[condition]}", ago=words.span(silent_s))
    seen = words("station.seen.ago", ago=words.ago(row["last_seen_at"], now)) if row["last_seen_at"] else ""
    tone = h.CONDITION_TONE[condition]
    return f'<div class="lw-sentence lw-{tone}">{escape(text)}<small>{escape(seen)}</small></div>'


def connector_tone(status: str) -> str:
    return {"faulted": "red", "charging": "blue", "available": "green"}.get(status, "grey")


def plain_badge(words: Words, condition: str) -> str:
    """For customers: works, charges, does not work."""
    label = words(f"customer.card.{PLAIN[condition]}")
    tone = "red" if PLAIN[condition] == "broken" else h.CONDITION_TONE[condition]
    return h.badge(label, tone, h.CONDITION_MARK[condition])


def station_facts(words: Words, row: Row, now: datetime, expert: bool) -> str:
    """Unknown values are left out; a customer sees no protocol or firmware."""
    make = h.make_and_model(row["make"], row["model"])
    power = f"{words.number(row['rated_kw'], 1)} kW" if row["rated_kw"] is not None else None
    pairs: list[tuple[str, Any]] = [("fault.make", make), ("station.power", power)]
    if expert:
        pairs += [
            ("station.serial", row["serial"]),
            ("fault.firmware", row["firmware"]),
            ("station.protocol", row["version"]),
            ("station.booted", words.when(row["booted_at"]) if row["booted_at"] else None),
            ("fault.customer", row["customer"]),
        ]
    pairs += [
        ("fault.installer", row["installer"]),
        ("station.installed", _date(words, row["installed_on"])),
        ("station.warranty", _date(words, row["warranty_until"])),
        ("station.seen", words.ago(row["last_seen_at"], now) if row["last_seen_at"] else None),
    ]
    return h.facts((words(key), str(value)) for key, value in pairs if value)


def _date(words: Words, day: Any) -> str | None:
    return words.date(day) if day else None
