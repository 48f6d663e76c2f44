"""How often people found the verdicts right: counts by rule, make, firmware or side, with how sure that is.

Decides how counts are added up and how they are drawn. Incidents that nobody judged count as incidents only,
never as right; a share of few carries its interval. No Streamlit, no data access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from pages import _html as h
from pages import _names
from pages._texts import ZONE, Words
from rules.core.proportion import wilson

GROUPS = ("rule", "make", "firmware", "side")
VERDICTS = ("confirmed", "wrong_side", "no_fault_found")
TONE = {"confirmed": ("green", "✓"), "wrong_side": ("amber", "⇄"), "no_fault_found": ("red", "✕")}
MONTHS = 6
Row = dict[str, Any]
Month = tuple[str, int, int]


class Tally(NamedTuple):
    """One line. `months` holds (month, confirmed, judged) of the last months, oldest first."""

    name: str | None
    incidents: int
    judged: int
    confirmed: int
    wrong_side: int
    no_fault_found: int
    months: tuple[Month, ...] = ()

    @property
    def share(self) -> float | None:
        return self.confirmed / self.judged if self.judged else None


def name_of(row: Row, by: str) -> str | None:
    if by == "firmware":
        return None if row["firmware"] is None else f"{row['make'] or '?'} {row['firmware']}"
    return None if row[by] is None else str(row[by])


def tallies(counted: Iterable[Row], judged: Iterable[Row], by: str, until: datetime) -> list[Tally]:
    """`counted` as the query rule_precision tells, `judged` as verdicts_judged; most judged first."""
    months = last_months(until)
    sums: dict[str | None, dict[str, int]] = {}
    for row in counted:
        group = sums.setdefault(name_of(row, by), dict.fromkeys(("incidents", "judged", *VERDICTS), 0))
        for name in group:
            group[name] += row[name]
    trend: dict[str | None, dict[str, list[int]]] = {}
    for row in judged:
        month = month_of(row["opened_at"])
        if month in months:
            hits = trend.setdefault(name_of(row, by), {}).setdefault(month, [0, 0])
            hits[0] += row["verdict"] == "confirmed"
            hits[1] += 1
    made = []
    for key, counts in sums.items():
        own = trend.get(key, {})
        shown = tuple((month, *(own.get(month) or (0, 0))) for month in months)
        made.append(_tally(key, counts, shown))
    return sorted(made, key=lambda one: (-one.judged, -one.incidents, one.name or ""))


def together(lines: Iterable[Tally]) -> Tally:
    """All lines as one."""
    lines = list(lines)
    months = tuple(
        (each[0][0], sum(one[1] for one in each), sum(one[2] for one in each))
        for each in zip(*(line.months for line in lines), strict=True)
    )
    names = ("incidents", "judged", *VERDICTS)
    return _tally(None, {name: sum(getattr(line, name) for line in lines) for name in names}, months)


def _tally(name: str | None, counts: dict[str, int], months: tuple[Month, ...]) -> Tally:
    return Tally(
        name,
        counts["incidents"],
        counts["judged"],
        counts["confirmed"],
        counts["wrong_side"],
        counts["no_fault_found"],
        months,
    )


def month_of(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m}"


def last_months(until: datetime) -> list[str]:
    year, month = until.astimezone(ZONE).year, until.astimezone(ZONE).month
    found = []
    for _ in range(MONTHS):
        found.append(f"{year:04d}-{month:02d}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found[::-1]


def shown_name(words: Words, name: str | None, by: str) -> str:
    if name is None:
        return words("precision.unknown")
    return words.of("side", name) if by == "side" else name


def figure(words: Words, tally: Tally) -> str:
    """The share and its interval, as HTML; a dash where nobody judged."""
    bounds = wilson(tally.confirmed, tally.judged)
    if tally.share is None or bounds is None:
        return "–"
    low, high = (words.percent(bound, 0) for bound in bounds)
    between = words("precision.between", low=low, high=high)
    return f"<b>{escape(words.percent(tally.share, 0))}</b><small>{escape(between)}</small>"


def trend(words: Words, tally: Tally) -> str:
    """A bar a month, as HTML: its share of confirmed; grey where nobody judged."""
    days = [
        h.Bar(
            confirmed / judged if judged else None,
            words("precision.month", month=month, confirmed=confirmed, judged=judged),
        )
        for month, confirmed, judged in tally.months
    ]
    alt = "; ".join(bar.label for bar in days)
    return h.bars(days, tally.months[0][0], tally.months[-1][0], alt) if days else ""


def line(
    words: Words, tally: Tally, by: str, name: Callable[[Words, str | None, str], str] = shown_name
) -> list[str]:
    """One row of the table, cells as HTML."""
    counts = (tally.judged, tally.confirmed, tally.wrong_side, tally.no_fault_found, tally.incidents)
    return [
        f"<b>{escape(name(words, tally.name, by))}</b>",
        figure(words, tally),
        *(escape(words.number(count)) for count in counts),
        trend(words, tally),
    ]


def judged_line(words: Words, row: Row) -> list[str]:
    """One judged incident with its link, cells as HTML."""
    tone, mark = TONE.get(row["verdict"], ("grey", "?"))
    fault = _names.fault(words, row["fault"])
    link = f'<a href="/fault?id={escape(row["incident_id"])}" target="_self">{escape(fault)}</a>'
    where = " · ".join(part for part in (row["station"], row["site"]) if part)
    said = words.of("verdict", row["verdict"])
    if row["verdict"] == "wrong_side" and row["right_side"]:
        said = words.pair(said, words.of("side", row["right_side"]))
    return [
        f'<span class="lw-nowrap">{escape(words.when(row["opened_at"]))}</span>',
        f"{link}<small>{escape(where)}</small>",
        escape(words.of("side", row["side"])),
        f"{h.badge(said, tone, mark)}<small>{escape(row['text'] or '')}</small>",
        escape(row["actor"]),
    ]
