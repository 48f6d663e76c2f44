"""The text of a notice about several incidents: how many, then each in a few lines, the gravest first.

Decides words only. What does not fit is counted and linked, never left out in silence. Text that came from a
station is made harmless (`wording`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rules.core.catalog.templates import lay_out
from rules.core.model import NoticeItem, NoticeReason, NoticeRow
from rules.dispatch import webhook
from rules.dispatch.message_facts import Facts
from rules.dispatch.wording import capped

MAX_ITEMS = 12
MAX_SUBJECT = 180
BRAND = "[Laadwacht] "
RESOLVED = NoticeReason.RESOLVED
OVER = ("safety", "imminent", "driver", "driver_short", "your_part")  # nothing to beware of any more


class GroupPage:
    """One message being written; `facts` in the order of the notice's items."""

    def __init__(self, notice: NoticeRow, facts: Sequence[Facts], unsubscribe: str = "") -> None:
        self.unsubscribe = unsubscribe
        self.notice, self.facts = notice, facts
        told = {item.incident_id: item for item in notice.told}
        self.pairs = [(told[one.incident.incident_id], one) for one in facts]
        self.say = facts[0].say
        self.catalog = facts[0].catalog
        kind = notice.party.partition(":")[0]
        self.audience = kind if kind in ("installer", "customer") else "helpdesk"
        self.kind = "digest" if notice.reason is NoticeReason.DIGEST else "group"

    def subject(self) -> str:
        if self.audience == "customer":
            return capped(self._say("subject", place=self._place(), counts=self._counts()), MAX_SUBJECT)
        text = self.say(f"several.subject.{self.kind}", place=self._place(), counts=self._counts())
        if self.notice.reason is not RESOLVED:
            text = self.say("several.subject.grave", subject=text, fault=self.facts[0].fault_name())
        return capped(text, MAX_SUBJECT)

    def body(self) -> str:
        head = self._say(f"head.{self.kind}", place=self._place(), counts=self._counts())
        blocks = [head, *(self._item(n, *pair) for n, pair in enumerate(self.pairs[:MAX_ITEMS], start=1))]
        left = len(self.pairs) - MAX_ITEMS
        if left > 0:
            blocks.append(self.say("several.more", count=left, link=self.facts[0].dashboard_url))
        foot = {"reference": self.notice.dedup_key, "unsubscribe": self.unsubscribe}
        blocks.append(lay_out(self.catalog.text("message.several.foot", self.facts[0].language), foot))
        return "\n\n".join(blocks)

    def short(self, limit: int) -> tuple[str, str]:
        """Subject and body for a phone: together at most `limit` characters."""
        subject = capped(self.subject().removeprefix(BRAND), limit // 2)
        link = self.facts[0].link()
        room = limit - len(subject) - 2
        words = "; ".join(
            one.short_place() if self.audience == "customer" else f"{one.short_place()}: {one.fault_name()}"
            for _, one in self.pairs
        )
        if len(link) + 20 > room:
            return subject, capped(words, room)
        return subject, f"{capped(words, room - len(link) - 1)} {link}"

    def _say(self, key: str, **values: object) -> str:
        """A text about several, in this audience's own words where there are some."""
        own = f"several.{key}.{self.audience}"
        return self.say(own if f"message.{own}" in self.catalog.texts else f"several.{key}", **values)

    def _counts(self) -> str:
        ended = sum(item.reason is RESOLVED for item, _ in self.pairs)
        counts = [("open", len(self.pairs) - ended), ("ended", ended)]
        return ", ".join(self._say(key, count=count) for key, count in counts if count)

    def _place(self) -> str:
        places = list(dict.fromkeys(one.site() or one.short_place() for one in self.facts))
        return places[0] if len(places) == 1 else self.say("several.places", count=len(places))

    def _item(self, number: int, item: NoticeItem, facts: Facts) -> str:
        resolved = item.reason is RESOLVED
        key = f"message.item.{self.audience}" + (".resolved" if resolved else "")
        words = facts.values() | {"reason": self._say(f"reason.{item.reason.value}")}
        if facts.incident.evidence:
            words["proof"] = facts.proofs()[0]
        if resolved:
            for word in OVER:
                words.pop(word, None)
        else:
            words["informed"] = facts.informed(self.notice, item.reason)
        text = lay_out(self.catalog.text(key, facts.language), words)
        return f"{number}. " + text.replace("\n", "\n   ")


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
