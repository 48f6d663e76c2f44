"""Words that wait for each other: what one destination hears of one place leaves as one message.

Decides when a group speaks and what is in its message, and gathers what is kept back for a digest. Whether
there is still something to say is asked again at the last moment, so that what came and went in between is
never told. Safety goes at once and alone. No word is lost: it is told, or its incident is over untold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from rules.core.incident import SEVERITY_RANK
from rules.core.model import Effect, IncidentRow, NoticeItem, NoticeReason, NoticeRow
from rules.core.policy import Policy
from rules.core.routing import hold_back, urgency
from rules.core.routing.route import Destination
from rules.core.state import Ended, Group, JudgeState, Outlet, Told, Tracked
from rules.core.timers import Timers

RESOLVED = NoticeReason.RESOLVED
KINDS = ("say", "digest")  # timers: a group's (by its key), a destination's (by its name)
# "say" sorts after "notify" and "remind": all words due at one instant are there when the group speaks.


class Record(Protocol):
    """Writes an entry into the history of an incident, over or not."""

    def __call__(
        self, incident_id: str, at: datetime, event: str, out: list[Effect], **detail: Any
    ) -> None: ...


class Word(Struct):
    """One thing to say of one incident. `tracked` is None when the incident is over."""

    incident_id: str
    reason: NoticeReason
    facts: Ended
    tracked: Tracked | None = None

    @property
    def stuck(self) -> bool:
        return self.tracked is not None and self.tracked.row.driver_stuck

    def rank(self) -> tuple[bool, bool, bool, int, str, str]:
        """The gravest first, ends last."""
        began = "" if self.tracked is None else self.tracked.row.pending_at.isoformat()
        grave = -SEVERITY_RANK[self.facts.severity]
        return (
            self.reason is RESOLVED,
            not self.facts.safety,
            not self.stuck,
            grave,
            began,
            self.incident_id,
        )


class Groups:
    """`owed(tracked, destination, at)`: what is to be said now, None for nothing."""

    def __init__(
        self,
        policy: Policy,
        destinations: Sequence[Destination],
        state: JudgeState,
        timers: Timers,
        *,
        owed: Callable[[Tracked, str, datetime], NoticeReason | None],
        record: Record,
    ) -> None:
        self.policy = policy
        self.destinations: dict[str, Destination] = {d.name: d for d in destinations}
        self.service = hold_back.service_of(policy)
        self.state = state
        self.timers = timers
        self.owed = owed
        self.record = record

    # --- words come in ------------------------------------------------------------------

    def collect(
        self,
        name: str,
        tracked: Tracked,
        reason: NoticeReason,
        at: datetime,
        out: list[Effect],
        *,
        wait_s: float,
        urgent: bool = False,
    ) -> None:
        """Something is to be said to `name`. A first word waits from the opening on, not anew.
        `urgent`: a person asked for it, so it waits for nothing."""
        row, told = tracked.row, tracked.told.setdefault(name, Told())
        if told.why is not None:
            if self._held(name, self._word(tracked, reason, told), at) is not None:
                return
            self._take_back(name, tracked, told)
        if row.safety:
            self.drop(name, tracked)
            self._emit(name, [self._word(tracked, reason, told)], at, out, counts=False)
            return
        key = group_key(name, row)
        if told.group != key:
            self.drop(name, tracked)
            self._group(key, name).waiting[row.key] = at
            told.group = key
        elif not urgent:
            return
        since = at
        if not told.open and row.opened_at is not None:
            since = row.opened_at
        self._schedule(key, since, at, out, wait_s=wait_s, urgent=urgent)

    def over(self, name: str, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """The incident ended, and `name` was told of its beginning."""
        row, told = tracked.row, tracked.told[name]
        self.drop(name, tracked)
        told.open = False
        end = self._facts(tracked, told)
        key = group_key(name, row)
        self._group(key, name).ended[row.incident_id] = end
        self._schedule(key, at, at, out, wait_s=0.0 if row.safety else self.policy.group_wait_s)

    def drop(self, name: str, tracked: Tracked) -> None:
        """There is nothing to say any more."""
        told = tracked.told.get(name)
        if told is None:
            return
        if told.group is not None:
            group = self.state.groups.get(told.group)
            if group is not None:
                group.waiting.pop(tracked.row.key, None)
            told.group = None
        if told.why is not None:
            self._take_back(name, tracked, told)

    def book(self, name: str, at: datetime) -> datetime:
        """When a message that can wait may leave: `at`, or later where the destination's hour is full."""
        return hold_back.book(self._outlet(name), self.destinations[name], self.policy, at)

    # --- time ---------------------------------------------------------------------------

    def fire(self, due: datetime, kind: str, key: str, out: list[Effect]) -> None:
        """A deadline of a group or of a destination's digest; one that was overtaken does nothing."""
        if kind == "digest":
            outlet = self.state.outlets.get(key)
            if outlet is not None and outlet.due == due:
                self._digest(key, outlet, due, out)
            return
        group = self.state.groups.get(key)
        if group is None:
            return
        if group.due == due:
            self._flush(key, group, due, out)
        elif group.due is None and not group.waiting and not group.ended and self._free_at(group) <= due:
            del self.state.groups[key]

    def _schedule(
        self,
        key: str,
        since: datetime,
        at: datetime,
        out: list[Effect],
        *,
        wait_s: float,
        urgent: bool = False,
    ) -> None:
        group = self.state.groups[key]
        due = at if urgent else since + timedelta(seconds=wait_s)
        if not urgent:
            due = max(due, self._free_at(group))
        if due <= at and (urgent or self.policy.group_wait_s <= 0):
            self._flush(key, group, at, out)
        elif group.due is None or due < group.due:
            due = max(due, at)  # not inline: others of this very instant may follow
            group.due = due
            self.timers.set(due, "say", key)

    def _free_at(self, group: Group) -> datetime:
        if group.last_at is None or self.policy.group_wait_s <= 0:  # no grouping at all
            return datetime.min.replace(tzinfo=UTC)
        return group.last_at + timedelta(seconds=self.policy.group_interval_s)

    # --- words go out -------------------------------------------------------------------

    def _flush(self, key: str, group: Group, at: datetime, out: list[Effect]) -> None:
        name = group.destination
        words = self._words(name, group.waiting, group.ended, at)
        group.due, group.waiting, group.ended = None, {}, {}
        if self._send(name, words, at, out):
            group.last_at = at
        if self._free_at(group) <= at:
            del self.state.groups[key]
        else:
            self.timers.set(self._free_at(group), "say", key)

    def _digest(self, name: str, outlet: Outlet, at: datetime, out: list[Effect]) -> None:
        words = self._words(name, outlet.held, outlet.ended, at)
        outlet.due, outlet.held, outlet.ended = None, {}, {}
        self._send(name, words, at, out, digest=True)

    def _words(
        self, name: str, waiting: Mapping[str, datetime], ended: Mapping[str, Ended], at: datetime
    ) -> list[Word]:
        words = []
        for key in waiting:
            tracked = self.state.tracked[key]
            told = tracked.told[name]
            told.group = told.why = None
            reason = self.owed(tracked, name, at)
            if reason is not None:
                words.append(self._word(tracked, reason, told))
        words += [
            Word(incident_id=incident_id, reason=RESOLVED, facts=facts)
            for incident_id, facts in ended.items()
        ]
        return words

    def _send(
        self, name: str, words: list[Word], at: datetime, out: list[Effect], *, digest: bool = False
    ) -> bool:
        """What may be said now, in one message; the rest is kept back. False when nothing was said."""
        now: list[Word] = []
        for word in words:
            held = self._hours(name, word, at)
            if held is None:
                now.append(word)
            else:
                self._keep(name, word, held, at, out)
        spent = self._budget(name, at)
        if spent is not None:
            for word in now:
                if not hold_back.passes_budget(word.facts):
                    self._keep(name, word, spent, at, out)
            now = [word for word in now if hold_back.passes_budget(word.facts)]
        if now:
            self._emit(name, now, at, out, counts=spent is None, digest=digest)
        return bool(now)

    def _emit(
        self,
        name: str,
        words: list[Word],
        at: datetime,
        out: list[Effect],
        *,
        counts: bool,
        digest: bool = False,
    ) -> None:
        words.sort(key=Word.rank)
        lead = words[0]
        several = len(words) > 1 and lead.reason is not RESOLVED
        destination = self.destinations.get(name)
        out.append(
            NoticeRow(
                dedup_key=f"{lead.incident_id}:{name}:{lead.facts.seq}",
                incident_id=lead.incident_id,
                destination=name,
                party=destination.party if destination is not None else "operator",
                seq=lead.facts.seq,
                reason=NoticeReason.DIGEST if digest and several else lead.reason,
                created_at=at,
                not_before=at,
                items=[
                    NoticeItem(incident_id=word.incident_id, seq=word.facts.seq, reason=word.reason)
                    for word in words
                ],
            )
        )
        if counts:
            hold_back.spend(self._outlet(name), destination, self.policy, at)
        for word in words:
            if word.tracked is not None:
                _remember(word.tracked, name, word.reason, at)
            self.record(word.incident_id, at, "notice", out, destination=name, reason=word.reason.value)

    # --- keeping back -------------------------------------------------------------------

    def _held(self, name: str, word: Word, at: datetime) -> hold_back.Held | None:
        found = self._hours(name, word, at)
        return found if found is not None or hold_back.passes_budget(word.facts) else self._budget(name, at)

    def _hours(self, name: str, word: Word, at: datetime) -> hold_back.Held | None:
        destination = self.destinations.get(name)
        if destination is None:
            return None
        return hold_back.by_hours(
            word.facts, stuck=word.stuck, destination=destination, service=self.service, at=at
        )

    def _budget(self, name: str, at: datetime) -> hold_back.Held | None:
        destination = self.destinations.get(name)
        if destination is None:
            return None
        return hold_back.by_budget(self._outlet(name), destination, self.policy, at)

    def _keep(self, name: str, word: Word, held: hold_back.Held, at: datetime, out: list[Effect]) -> None:
        why, until = held
        outlet = self._outlet(name)
        if word.tracked is None:
            outlet.ended[word.incident_id] = word.facts
        else:
            outlet.held[word.tracked.row.key] = at
            word.tracked.told[name].why = why.value
            if why.value not in word.tracked.row.suppression:
                word.tracked.row.suppression = [*word.tracked.row.suppression, why.value]
        self.record(word.incident_id, at, "held", out, destination=name, why=why.value)
        if outlet.due is None or until < outlet.due:
            outlet.due = until
            self.timers.set(until, "digest", name)

    def _take_back(self, name: str, tracked: Tracked, told: Told) -> None:
        outlet = self.state.outlets.get(name)
        if outlet is not None:
            outlet.held.pop(tracked.row.key, None)
        told.why = None

    # --- small things -------------------------------------------------------------------

    def _word(self, tracked: Tracked, reason: NoticeReason, told: Told) -> Word:
        return Word(
            incident_id=tracked.row.incident_id,
            reason=reason,
            facts=self._facts(tracked, told),
            tracked=tracked,
        )

    def _facts(self, tracked: Tracked, told: Told) -> Ended:
        row = tracked.row
        return Ended(
            seq=told.seq,
            severity=row.severity,
            safety=row.safety,
            can_wait=urgency.can_wait(row, self.state),
            imminent=row.imminent,
        )

    def _group(self, key: str, name: str) -> Group:
        return self.state.groups.setdefault(key, Group(destination=name))

    def _outlet(self, name: str) -> Outlet:
        return self.state.outlets.setdefault(name, Outlet())


def _remember(tracked: Tracked, name: str, reason: NoticeReason, at: datetime) -> None:
    told = tracked.told[name]
    told.seq += 1
    told.open = True
    told.severity = tracked.row.severity
    told.flapping = told.flapping or reason is NoticeReason.FLAPPING
    told.at, told.again, told.call, told.away = at, False, None, False


def group_key(name: str, row: IncidentRow) -> str:
    """One destination and one place: a site, a station without a site, or what is wider than a site."""
    if row.site is not None:
        return f"{name}|site {row.site}"
    return f"{name}|{row.station or row.key}"
