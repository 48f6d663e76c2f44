"""What a changed catalogue would have said, as text for people. Decides form only."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

MOST_SHOWN = 40


def backtest_table(report: dict[str, Any]) -> None:
    """Totals, then each kind of difference, a line each; beyond forty of one kind only how many more."""
    console = Console(highlight=False)
    incidents, messages = report["incidents"], report["messages"]
    since, until = (told[:16].replace("T", " ") for told in (report["since"], report["until"]))
    _say(console, f"{since} to {until} UTC: {report['observations']:,} observations judged twice")
    table = Table("", "present", "changed", "appear", "vanish", "change", "change hands")
    lists = [str(len(incidents[name])) for name in ("appear", "vanish", "change")]
    totals = [str(incidents[name]) for name in ("present", "changed_catalogue")]
    table.add_row("incidents", *totals, *lists, str(incidents["change_hands"]))
    names = ("present", "changed_catalogue", "appear", "vanish")
    table.add_row("messages", *(str(messages[name]) for name in names), "", "")
    console.print(table)
    for kind in ("appear", "vanish", "change"):
        _listed(console, f"incident {kind}", [_incident_line(item) for item in incidents[kind]])
    for kind, name in (("appears", "appearing"), ("vanishes", "vanishing")):
        _listed(console, f"message {kind}", [_message_line(item) for item in messages[name]])
    if not any((*lists, messages["appear"], messages["vanish"])):
        _say(console, "no difference")


def _listed(console: Console, what: str, lines: list[str]) -> None:
    for line in lines[:MOST_SHOWN]:
        _say(console, f"{what}: {line}")
    if len(lines) > MOST_SHOWN:
        _say(console, f"{what}: and {len(lines) - MOST_SHOWN} more (see --json)")


def _incident_line(item: dict[str, Any]) -> str:
    line = f"{item['opened_at'][:16]} {_place(item)} {item['fault']} {item['side']}/{item['owner']}"
    for name, (was, is_now) in item.get("changes", {}).items():
        line += f"; {name} {was} -> {is_now}"
    return line


def _message_line(item: dict[str, Any]) -> str:
    return f"{item['at'][:16]} to {item['destination']}, {item['reason']}: {_place(item)} {item['fault']}"


def _place(item: dict[str, Any]) -> str:
    return str(item["station"] or item["site"] or item.get("scope") or "several sites")


def _say(console: Console, text: str) -> None:
    """One line stays one line, whatever the width: it may be searched."""
    console.print(Text(text), soft_wrap=True)


def precision_table(report: dict[str, Any]) -> None:
    """One line a rule, fault, make or firmware; a dash where nobody said anything yet."""
    by = report["by"]
    columns = ("incidents", "judged", "confirmed", "wrong_side", "no_fault_found")
    table = Table(by, *(name.replace("_", " ") for name in columns), "precision")
    for row in [*report["rows"], {**report["total"], by: "all"}]:
        share = "-" if row["precision"] is None else f"{row['precision'] * 100:.0f}%"
        table.add_row(Text(row[by] or "not known"), *(str(row[name]) for name in columns), share)
    Console(highlight=False).print(table)
