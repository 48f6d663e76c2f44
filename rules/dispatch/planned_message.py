"""The text of a notice of planned work to a customer: at which of their stations, when, how it repeats.

Decides words only, neutral ones: never why the work is done, nor who does it. Instants are shown in Belgian
time. What comes from the register is made harmless (`wording`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from babel.dates import get_day_names
from babel.lists import format_list

from rules.core.calendar import recurrence
from rules.core.calendar.recurrence import Once, Weekly
from rules.core.catalog.entries import Catalog
from rules.core.catalog.templates import fill, lay_out
from rules.core.model import Asset, NoticeReason, NoticeRow, PlannedWork
from rules.dispatch import wording
from rules.dispatch.wording import capped, clean

MAX_STATIONS = 12
MAX_SUBJECT = 180
FURTHER = 3  # occurrences that are named where no sentence tells how it repeats
DAYS_OF_WEEK = 7


class PlannedPage:
    """One message being written. `dashboard_url`: the pages' address without a slash at the end."""

    def __init__(  # noqa: PLR0917
        self,
        notice: NoticeRow,
        work: PlannedWork,
        register: Mapping[str, Asset],
        catalog: Catalog,
        language: str,
        dashboard_url: str,
        unsubscribe: str = "",
    ) -> None:
        self.work, self.register, self.catalog, self.language = work, register, catalog, language
        planned = notice.reason is NoticeReason.PLANNED
        self.event = "planned" if planned else "done_early" if work.begun else "called_off"
        self.words = self._words() | {
            "link": dashboard_url,
            "unsubscribe": unsubscribe,
            "reference": notice.dedup_key,
        }

    def subject(self) -> str:
        return capped(lay_out(self._text("subject"), self.words), MAX_SUBJECT)

    def body(self) -> str:
        return lay_out(self._text("body"), self.words)

    def short(self, limit: int) -> tuple[str, str]:
        """Subject and body for a phone: together at most `limit` characters."""
        subject = capped(self.subject(), limit // 2)
        text = fill(self._text("short"), {"repeats_short": "", **self.words}).strip()
        return subject, capped(text, limit - len(subject) - 2)

    def _text(self, part: str) -> str:
        return self.catalog.text(f"message.work.{self.event}.{part}", self.language)

    def _say(self, key: str, **values: object) -> str:
        filled = {name: str(value) for name, value in values.items()}
        return fill(self.catalog.text(f"message.work.{key}", self.language), filled)

    def _words(self) -> dict[str, str]:
        work, language = self.work, self.language
        from_to = wording.when(work.since, language), wording.when(work.until, language)
        names = ("since", "until") if isinstance(work.recurrence, Once) else ("next", "next_until")
        repeats = self._repeats()
        words = dict(zip(names, from_to, strict=True)) | {
            "from_short": wording.when_short(work.since, language),
            "to_short": wording.when_short(work.until, language),
            "place": self._place(),
            "stations": "\n".join(self._stations()),
            "repeats": repeats,
            "repeats_short": f"{repeats[:1].upper()}{repeats[1:]}." if repeats else "",
        }
        return {name: text for name, text in words.items() if text}

    def _place(self) -> str:
        names = self.work.stations
        if len(names) == 1:
            return clean(names[0], 60)
        sites = {asset.site for name in names if (asset := self.register.get(name)) is not None}
        count = self._say("stations", count=len(names))
        only = next(iter(sites)) if len(sites) == 1 else None
        return f"{count} ({clean(only, 60)})" if only else count

    def _stations(self) -> list[str]:
        lines = [f"- {self._station(name)}" for name in self.work.stations[:MAX_STATIONS]]
        left = len(self.work.stations) - MAX_STATIONS
        return [*lines, self._say("more", count=left)] if left > 0 else lines

    def _station(self, name: str) -> str:
        asset = self.register.get(name)
        where = [clean(part, 80) for part in (asset.site, asset.address) if part] if asset else []
        return f"{clean(name, 60)} ({', '.join(where)})" if where else clean(name, 60)

    def _repeats(self) -> str:
        """How it repeats, in words; empty where it does not."""
        work = self.work
        if isinstance(work.recurrence, Once):
            return ""
        told = self._weekly(work.recurrence) if isinstance(work.recurrence, Weekly) else self._further()
        if not told or work.repeats_until is None:
            return told
        return self._say("repeats_until", repeats=told, end=wording.when(work.repeats_until, self.language))

    def _weekly(self, weekly: Weekly) -> str:
        days = sorted(set(weekly.days))
        if len(days) == DAYS_OF_WEEK:
            return self._say("daily", start=weekly.start, end=weekly.end)
        locale = wording.locale_of(self.language)
        names = get_day_names("wide", locale=locale)
        told = format_list([names[day] for day in days], locale=locale)
        return self._say("weekly", days=told, start=weekly.start, end=weekly.end)

    def _further(self) -> str:
        work = self.work
        spans = recurrence.spans(work.recurrence, work.since, work.repeats_until, work.until)
        dates = [wording.when_short(span.start, self.language) for span in islice(spans, FURTHER + 1)]
        told = [*dates[:FURTHER], "…"] if len(dates) > FURTHER else dates
        return self._say("further", dates=", ".join(told)) if told else ""
