"""Verdicts and their quality as tables for people, on standard output. Decides form only."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from collectors.look_back.triage_log import Triage

SIDE_STYLE = {"software": "cyan", "hardware": "yellow", "none": "dim"}
MAX_PROOF = 110


def incident_table(found: Triage, language: str) -> None:
    """A line an incident, its reason and proof under it. Station text is never read as markup."""
    console = Console(soft_wrap=False, highlight=False)
    for incident in found.incidents:
        state = incident["state"]
        span = incident["opened_at"] + (
            f" - {incident['closed_at']}" if incident["closed_at"] else f" ({state})"
        )
        console.print(
            Text.assemble(
                (f"{incident['side']:<9}", SIDE_STYLE[incident["side"]]),
                (f"{incident['owner']:<10}", "bold"),
                f"{incident['confidence'] * 100:.0f}%  ",
                (incident["summary"][language], "bold"),
            )
        )
        console.print(Text(f"    {span}  {incident['fault']}  {incident['severity']}", style="dim"))
        console.print(Text(f"    {incident['why'][language]}"))
        for proof in incident["evidence"]:
            console.print(
                Text(f"    · {proof['t']} {proof['says']}"[:MAX_PROOF], style="dim"), overflow="ellipsis"
            )
        console.print(Text(f"    → {incident['first_aid'][language]}"))
    console.print(
        Text(
            f"{len(found.incidents)} incident(s), {found.read} records of {found.stations} station(s)", "dim"
        )
    )


def score_tables(report: dict[str, Any]) -> None:
    """Headline figures, confusion, and the cases that were not right."""
    console = Console(highlight=False)
    for name in ("headline", "all"):
        part = report[name]
        table = Table("side", "cases", "said", "right", "precision", "recall", title=_title(name, part))
        for side, row in part["sides"].items():
            shares = (_percent(row["precision"]), _percent(row["recall"]))
            table.add_row(side, str(row["cases"]), str(row["said"]), str(row["right"]), *shares)
        console.print(table)
    confusion = report["headline"]["confusion"]
    table = Table("truth \\ said", *next(iter(confusion.values())), title="confusion, headline")
    for truth, row in confusion.items():
        table.add_row(truth, *(str(count) for count in row.values()))
    console.print(table)
    table = Table("case", "truth", "said", "fault", "rule", title="not right")
    for case in report["cases"]:
        if case["right"] is False or case["crash"]:
            said = case["crash"] or case["predicted"]
            table.add_row(case["id"], case["truth_side"], said, case["fault"] or "", case["rule"] or "")
    console.print(table)


def _title(name: str, part: dict[str, Any]) -> str:
    healthy = part["healthy"]
    return (
        f"{'high and medium confidence' if name == 'headline' else 'all labelled'}: {part['cases']} cases, "
        f"{healthy['false_alarms']} false alarm(s) on {healthy['cases']} healthy, "
        f"{part['abstained']} abstained, {part['crashes']} crash(es)"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f}%"
