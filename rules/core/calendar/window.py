"""A silence or a maintenance window: what it holds for, who made it and why, and when.

Decides which stations and incidents one matches. Every field that is given must match, by shell wildcards
(`*`, `?`, `[abc]`), capitals or not. Never decides what follows from a match: see `windows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from glob import escape

from msgspec import Struct, structs

from rules.core.calendar import recurrence
from rules.core.calendar.recurrence import Once, Recurrence, Span, WindowError
from rules.core.region import region_names

LONGEST_TEXT = 200
Value = str | tuple[str, ...] | None


class WindowKind(StrEnum):
    """A silence holds messages back; planned maintenance also keeps downtime out of the uptime figure."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"


class Subject(Struct, frozen=True, kw_only=True):
    """A station as a matcher sees it. `region`: the register's, or every name of the province."""

    station: str
    site: str | None = None
    make: str | None = None
    model: str | None = None
    firmware: str | None = None
    installer: str | None = None
    region: tuple[str, ...] = ()


def subject(
    station: str,
    *,
    site: str | None,
    address: str | None,
    region: str | None,
    make: str | None,
    model: str | None,
    firmware: str | None,
    installer: str | None,
) -> Subject:
    """From the columns of the register and of the station; a region that the register does not name follows
    from the address."""
    return Subject(
        station=station,
        site=site,
        make=make,
        model=model,
        firmware=firmware,
        installer=installer,
        region=(region,) if region else region_names(address),
    )


class Matcher(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None matches anything. At least one field is given. `region` is a province: any of its names, or its
    ISO code."""

    station: str | None = None
    site: str | None = None
    make: str | None = None
    model: str | None = None
    firmware: str | None = None
    installer: str | None = None
    region: str | None = None
    fault: str | None = None

    def takes(self, one: Subject) -> bool:
        """Whether it holds for this station, its fault aside."""
        return all(
            _matches(getattr(self, name), getattr(one, name))
            for name in ("station", "site", "make", "model", "firmware", "installer", "region")
        )

    def takes_fault(self, fault: str) -> bool:
        return _matches(self.fault, fault)

    def given(self) -> dict[str, str]:
        """The fields that are given, in their order."""
        return {name: value for name, value in structs.asdict(self).items() if value is not None}


class Window(Struct, frozen=True, kw_only=True):
    """`window_id` starts with the first letter of its kind. Instants are aware UTC; `ends_at` is None for one
    that repeats until somebody ends it. `safety`: whoever made it said that danger is held back too; else
    both kinds let it pass: who works at one part does not see the others."""

    window_id: str
    kind: WindowKind
    matcher: Matcher
    made_by: str
    why: str
    made_at: datetime
    starts_at: datetime
    ends_at: datetime | None = None
    recurrence: Recurrence = Once()
    safety: bool = False

    @property
    def reason(self) -> str:
        """The suppression reason on incidents: its kind and id."""
        return f"{self.kind.value}:{self.window_id}"

    def holding(self, at: datetime) -> Span | None:
        """The span in which `at` lies, None when it does not hold now."""
        return recurrence.covering(self.recurrence, self.starts_at, self.ends_at, at)

    def change_after(self, at: datetime) -> datetime | None:
        """When it begins or ends next; None when it is over."""
        return recurrence.change_after(self.recurrence, self.starts_at, self.ends_at, at)

    def spans(self, after: datetime) -> Iterator[Span]:
        """When it holds, from `after` on."""
        return recurrence.spans(self.recurrence, self.starts_at, self.ends_at, after)

    def covers(self, fault: str, subjects: Iterable[Subject]) -> bool:
        """Whether an incident at these stations is meant: one that touches others too is not."""
        touched = list(subjects)
        return bool(touched) and self.matcher.takes_fault(fault) and all(map(self.matcher.takes, touched))


def check(window: Window) -> None:
    """Raises WindowError for the first thing that is wrong with it."""
    if not window.why.strip():
        raise WindowError("why", "say why: it is kept and shown")
    fields = window.matcher.given()
    if not fields:
        raise WindowError("nothing", "name at least one of station, site, make, model, firmware, installer,"
                          " region and fault; * is any")  # fmt: skip
    for name, value in fields.items():
        if not value.strip() or len(value) > LONGEST_TEXT:
            raise WindowError("field", f"{name} has 1 to {LONGEST_TEXT} characters", field=name)
    if len(window.why) > LONGEST_TEXT * 5:
        raise WindowError("field", f"why has 1 to {LONGEST_TEXT * 5} characters", field="why")
    recurrence.check(window.recurrence, window.starts_at, window.ends_at)
    if window.ends_at is not None and window.ends_at <= window.made_at:
        raise WindowError("past", "the end lies in the past")


def only(installer: str) -> str:
    """A pattern that matches this installer's name and nothing else."""
    return escape(installer)


def belongs_to(window: Window, installer: str) -> bool:
    """Whether it is planned work at this installer's stations only."""
    named = window.matcher.installer or ""
    return window.kind is WindowKind.MAINTENANCE and named.casefold() == only(installer).casefold()


def reason_of(suppression: str) -> tuple[str, str | None]:
    """`silence:s1a2` -> (`silence`, `s1a2`); other reasons have no id."""
    word, _, window_id = suppression.partition(":")
    return word, window_id or None


def _matches(pattern: str | None, value: Value) -> bool:
    if pattern is None:
        return True
    wanted = pattern.strip().casefold()
    values = value if isinstance(value, tuple) else (value,)
    return any(fnmatchcase(one.casefold(), wanted) for one in values if one is not None)
