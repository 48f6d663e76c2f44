"""What a changed catalogue would have said, as text for people. Decides form only."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

MOST_SHOWN = 40


def backtest_table(report: dict[str, Any]) -> None:
    """Totals, then each kind of difference; beyond forty lines of one kind only how many more there are."""
    console = Console(highlight=False)
    incidents, messages = report["incidents"], report["messages"]
    console.print(Text(f"{report['since']} to {report['until']}: {report['observations']:,} observations"))
    table = Table("", "present", "changed", "appear", "vanish", "change")
    table.add_row(
        "incidents",
        *(str(incidents[name]) for name in ("present", "changed_catalogue")),
        *(str(len(incidents[name])) for name in ("appear", "vanish", "change")),
    )
    names = ("present", "changed_catalogue", "appear", "vanish")
    table.add_row("messages", *(str(messages[name]) for name in names), "")
    console.print(table)
    for kind in ("appear", "vanish", "change"):
        for item in incidents[kind][:MOST_SHOWN]:
            place = item["station"] or item["site"] or item["scope"]
            line = f"{kind:<7} {item['opened_at']} {place} {item['fault']} {item['side']}/{item['owner']}"
            for name, (was, is_now) in item.get("changes", {}).items():
                line += f"; {name} {was} -> {is_now}"
            console.print(Text(line))
        if len(incidents[kind]) > MOST_SHOWN:
            console.print(Text(f"{kind:<7} and {len(incidents[kind]) - MOST_SHOWN} more (see --json)"))


def precision_table(report: dict[str, Any]) -> None:
    """One line a rule, fault, make or firmware; a dash where nobody said anything yet."""
    by = report["by"]
    columns = ("incidents", "judged", "confirmed", "wrong_side", "no_fault_found")
    table = Table(by, *(name.replace("_", " ") for name in columns), "precision")
    for row in [*report["rows"], {**report["total"], by: "all"}]:
        share = "-" if row["precision"] is None else f"{row['precision'] * 100:.0f}%"
        table.add_row(Text(row[by] or "not known"), *(str(row[name]) for name in columns), share)
    Console(highlight=False).print(table)
