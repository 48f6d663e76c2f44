"""Who hears what of an incident, and when: reasons to be silent, the route, the decision, the word.

Decides by the pure parts beside it (suppress, route, decide, remind, snooze); `groups` makes messages of the
words. Knows no texts and no addresses. All that it remembers is in the judge's saved state and its timers, so
that a restart neither repeats nor forgets a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from rules.core.family import parent_state
from rules.core.model import Asset, Effect, IncidentEventRow, IncidentState, NoticeReason, Subscribed
from rules.core.policy import Policy
from rules.core.routing import urgency
from rules.core.routing.route import NONE, Destination
from rules.core.routing.router import Router
from rules.core.speaking import groups, own_delivery, quiet, remind, snooze, suppress, swallowed
from rules.core.speaking.decide import decide
from rules.core.speaking.follow import Follow
from rules.core.speaking.groups import Groups
from rules.core.speaking.subscribers import Subscribers
from rules.core.state import JudgeState, Told, Tracked
from rules.core.timers import Timers

RESOLVED = IncidentState.RESOLVED
OF_INCIDENTS = ("notify", "remind")  # timers by incident key
KINDS = (*OF_INCIDENTS, *groups.KINDS)


class Noting(Protocol):
    """Writes an entry of an incident's history and marks its row as changed."""

    def __call__(
        self,
        tracked: Tracked,
        at: datetime,
        event: str,
        out: list[Effect],
        by: str | None = None,
        **detail: Any,
    ) -> None: ...


class Speaker:
    """Made once by the book. `by_id` and `dirty` are the book's own: incident id to key, changed rows."""

    def __init__(
        self,
        policy: Policy,
        destinations: Sequence[Destination],
        state: JudgeState,
        timers: Timers,
        *,
        by_id: Mapping[str, str],
        dirty: dict[str, Tracked],
        note: Noting,
        router: Router,
        imported: bool = False,
    ) -> None:
        self.policy = policy
        self.destinations = destinations
        self.parties = {d.name: d.party for d in destinations}
        self.state = state
        self.timers = timers
        self.by_id = by_id
        self.dirty = dirty
        self.note = note
        self.imported = imported
        self.register: Mapping[str, Asset] = {}
        self.router = router
        self.follow = Follow(
            router, timers, note=note, say=self._call, withhold=self._withheld, imported=imported
        )
        self.groups = Groups(policy, destinations, state, timers, owed=self._still_owed, record=self._record)
        self.subscribers = Subscribers(policy, state, self.groups.destinations, self.parties)

    def wait(self, tracked: Tracked, at: datetime, wait_s: float) -> None:
        """Nothing is said of this incident for `wait_s` seconds from `at`."""
        tracked.notify_at = at + timedelta(seconds=wait_s)
        if wait_s > 0:
            self.timers.set(tracked.notify_at, "notify", tracked.row.key)

    def fire(self, due: datetime, kind: str, key: str, out: list[Effect]) -> None:
        """A deadline of speaking came up; one that was overtaken does nothing."""
        if kind not in OF_INCIDENTS:
            self.groups.fire(due, kind, key, out)
            return
        tracked = self.state.tracked.get(key)
        if tracked is None:
            return
        if kind == "remind":
            if tracked.wake_at != due:
                return
            tracked.wake_at = None
        elif tracked.notify_at != due:
            return
        self.speak(tracked, due, out, timer=True)

    def speak(
        self,
        tracked: Tracked,
        at: datetime,
        out: list[Effect],
        *,
        timer: bool = False,
        urgent: bool = False,
    ) -> None:
        """Route, suppress and decide anew; hand on the words that are owed. `timer`: it has waited already.
        `urgent`: a person wants it told now."""
        row = tracked.row
        self.dirty[row.key] = tracked
        self._look(tracked, at, out)
        asset = self.register.get(row.station) if row.station else None
        if asset is not None:  # the register may have changed since the incident began
            row.site, row.installer, row.customer = asset.site, asset.installer, asset.customer
        if row.state is not RESOLVED:
            self._route(tracked, at, out)
            self._mark_away(tracked, at)
        wait_s = 0.0 if timer else self.policy.group_wait_s
        for name in dict.fromkeys([*self._hears(tracked, at), *tracked.told]):
            reason = self._owed(tracked, name, at)
            if reason is None:
                self.groups.drop(name, tracked)
                swallowed_word = self._swallowed(tracked, name, at)
                if swallowed_word is not None:
                    self._withheld(tracked, name, swallowed_word, at, out)
            elif reason is NoticeReason.RESOLVED:
                self.groups.over(name, tracked, at, out)
            else:
                self.groups.collect(name, tracked, reason, at, out, wait_s=wait_s, urgent=urgent)
        row.suppression = self._suppression(tracked, at)
        self.follow.spoken(tracked, at)
        self.look_again(tracked, at)

    def subscribed(self, obs: Subscribed, out: list[Effect]) -> None:
        """A customer's wish changed: what is open now may be news."""
        self.subscribers.changed(obs, out)
        for key in sorted(self.state.tracked):
            tracked = self.state.tracked[key]
            if tracked.row.state is IncidentState.OPEN:
                self.speak(tracked, obs.at, out)

    def came_back(self, tracked: Tracked) -> None:
        """It had seemed to recover."""
        if tracked.snooze is not None:
            tracked.snooze.back = True

    # --- what others decide -------------------------------------------------------------

    def _suppression(self, tracked: Tracked, _at: datetime) -> list[str]:
        """Why nothing is said of it now."""
        found = suppress.reasons(
            parent=parent_state(tracked.row, self.state, self.by_id),
            imported=self.imported,
            flapping=tracked.flapping,
            windows=[one.reason for one in quiet.over(tracked.row, self.state, self.register)],
            snoozed=tracked.snooze is not None,
        )
        return found + sorted({told.why for told in tracked.told.values() if told.why is not None})

    def _route(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """Whose it is by the rules, in the row and its history."""
        if self.router.is_settled(tracked):
            return
        detail = self.router.take(tracked, self.router.decide(tracked, at), at)
        if detail is not None:
            self.note(tracked, at, "routed", out, **detail)
            self.follow.moved(tracked, at, "rerouted")
            if "from" in detail:
                self._unanswered(tracked, at, out)

    def _unanswered(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """It went to another party: what the one before had answered holds back no reminder any more."""
        row = tracked.row
        if row.acknowledged_at is None or row.route_party in (NONE, tracked.answered_for):
            return
        row.acknowledged_at = row.acknowledged_by = tracked.answered_for = None
        self.note(tracked, at, "acknowledgement_ended", out, party=row.route_party)

    def _hears(self, tracked: Tracked, at: datetime) -> list[str]:
        """Destinations that hear of it: by its route, and who else is informed."""
        broken = own_delivery.destination_of(tracked.row)
        customers = self.subscribers.hear(tracked, at, self.register)
        return [name for name in (*tracked.routed, *tracked.joined, *customers) if name != broken]

    def _withheld(
        self, tracked: Tracked, name: str, reason: NoticeReason, at: datetime, out: list[Effect]
    ) -> None:
        """`reason` was due and is not said: recorded once for each thing that held it back."""
        for why in self._holding(tracked, name):
            party = self.parties.get(name, "operator")
            row = swallowed.withhold(tracked, name, party, reason, why, at)
            if row is not None:
                out.append(row)

    def _call(
        self, tracked: Tracked, name: str, reason: NoticeReason, at: datetime, out: list[Effect]
    ) -> None:
        """`name` is told whatever it was told before: a chain calls it, or a promise was broken. What may not
        be said now is said when it may."""
        tracked.told.setdefault(name, Told()).call = reason
        if suppress.lasting(tracked.row.suppression):
            self._withheld(tracked, name, reason, at, out)
            return
        self.groups.collect(name, tracked, reason, at, out, wait_s=0.0)

    # --- the decision -------------------------------------------------------------------

    def _look(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """What time and the station changed about an incident's being told."""
        row = tracked.row
        if row.state is not RESOLVED:
            row.driver_stuck = urgency.driver_stuck(row, self.state)
        woken = snooze.ended_by(tracked, at)
        if woken is not None:
            snooze.end(tracked)
            self.note(tracked, at, "woke", out, why=woken)
        until = remind.acknowledged_until(row, self.policy)
        if until is not None and until <= at and row.state is not RESOLVED:
            row.acknowledged_at = row.acknowledged_by = None
            self.note(tracked, at, "acknowledgement_expired", out)
            self.follow.lapsed(tracked, at)
        for window in quiet.let_pass(row, self.state, self.register):
            if row.state is IncidentState.OPEN and window.window_id not in tracked.passed:
                tracked.passed.append(window.window_id)
                self.note(tracked, at, "safety_passes", out, kind=window.kind.value, window=window.window_id)
        row.suppression = self._suppression(tracked, at)

    def _owed(self, tracked: Tracked, name: str, at: datetime) -> NoticeReason | None:
        told = tracked.told.get(name)
        if told is not None:
            if told.open and told.at is None:
                told.at = at  # told by a version that did not write down when
            if told.call is not None and tracked.row.state is IncidentState.OPEN:
                return None if suppress.lasting(tracked.row.suppression) else told.call
        found = decide(
            told,
            tracked.row,
            routed_here=name in self._hears(tracked, at),
            told_elsewhere=self._moved(tracked, name, at),
            ready=tracked.notify_at is not None and tracked.notify_at <= at,
            again=self._again(tracked, told, at),
        )
        word = self.subscribers.word(name, found)
        return word if word is NoticeReason.RESOLVED or not self._hushed(tracked, name) else None

    def _holding(self, tracked: Tracked, name: str) -> list[str]:
        """What keeps this destination from hearing of it now."""
        return suppress.lasting(tracked.row.suppression) + self._hushed(tracked, name)

    def _hushed(self, tracked: Tracked, name: str) -> list[str]:
        """The windows that danger passes for those who act, not for customers: they cannot act, and were
        told of planned work before."""
        if not self.subscribers.is_customer(name):
            return []
        return [one.reason for one in quiet.let_pass(tracked.row, self.state, self.register)]

    def _moved(self, tracked: Tracked, name: str, at: datetime) -> bool:
        """Somebody else has it who hears of it no more."""
        hears = self._hears(tracked, at)
        return any(told.open and key != name and key not in hears for key, told in tracked.told.items())

    def _mark_away(self, tracked: Tracked, at: datetime) -> None:
        """Who was told and hears of it no more; that counts once somebody else has been told instead."""
        hears = self._hears(tracked, at)
        for name, told in tracked.told.items():
            if told.open and name not in hears:
                told.away = True
            elif told.away:
                told.away = self._moved(tracked, name, at)

    def _swallowed(self, tracked: Tracked, name: str, at: datetime) -> NoticeReason | None:
        """What would be said now if nothing held it back."""
        if not self._holding(tracked, name):
            return None
        told = tracked.told.get(name)
        if told is not None and told.call is not None and tracked.row.state is IncidentState.OPEN:
            return told.call
        found = swallowed.wanted(
            tracked,
            told,
            routed_here=name in self._hears(tracked, at),
            told_elsewhere=self._moved(tracked, name, at),
            ready=tracked.notify_at is not None and tracked.notify_at <= at,
            again=self._again(tracked, told, at),
        )
        return self.subscribers.word(name, found)

    def _again(self, tracked: Tracked, told: Told | None, at: datetime) -> bool:
        """It was told long enough ago to be told once more."""
        due = None if told is None else remind.next_at(told, tracked.row, tracked.flapping, self.policy)
        return due is not None and due <= at

    def _still_owed(self, tracked: Tracked, name: str, at: datetime) -> NoticeReason | None:
        """The same, at the moment of speaking."""
        tracked.row.suppression = self._suppression(tracked, at)
        self.dirty[tracked.row.key] = tracked
        reason = self._owed(tracked, name, at)
        return None if reason is NoticeReason.RESOLVED else reason

    def look_again(self, tracked: Tracked, at: datetime) -> None:
        """Set the timer for the next thing that time alone changes. Wanted after an answer: it runs out."""
        row = tracked.row
        if row.state is RESOLVED:
            return
        found = [remind.acknowledged_until(row, self.policy), self.subscribers.due(tracked)]
        if tracked.snooze is not None:
            found.append(tracked.snooze.until)
        hears = self._hears(tracked, at)
        found += [
            remind.next_at(tracked.told[name], row, tracked.flapping, self.policy)
            for name in hears
            if name in tracked.told
        ]
        due = min((one for one in found if one is not None and one > at), default=None)
        if due is not None and due != tracked.wake_at:
            self.timers.set(due, "remind", row.key)
        tracked.wake_at = due

    def _record(self, incident_id: str, at: datetime, event: str, out: list[Effect], **detail: Any) -> None:
        key = self.by_id.get(incident_id)
        if key is not None:
            tracked = self.state.tracked[key]
            self.note(tracked, at, event, out, **detail)
            if event == "notice":
                self.follow.spoken(tracked, at)
                self.look_again(tracked, at)
            return
        closed = self.state.closed.get(incident_id)
        if closed is None:
            return
        out.append(
            IncidentEventRow(incident_id=incident_id, n=closed.events, at=at, event=event, detail=detail)
        )
        closed.events += 1
