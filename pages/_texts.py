"""Every word a page shows, in three languages; dates and numbers as each language writes them.

Times are shown in Europe/Brussels, whatever zone the server keeps. Names of faults, causes and tasks are not
here: they come from the catalogue (`pages/_names.py`). A missing key is a mistake and raises `KeyError`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

LANGUAGES = {"nl": "Nederlands", "fr": "Français", "en": "English"}
LOCALES = {"nl": "nl_BE", "fr": "fr_BE", "en": "en_GB"}
NO_BREAK = "\u00a0"
A_WEEK = timedelta(weeks=1)
ZONE = ZoneInfo("Europe/Brussels")
FOLDER = Path(__file__).parent / "texts"


@cache
def catalogue(language: str) -> dict[str, str]:
    found = dict(yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8")))
    return {key: unbroken(said) for key, said in found.items()} if language == "fr" else found


def unbroken(said: str) -> str:
    """French with its spaces before : ; ? ! and inside « » kept on one line."""
    return re.sub(r" (?=[:;?!»])|(?<=«) ", NO_BREAK, said)


def text(language: str, key: str, **values: object) -> str:
    """The text of `key`; `values` fill its braces."""
    found = catalogue(language)[key]
    return found.format(**values) if values else found


def best_language(*wishes: str | None) -> str:
    """The first wish that names a language of ours, Dutch when none does; Accept-Language headers do too."""
    for wish in wishes:
        for part in (wish or "").split(","):
            code = part.split(";")[0].strip().lower()[:2]
            if code in LANGUAGES:
                return code
    return "nl"


class Words:
    """One language's voice: texts by key, and instants, spans and amounts in that language's manner."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "nl"
        self.locale = LOCALES[self.language]

    def __call__(self, key: str, **values: object) -> str:
        return text(self.language, key, **values)

    def has(self, key: str) -> bool:
        return key in catalogue(self.language)

    def pair(self, label: str, value: str) -> str:
        """Label and value as one phrase; French sets a space before the colon."""
        return f"{label}{NO_BREAK + ':' if self.language == 'fr' else ':'} {value}"

    def count(self, key: str, n: int) -> str:
        """`key.one` or `key.many`, with {n} filled. None is singular in French."""
        single = n == 1 or (n == 0 and self.language == "fr")
        return self(f"{key}.{'one' if single else 'many'}", n=self.number(n))

    def of(self, group: str, value: str | None) -> str:
        """The name of an enum value, e.g. of("side", "hardware"); an unknown word is shown as it is."""
        if value is None:
            return self("none.said")
        key = f"{group}.{value}"
        return self(key) if self.has(key) else value.replace("_", " ")

    def when(self, at: datetime | None) -> str:
        if at is None:
            return self("none.said")
        return format_datetime(at.astimezone(ZONE), "d MMM HH:mm", locale=self.locale)

    def exact(self, at: datetime | None) -> str:
        """With seconds, for proof."""
        if at is None:
            return self("none.said")
        return format_datetime(at.astimezone(ZONE), "d MMM y HH:mm:ss", locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, "EEE d MMM", locale=self.locale)

    def date(self, day: date) -> str:
        return format_date(day, "d MMMM y", locale=self.locale)

    def ago(self, at: datetime | None, now: datetime) -> str:
        """ "12 minutes ago"; the future (a clock apart) reads as now."""
        if at is None:
            return self("none.said")
        past = min(at.astimezone(UTC) - now, timedelta(seconds=-1))
        # Short French months are "m.", as if they were minutes.
        length: Literal["long", "short"] = "long" if -past > A_WEEK else "short"
        return str(
            format_timedelta(past, add_direction=True, threshold=1.2, format=length, locale=self.locale)
        )

    def span(self, seconds: float | None) -> str:
        """A duration by its two largest units: "2 d 3 h", "14 min"."""
        if seconds is None:
            return self("none.said")
        if seconds < 60:
            return self._unit(int(seconds), "second")
        minutes = int(seconds // 60)
        days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
        pairs = [(days, "day"), (hours, "hour"), (rest, "minute")]
        first = next(index for index, (amount, _) in enumerate(pairs) if amount)
        return " ".join(self._unit(amount, unit) for amount, unit in pairs[first : first + 2] if amount)

    def _unit(self, amount: int, unit: str) -> str:
        return self(f"unit.{unit}", n=amount)

    def number(self, value: float, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(value, format=pattern, locale=self.locale))

    def percent(self, share: float | None, digits: int = 2) -> str:
        """`share` is 0..1. Cut off, not rounded up: 99.999 % must not read as 100 %."""
        if share is None:
            return "–"
        step = 10 ** (digits + 2)
        cut = int(share * step + 1e-9) / step
        return str(format_percent(cut, format="#,##0." + "0" * digits + " %", locale=self.locale))

    def kwh(self, wh: float | None) -> str:
        return self("none.said") if wh is None else f"{self.number(wh / 1000, 1)} kWh"
