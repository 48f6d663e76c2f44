"""Follows an incident until somebody answers and until it is repaired: chain of escalation, targets.

Decides by `escalate` and `targets` what is due, and waits by the judge's timers, so that a restart goes on
where it was. Speaks only by the `say` that it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from rules.core.calendar.window import reason_of
from rules.core.catalog.routes import NO_CHAIN
from rules.core.handling import Escalation
from rules.core.model import Effect, IncidentRow, IncidentState, NoticeReason, Owner, Suppression
from rules.core.routing import escalate
from rules.core.routing.route import OPERATOR, named, resolve
from rules.core.routing.router import Router
from rules.core.routing.targets import due_times, terms_of
from rules.core.speaking.suppress import lasting
from rules.core.state import Tracked
from rules.core.timers import Timers

OPEN, RESOLVED = IncidentState.OPEN, IncidentState.RESOLVED
KINDS = ("escalate", "respond", "repair")  # timers of this module
NOBODY_YET = ""  # a chain's party: it was answered before it was known whose it is
LOOK_AGAIN = timedelta(minutes=5)  # when what is due may not be said now
# What is part of a wider incident, or was planned, is not late: it is put off, not counted.
EXCUSED = {Suppression.INHIBITED.value, Suppression.MAINTENANCE.value}

Say = Callable[[Tracked, str, NoticeReason, datetime, list[Effect]], None]


class Follow:
    """Made once by the book. `note` writes history, `say` a notice to one destination, `withhold` that it
    was due and may not be said."""

    def __init__(
        self,
        router: Router,
        timers: Timers,
        *,
        note: Callable[..., None],
        say: Say,
        withhold: Say,
        imported: bool,
    ) -> None:
        self.router = router
        self.timers = timers
        self.note = note
        self.say = say
        self.withhold = withhold
        self.imported = imported  # history: nobody is called and nothing was promised

    def opened(self, tracked: Tracked, at: datetime) -> None:
        """What its contract promises holds from now on."""
        row = tracked.row
        if self.imported or row.imminent or row.owner is Owner.NONE:
            return
        terms = terms_of(self.router.asset(row), row.severity, self.router.routing)
        row.contract = terms.contract
        row.respond_by, row.repair_by = due_times(terms, at)
        if row.respond_by is not None:
            self.timers.set(row.respond_by, "respond", row.key)
        if row.repair_by is not None:
            self.timers.set(row.repair_by, "repair", row.key)

    def moved(self, tracked: Tracked, at: datetime, why: str) -> None:
        """It is with another party now: the chain of the one before has ended."""
        if tracked.chain_of == NOBODY_YET:
            tracked.chain_of = tracked.row.route_party
        if tracked.chain_of is not None and tracked.chain_of != tracked.row.route_party:
            self._stop(tracked, at, why)
            tracked.chain_of, tracked.joined = None, []

    def spoken(self, tracked: Tracked, at: datetime) -> None:
        """After something may have been said: the chain begins with the first notice to the party."""
        row = tracked.row
        if row.state is RESOLVED:
            self._stop(tracked, at, "resolved")
            return
        told = any(name in tracked.told and tracked.told[name].open for name in tracked.routed)
        if self.imported or row.state is not OPEN or not told or tracked.chain_of == row.route_party:
            return
        tracked.chain_of = row.route_party
        chain = self.router.routing.chains.get(tracked.chain or NO_CHAIN)
        if chain is None or chain.spared(self.router.known(tracked, at)) is not None:
            return
        begun = escalate.begin(
            chain,
            row.severity,
            row.route_party or OPERATOR,
            at,
            lambda to, contact: resolve(to, row, self.router.destinations, contact)[1],
        )
        if begun is not None:
            self._set(tracked, begun)

    def lapsed(self, tracked: Tracked, at: datetime) -> None:
        """Its acknowledgement ran out: the chain goes on with the step that nobody took, or begins if it was
        answered before it could. What was a person's decision about the owner stays so."""
        row = tracked.row
        chain = row.escalation
        if chain is None or chain.party != (row.route_party or OPERATOR):
            tracked.chain_of = None
            return
        resumed = escalate.resumed(chain, at)
        if resumed is not chain:
            self._set(tracked, resumed)

    def answered(self, tracked: Tracked, at: datetime, how: str) -> None:
        """A person took it up (`acknowledged`, `assigned`, `handed_over` ...): nobody else is called."""
        row = tracked.row
        if row.state is RESOLVED:
            return
        if row.responded_at is None and row.opened_at is not None:
            row.responded_at = at
        self._stop(tracked, at, how)
        tracked.chain_of = row.route_party or NOBODY_YET
        for told in tracked.told.values():  # a call that did not leave yet is no longer true
            if told.call is NoticeReason.ESCALATED:
                told.call = None
        tracked.joined = [name for name in tracked.joined if name in tracked.told and tracked.told[name].open]

    def fire(self, tracked: Tracked, due: datetime, kind: str, out: list[Effect]) -> None:
        """A deadline of this module came up; one of an earlier incident at the same place does nothing."""
        row = tracked.row
        if kind == "escalate":
            if row.escalate_at == due and row.escalation is not None:
                self._escalate(tracked, row.escalation, due, out)
        elif kind == "respond":
            met = row.responded_at is not None or row.response_breached_at is not None
            if not met and self._late(row, row.respond_by, due, kind):
                row.response_breached_at = row.respond_by
                self._breach(tracked, due, "response_overdue", out)
        elif row.repair_breached_at is None and self._late(row, row.repair_by, due, kind):
            row.repair_breached_at = row.repair_by
            self._breach(tracked, due, "repair_overdue", out)

    def _late(self, row: IncidentRow, promised: datetime | None, due: datetime, kind: str) -> bool:
        if promised is None or promised > due:
            return False
        if row.state is OPEN and not EXCUSED.intersection(reason_of(one)[0] for one in row.suppression):
            return True
        self.timers.set(due + LOOK_AGAIN, kind, row.key)
        return False

    def _breach(self, tracked: Tracked, at: datetime, event: str, out: list[Effect]) -> None:
        row = tracked.row
        self.note(tracked, at, event, out, party=row.route_party, contract=row.contract)
        for name in named(self.router.destinations, OPERATOR):
            self.say(tracked, name, NoticeReason.OVERDUE, at, out)

    def _escalate(self, tracked: Tracked, chain: Escalation, due: datetime, out: list[Effect]) -> None:
        row = tracked.row
        step = escalate.next_step(chain)
        if step is None:
            return
        if lasting(row.suppression) or row.state is not OPEN:
            self._set(tracked, escalate.put_off(chain, due + LOOK_AGAIN))
            if row.state is OPEN:
                for name in step.destinations:
                    self.withhold(tracked, name, NoticeReason.ESCALATED, due, out)
            return
        number = 1 + sum(one.done_at is not None for one in chain.steps)
        self._set(tracked, escalate.taken(chain, due))
        self.note(
            tracked, due, "escalated", out, step=number, to=step.to, contact=step.contact, chain=chain.chain
        )
        for name in step.destinations:
            tracked.joined = [*tracked.joined, name]
            self.say(tracked, name, NoticeReason.ESCALATED, due, out)

    def _stop(self, tracked: Tracked, at: datetime, why: str) -> None:
        if tracked.row.escalation is not None:
            self._set(tracked, escalate.stop(tracked.row.escalation, at, why))

    def _set(self, tracked: Tracked, chain: Escalation) -> None:
        row = tracked.row
        row.escalation = chain
        row.escalate_at = escalate.next_due(chain)
        if row.escalate_at is not None:
            self.timers.set(row.escalate_at, "escalate", row.key)
