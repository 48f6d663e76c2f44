"""Small pieces of HTML that pages are built of. Every value is escaped here; no Streamlit, no data.

Colour never speaks alone: each tone goes with a word or a shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

SEVERITY_TONE = {"critical": "red", "high": "amber", "medium": "blue", "low": "grey"}
SEVERITY_MARK = {"critical": "▲", "high": "◆", "medium": "●", "low": "○"}
SIDE_TONE = {"software": "blue", "hardware": "violet", "none": "grey"}
SIDE_MARK = {"software": "‹›", "hardware": "⚙", "none": "–"}
CONDITION_TONE = {
    "faulted": "red",
    "offline": "amber",
    "unavailable": "violet",
    "charging": "blue",
    "available": "green",
    "unknown": "grey",
}
CONDITION_MARK = {
    "faulted": "✕",
    "offline": "◇",
    "unavailable": "■",
    "charging": "▸",
    "available": "●",
    "unknown": "○",
}


class Step(NamedTuple):
    """One line of a timeline. `body` is HTML already."""

    when: str
    title: str
    body: str = ""
    tone: str = "grey"


class Bar(NamedTuple):
    """One day of a bar row. `share` 0..1 is the part that worked, None when nothing is known."""

    share: float | None
    label: str


def badge(label: str, tone: str = "grey", mark: str = "") -> str:
    lead = f'<i aria-hidden="true">{escape(mark)}</i>' if mark else ""
    return f'<span class="lw-badge lw-{tone}">{lead}{escape(label)}</span>'


def severity_badge(severity: str, label: str) -> str:
    return badge(label, SEVERITY_TONE.get(severity, "grey"), SEVERITY_MARK.get(severity, ""))


def side_badge(side: str, label: str) -> str:
    return badge(label, SIDE_TONE.get(side, "grey"), SIDE_MARK.get(side, ""))


def condition_badge(condition: str, label: str) -> str:
    return badge(label, CONDITION_TONE.get(condition, "grey"), CONDITION_MARK.get(condition, ""))


def make_and_model(make: str | None, model: str | None) -> str:
    """ "Zaptec Go", also where the model already begins with the make."""
    if make and model and model.casefold().startswith(make.casefold()):
        return model
    return " ".join(part for part in (make, model) if part)


def tile(label: str, value: str, note: str = "", tone: str = "ink", extra: str = "") -> str:
    """`extra` is HTML already."""
    return (
        f'<div class="lw-tile lw-t-{tone}"><div class="lw-tile-label">{escape(label)}</div>'
        f'<div class="lw-tile-value">{escape(value)}</div>'
        f'<div class="lw-tile-note">{escape(note)}</div>{extra}</div>'
    )


def bar_tone(share: float | None) -> str:
    """Unknown is grey, never green; the steps are those of the legend."""
    if share is None:
        return "none"
    if share >= 0.999:
        return "ok"
    if share >= 0.97:
        return "mild"
    return "poor" if share >= 0.85 else "bad"


def bars(days: Sequence[Bar], caption_left: str, caption_right: str, alt: str) -> str:
    cells = "".join(f'<i class="lw-b-{bar_tone(bar.share)}" title="{escape(bar.label)}"></i>' for bar in days)
    return (
        f'<div class="lw-bars" role="img" aria-label="{escape(alt)}">{cells}</div>'
        f'<div class="lw-bars-legend"><span>{escape(caption_left)}</span><span>'
        f"{escape(caption_right)}</span></div>"
    )


def sparkline(shares: Sequence[float | None]) -> str:
    """Thin columns, scaled between the worst known day and 100 %; unknown days stay empty."""
    known = [share for share in shares if share is not None]
    if not known:
        return ""
    floor = min(*known, 0.98)
    columns = "".join(
        f'<i style="height:{0 if s is None else round(10 + 90 * (s - floor) / max(1 - floor, 1e-9))}%"></i>'
        for s in shares
    )
    return f'<div class="lw-spark" aria-hidden="true">{columns}</div>'


def timeline(steps: Iterable[Step]) -> str:
    items = "".join(
        f'<li class="lw-{step.tone}"><time>{escape(step.when)}</time>'
        f"<div><b>{escape(step.title)}</b>{step.body}</div></li>"
        for step in steps
    )
    return f'<ol class="lw-timeline">{items}</ol>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs)
    return f'<dl class="lw-facts">{rows}</dl>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = (), *, stacked: bool = False
) -> str:
    """Cells are HTML already (use `escape`). `numeric` columns are set right. `stacked`: on a phone each row
    is a card whose values carry their column's name; the roles keep it a table for a screen reader.
    """
    role = {part: f' role="{part}"' if stacked else "" for part in ("table", "row", "columnheader", "cell")}
    first = "".join(
        f"<th{role['columnheader']}{_right(i, numeric)}>{escape(title)}</th>" for i, title in enumerate(head)
    )
    names = [f' data-label="{escape(title)}"' if stacked else "" for title in head]
    body = "".join(
        f"<tr{role['row']}>"
        + "".join(
            f"<td{role['cell']}{_right(i, numeric)}{names[i]}>{cell}</td>" for i, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    kind = "lw-table lw-stack" if stacked else "lw-table"
    return (
        f'<div class="lw-scroll" tabindex="0"><table class="{kind}"{role["table"]}><thead>'
        f"<tr{role['row']}>{first}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _right(index: int, numeric: Sequence[int]) -> str:
    return ' class="lw-num"' if index in numeric else ""


def split_bar(parts: Sequence[tuple[str, float, str]], alt: str) -> str:
    """(label, amount, tone) drawn as one bar with a legend; parts of nothing are left out."""
    total = sum(amount for _, amount, _ in parts)
    if total <= 0:
        return ""
    cells = "".join(
        f'<i class="lw-bg-{tone}" style="width:{100 * amount / total:.2f}%" title="{escape(label)}"></i>'
        for label, amount, tone in parts
        if amount > 0
    )
    legend = "".join(
        f'<span><i class="lw-bg-{tone}"></i>{escape(label)}</span>'
        for label, amount, tone in parts
        if amount > 0
    )
    return (
        f'<div class="lw-split" role="img" aria-label="{escape(alt)}">{cells}</div>'
        f'<div class="lw-split-legend">{legend}</div>'
    )


def empty(title: str, note: str, mark: str = "✓", tone: str = "green") -> str:
    return (
        f'<div class="lw-empty lw-{tone}"><i aria-hidden="true">{escape(mark)}</i>'
        f"<b>{escape(title)}</b><p>{escape(note)}</p></div>"
    )
