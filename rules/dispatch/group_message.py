"""The text of a notice about several incidents: how many, then each in a few lines, the gravest first.

Decides words only. What does not fit is counted and linked, never left out in silence. Text that came from a
station is made harmless (`wording`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rules.core.model import NoticeItem, NoticeReason, NoticeRow
from rules.dispatch import webhook
from rules.dispatch.message_facts import Facts
from rules.dispatch.wording import capped, when_short

MAX_ITEMS = 12
MAX_SUBJECT = 180
BRAND = "[Laadwacht] "
RESOLVED = NoticeReason.RESOLVED


class GroupPage:
    """One message being written; `facts` in the order of the notice's items."""

    def __init__(self, notice: NoticeRow, facts: Sequence[Facts], unsubscribe: str = "") -> None:
        self.unsubscribe = unsubscribe
        self.notice, self.facts = notice, facts
        told = {item.incident_id: item for item in notice.told}
        self.pairs = [(told[one.incident.incident_id], one) for one in facts]
        self.say = facts[0].say
        self.customer = notice.party.startswith("customer:")
        self.kind = "digest" if notice.reason is NoticeReason.DIGEST else "group"

    def subject(self) -> str:
        text = self.say(f"several.subject.{self.kind}", place=self._place(), counts=self._counts())
        if self.notice.reason is not RESOLVED:
            text = self.say("several.subject.grave", subject=text, fault=self.facts[0].fault_name())
        return capped(text, MAX_SUBJECT)

    def body(self) -> str:
        head = self.say(f"several.head.{self.kind}", place=self._place(), counts=self._counts())
        blocks = [head, *(self._lines(n, *pair) for n, pair in enumerate(self.pairs[:MAX_ITEMS], start=1))]
        left = len(self.pairs) - MAX_ITEMS
        if left > 0:
            blocks.append(self.say("several.more", count=left, link=self.facts[0].dashboard_url))
        blocks.append(self.say("reference", key=self.notice.dedup_key))
        return "\n\n".join(blocks)

    def short(self, limit: int) -> tuple[str, str]:
        """Subject and body for a phone: together at most `limit` characters."""
        subject = capped(self.subject().removeprefix(BRAND), limit // 2)
        link = self.facts[0].link()
        room = limit - len(subject) - 2
        words = "; ".join(f"{one.short_place()}: {one.fault_name()}" for _, one in self.pairs)
        if len(link) + 20 > room:
            return subject, capped(words, room)
        return subject, f"{capped(words, room - len(link) - 1)} {link}"

    def _counts(self) -> str:
        ended = sum(item.reason is RESOLVED for item, _ in self.pairs)
        counts = [("open", len(self.pairs) - ended), ("ended", ended)]
        return ", ".join(self.say(f"several.{key}", count=count) for key, count in counts if count)

    def _place(self) -> str:
        places = list(dict.fromkeys(one.site() or one.short_place() for one in self.facts))
        return places[0] if len(places) == 1 else self.say("several.places", count=len(places))

    def _lines(self, number: int, item: NoticeItem, facts: Facts) -> str:
        reason = self.say(f"several.reason.{item.reason.value}")
        lines = [f"{number}. {reason}: {facts.fault_name()}", facts.place()]
        row = facts.incident
        since = when_short(row.pending_at, facts.language)
        if item.reason is RESOLVED:
            words = facts.values()
            if row.closed_at is not None:
                until = when_short(row.closed_at, facts.language)
                lines.append(self.say("several.until", since=since, until=until, duration=words["duration"]))
        else:
            lines += self._open_lines(facts, since)
        lines.append(facts.link())
        return "\n   ".join(lines)

    def _open_lines(self, facts: Facts, since: str) -> list[str]:
        words = facts.values()
        lines = [words[name] for name in ("safety", "driver", "imminent") if name in words]
        if self.customer:
            return [*lines, self.say("several.since.customer", since=since)]
        lines.append(self.say("several.since", since=since, severity=words["severity"], side=words["side"]))
        if facts.incident.evidence:
            lines.append(self.say("several.proof", proof=facts.proofs()[0]))
        return lines


def items(notice: NoticeRow, facts: Sequence[Facts]) -> list[dict[str, Any]]:
    """Each incident as plain data, for a webhook."""
    told = {item.incident_id: item for item in notice.told}
    return [
        {
            **webhook.incident(one),
            "reason": told[one.incident.incident_id].reason.value,
            "station": one.incident.station,
            "site": one.incident.site,
            "link": one.link(),
        }
        for one in facts
    ]
