"""How an incident is handled, in pieces of HTML: its route, promises, clocks, and who is called next.

Reads one incident's row; decides nothing. No Streamlit: the fault page and the triage inbox both use it.
"""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any

import msgspec

from pages import _html as h
from pages._data import now
from pages._texts import Words
from rules.core.handling import Escalation, EscalationStep
from rules.core.routing.escalate import next_step

Row = dict[str, Any]


def route_why(words: Words, row: Row) -> str:
    """Why it is with whom it is; older incidents have only the rule's own text."""
    told = json.loads(row["route_words"]) if row.get("route_words") else {}
    if words.language in told:
        return str(told[words.language])
    found = row["route_rule"]
    return words(found) if found and words.has(found) else ""


def rule(words: Words, route_rule: str) -> str:
    """A built-in rule by what it means, one of the routing file by its own name."""
    return words(route_rule) if words.has(route_rule) else route_rule.removeprefix("route.")


def badges(words: Words, row: Row) -> list[str]:
    """What must not be overlooked: late, or thrown back and forth."""
    found = []
    if row["repair_breached_at"]:
        found.append(h.badge(words("handling.late.repair"), "red", "▲"))
    elif row["response_breached_at"]:
        found.append(h.badge(words("handling.late.response"), "red", "▲"))
    if row["bounced"]:
        found.append(h.badge(words("handling.bounced"), "amber", "⇄"))
    return found


def term(words: Words, row: Row) -> str:
    """One cell of the inbox: how late, or the time left for what comes first; "" without a promise."""
    closed = row["recovering_at"] or row["closed_at"]
    if row["repair_breached_at"]:
        return f"▲ {words('handling.late', span=_span(words, row['repair_by'], closed or now()))}"
    if row["response_breached_at"] and not row["responded_at"]:
        return f"▲ {words('handling.late', span=_span(words, row['respond_by'], closed or now()))}"
    if closed is not None:
        return ""
    awaited = [row["repair_by"], None if row["responded_at"] else row["respond_by"]]
    ahead = [at for at in awaited if at is not None and at > now()]
    return words("handling.left", span=_span(words, now(), min(ahead))) if ahead else ""


def _span(words: Words, begin: datetime, end: datetime) -> str:
    return words.span(max(0.0, (end - begin).total_seconds()))


def promises(words: Words, row: Row) -> str:
    """Response and repair against their terms."""
    gone = row["recovering_at"] or row["closed_at"]
    lines = []
    for key, due, done in (
        ("handling.response", row["respond_by"], row["responded_at"] or gone),
        ("handling.repair", row["repair_by"], gone),
    ):
        if due is not None:
            lines.append((words(key), _kept(words, due, done)))
    if not lines:
        return ""
    if row["contract"]:
        lines.append((words("handling.contract"), row["contract"]))
    return f'<h4 class="lw-h4">{escape(words("handling.terms"))}</h4>{h.facts(lines)}'


def _kept(words: Words, due: datetime, done: datetime | None) -> str:
    if done is not None and done <= due:
        return words("handling.in_time", when=words.when(done))
    if (done or now()) > due:
        return words("handling.late_since", span=_span(words, due, done or now()), when=words.when(due))
    return words("handling.until", span=_span(words, now(), due), when=words.when(due))


def clocks(words: Words, row: Row) -> str:
    """How long it was with Mobiflow and with the installer; the present holder's clock runs on."""
    spent = {"operator": row["operator_s"] or 0.0, "installer": row["installer_s"] or 0.0}
    holder = (row["route_party"] or "").partition(":")[0]
    if row["clock_since"] is not None and holder in spent:
        spent[holder] += max(0.0, (now() - row["clock_since"]).total_seconds())
    if not any(spent.values()):
        return ""
    tones = {"operator": "blue", "installer": "violet"}
    parts = [
        (f"{words.of('owner', who)} {words.span(seconds)}", seconds, tones[who])
        for who, seconds in spent.items()
    ]
    title = words("handling.clocks")
    moved = ""
    if row["bounces"]:
        moved = f'<p class="lw-hint">{escape(words.count("handling.bounces", row["bounces"]))}</p>'
    return f'<h4 class="lw-h4">{escape(title)}</h4>{h.split_bar(parts, title)}{moved}'


def chain(words: Words, row: Row) -> str:
    """Each step of its chain: called when, due when, or no longer needed."""
    found = msgspec.json.decode(row["escalation"] or "null", type=Escalation | None)
    if found is None:
        return ""
    waited = next_step(found)
    steps = [_step(words, found, step, waited=step is waited) for step in found.steps]
    return f'<h4 class="lw-h4">{escape(words("handling.chain"))}</h4>{h.timeline(steps)}'


def _step(words: Words, whole: Escalation, step: EscalationStep, *, waited: bool) -> h.Step:
    kind, _, name = step.to.partition(":")
    who = words.of("owner", "operator" if kind == "helpdesk" else kind)
    who = words.pair(who, name) if name else who
    if step.contact > 1:
        who = f"{who} · {words('handling.contact', n=step.contact)}"
    body = f"<p>{escape(', '.join(step.destinations))}</p>"
    if step.done_at is not None:
        return h.Step(words("handling.called", when=words.when(step.done_at)), who, body, "amber")
    if whole.stopped_at is not None:
        reason = words.of("handling.stopped", whole.stopped)
        return h.Step(words("handling.not_needed"), who, f"<p>{escape(reason)}</p>", "green")
    if waited and step.due_at is not None:
        return h.Step(words("handling.due", when=words.when(step.due_at)), who, body, "blue")
    return h.Step(words("handling.after", span=words.span(step.wait_s)), who, body)
