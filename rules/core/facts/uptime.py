"""How long a connector was up, down, unknown, planned or unseen, and whose the down time was.

Decides from recorded intervals only; pure interval arithmetic on half-open spans, so that touching is not
overlapping. Never guesses: time without a known state is unknown, and a window without data has no figure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct, field

from rules.core.model import BlindRow, Cause, IncidentRow, IntervalRow, LinkRow, Scope, Status


class Definition(StrEnum):
    """Which time counts.

    `connected_and_operative`: up is connected and not Faulted or Unavailable; planned time is left out of the
    denominator. `nevi`: after 23 CFR 680.116(b): outage against all time, where planned work and what is
    outside the operator's control (vehicle, driver, external) are no outage but stay in the denominator.
    `reported`: what the station's own status said; offline counts as unknown, because nothing was said.
    """

    CONNECTED_AND_OPERATIVE = "connected_and_operative"
    NEVI = "nevi"
    REPORTED = "reported"


class Span(NamedTuple):
    start: datetime
    end: datetime


class Uptime(Struct, kw_only=True):
    """Seconds within the window that have passed; the five kinds add up to `window_s`.

    `down_by_owner` splits `down_s`; `none` is down time that no incident explains. `excused_s` is down time
    that the definition does not count as an outage; it is part of `up_s`.
    """

    definition: Definition
    window_s: float
    up_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    blind_s: float = 0.0
    planned_s: float = 0.0
    excused_s: float = 0.0
    down_by_owner: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Share of up in what is known, 0 to 1; None when nothing is known. Unknown and blind time count for
        nobody."""
        up = self.up_s + (self.planned_s if self.definition is Definition.NEVI else 0.0)
        known = up + self.down_s
        return up / known if known > 0 else None


EXCUSED = (Cause.VEHICLE, Cause.DRIVER, Cause.EXTERNAL)
DOWN = (Status.FAULTED, Status.UNAVAILABLE)
WIDEST = {
    Scope.PLATFORM: 0,
    Scope.FIRMWARE: 1,
    Scope.CONNECTIVITY: 2,
    Scope.SITE: 3,
    Scope.STATION: 4,
    Scope.EVSE: 5,
    Scope.CONNECTOR: 6,
}
NOBODY = "none"
T = TypeVar("T")


class _Track(Generic[T]):
    """Values over time from possibly open spans; of overlapping ones the later start wins."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime | None, T]]) -> None:
        self.spans = sorted(spans, key=lambda s: s[0])
        self.starts = [s[0] for s in self.spans]

    def at(self, moment: datetime) -> T | None:
        index = bisect_right(self.starts, moment) - 1
        if index < 0:
            return None
        _, end, value = self.spans[index]
        return value if end is None or moment < end else None

    def cuts(self) -> Iterable[datetime]:
        for start, end, _ in self.spans:
            yield start
            if end is not None:
                yield end


def uptime(
    window: Span,
    now: datetime,
    *,
    statuses: Sequence[IntervalRow],
    links: Sequence[LinkRow],
    whole: Sequence[IntervalRow] = (),
    blind: Sequence[BlindRow] = (),
    planned: Sequence[Span] = (),
    incidents: Sequence[IncidentRow] = (),
    definition: Definition = Definition.CONNECTED_AND_OPERATIVE,
) -> Uptime:
    """The figure of one connector. Raises ValueError for a window that is empty or wholly in the future.

    `statuses`: of this connector. `whole`: of connector 0, which takes every connector down when it
    is Faulted or Unavailable and says nothing otherwise. `incidents`: those of the connector, its station,
    site and platform.
    An open interval lasts until `now` or the window's end, whichever is first.
    """
    if window.end <= window.start:
        raise ValueError("the window is empty")
    if window.start >= now:
        raise ValueError("the window lies wholly in the future")
    end = min(window.end, now)
    state = _Track((r.started_at, r.ended_at, r.status) for r in statuses)
    station = _Track((r.started_at, r.ended_at, r.status) for r in whole)
    link = _Track((r.started_at, r.ended_at, r.state) for r in links)
    unseen = _Track((r.started_at, r.ended_at, True) for r in blind)
    away = _Track((s.start, s.end, True) for s in planned)
    faults = [
        r for r in incidents if r.pending_at < end and (r.closed_at is None or r.closed_at > window.start)
    ]
    cuts = {window.start, end}
    for track in (state, station, link, unseen, away):
        cuts.update(c for c in track.cuts() if window.start < c < end)
    for row in faults:
        cuts.update(c for c in (row.pending_at, row.closed_at) if c is not None and window.start < c < end)
    moments = sorted(cuts)
    result = Uptime(definition=definition, window_s=(end - window.start).total_seconds())
    spell: list[tuple[float, IncidentRow | None]] = []
    for start, stop in pairwise(moments):
        length = (stop - start).total_seconds()
        kind = _kind(
            definition,
            state=state.at(start),
            station=station.at(start),
            link=link.at(start),
            unseen=unseen.at(start) is not None,
            away=away.at(start) is not None,
        )
        if kind == "down":
            spell.append((length, _widest(faults, start)))
            continue
        _settle(spell, result)
        setattr(result, f"{kind}_s", getattr(result, f"{kind}_s") + length)
    _settle(spell, result)
    return result


def _kind(
    definition: Definition,
    *,
    state: Status | None,
    station: Status | None,
    link: str | None,
    unseen: bool,
    away: bool,
) -> str:
    """What one moment counts as; what comes first wins."""
    if unseen:
        return "blind"
    if away:
        return "planned"
    if link == "offline":
        return "unknown" if definition is Definition.REPORTED else "down"
    if station in DOWN or state in DOWN:
        return "down"
    if link is None or state is None or state is Status.UNKNOWN:
        return "unknown"
    return "up"


def _widest(faults: Sequence[IncidentRow], moment: datetime) -> IncidentRow | None:
    """The incident of the widest scope that lasts at this moment, the older of equals."""
    lasting = [r for r in faults if r.pending_at <= moment and (r.closed_at is None or moment < r.closed_at)]
    return min(lasting, key=lambda r: (WIDEST[r.scope], r.pending_at), default=None)


def _settle(spell: list[tuple[float, IncidentRow | None]], result: Uptime) -> None:
    """Close one unbroken stretch of down time. Its parts before an incident began (silence is noticed late)
    belong to the incident that followed in the same stretch."""
    following: IncidentRow | None = None
    owned: list[tuple[float, IncidentRow | None]] = []
    for length, incident in reversed(spell):
        following = incident or following
        owned.append((length, following))
    spell.clear()
    for length, incident in owned:
        if result.definition is Definition.NEVI and incident is not None and incident.cause in EXCUSED:
            result.excused_s += length
            result.up_s += length
            continue
        owner = incident.owner.value if incident is not None else NOBODY
        result.down_s += length
        result.down_by_owner[owner] = result.down_by_owner.get(owner, 0.0) + length


def average(figures: Iterable[Uptime]) -> float | None:
    """The mean weighed by known time, never a mean of percentages: a short first day weighs little."""
    up = known = 0.0
    for figure in figures:
        part = figure.up_s + (figure.planned_s if figure.definition is Definition.NEVI else 0.0)
        up += part
        known += part + figure.down_s
    return up / known if known > 0 else None
