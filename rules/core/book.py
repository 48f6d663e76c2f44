"""The book of incidents: signals go in, rows, history and notices come out.

Decides when a row changes, by the pure parts beside it (incident, triage, memory); who hears of it is for
`speak`. Knows no frames and no detectors. Every row it emits is a copy: the book goes on writing in its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from rules.core import incident, memory
from rules.core.catalog.entries import Catalog
from rules.core.family import adopt_register
from rules.core.first_aid.aider import TIMER, Aider
from rules.core.incident import Step
from rules.core.model import (
    Asset,
    Effect,
    Evidence,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    Owner,
    Scope,
    Verdict,
)
from rules.core.policy import Policy
from rules.core.routing import clocks
from rules.core.routing.route import Destination
from rules.core.routing.router import Router
from rules.core.signals import WEAK_HOLD_S, WEAK_QUIET_S, Raise, Weigh
from rules.core.speaking import follow, speak
from rules.core.speaking.speak import Speaker
from rules.core.state import Closed, JudgeState, Tracked
from rules.core.timers import Timers
from rules.core.verdict import weigh
from rules.core.verdict.triage import bounded, verdict

OPEN, PENDING, RECOVERING, RESOLVED = (
    IncidentState.OPEN,
    IncidentState.PENDING,
    IncidentState.RECOVERING,
    IncidentState.RESOLVED,
)
KEEP_CLOSED_S = 7 * 86_400.0


class Book:
    """Incidents that are not resolved, by key, within the judge's saved state."""

    def __init__(
        self,
        catalog: Catalog,
        policy: Policy,
        destinations: Sequence[Destination],
        state: JudgeState,
        timers: Timers,
        *,
        imported: bool = False,
    ) -> None:
        self.catalog = catalog
        self.policy = policy
        self.state = state
        self.timers = timers
        self.register: Mapping[str, Asset] = {}
        self.dirty: dict[str, Tracked] = {}
        self.by_id = {t.row.incident_id: key for key, t in state.tracked.items()}
        self.speaker = Speaker(
            policy,
            destinations,
            state,
            timers,
            by_id=self.by_id,
            dirty=self.dirty,
            note=self.note,
            router=Router(catalog, policy, destinations, state),
            imported=imported,
        )
        self.aider = Aider(
            policy,
            state,
            timers,
            self.speaker,
            self.note,
            support=catalog.limits["verdict.support"],
            imported=imported,
        )
        self.children: dict[str, set[str]] = {}
        for key, tracked in state.tracked.items():
            if tracked.row.parent is not None:
                self.children.setdefault(tracked.row.parent, set()).add(key)

    def set_register(self, register: Mapping[str, Asset]) -> None:
        self.register = self.speaker.register = self.speaker.router.register = register
        self.aider.register = register

    # --- signals ----------------------------------------------------------------------

    def seen(self, signal: Raise, at: datetime, out: list[Effect]) -> Tracked:
        """A fault was seen: start, go on with, or reopen its incident."""
        key = signal.key
        asset = self.register.get(signal.station) if signal.station else None
        judged = verdict(signal, self.catalog, asset, at)
        tracked = self.state.tracked.get(key)
        back = tracked is None or tracked.row.state is RECOVERING
        back = back and self.state.cured.pop(key, None) is not None
        if back:
            judged = weigh.returned(judged, self.catalog.limits["verdict.support"], at)
        if tracked is None:
            tracked = self._start(signal, judged, at, out)
        else:
            row = tracked.row
            was = row.state
            if tracked.weak and not signal.weak:
                self._proved(tracked, at)
            incident.move(row, Step.SEEN, at)
            row.count += 1
            row.evidence = incident.add_evidence(row.evidence, judged.evidence)
            if was is RECOVERING:
                if back:
                    weigh.restore(row, judged)
                self.note(tracked, at, "reopened", out)
                self.speaker.came_back(tracked)
                self._began(tracked, at, out)
                self.aider.consider(tracked, at, out)
            if row.overruled_by is None and judged.confidence > row.confidence:
                row.confidence = judged.confidence
        row = tracked.row
        if signal.members:
            row.members = sorted({*row.members, *signal.members})
            adopt_register(row, self.register)
        tracked.last_at = at
        if tracked.quiet_s is not None and tracked.quiet_due is None:
            self._expect_quiet(tracked, at + timedelta(seconds=tracked.quiet_s))
        self.dirty[key] = tracked
        if row.state is PENDING and tracked.hold_s <= 0:
            self._open(tracked, at, out)
        elif row.state is OPEN:
            self.speaker.speak(tracked, at, out)
        return tracked

    def _start(self, signal: Raise, judged: Verdict, at: datetime, out: list[Effect]) -> Tracked:
        key = signal.key
        fault = self.catalog.fault(signal.fault)
        asset = self.register.get(signal.station) if signal.station else None
        scope = signal.scope
        if scope is None:
            scope = Scope.CONNECTOR if signal.connector else Scope.EVSE if signal.evse else Scope.STATION
        row = IncidentRow(
            incident_id=incident.incident_id(key, at),
            key=key,
            state=PENDING,
            scope=scope,
            fault=judged.fault,
            side=judged.side,
            cause=judged.cause,
            owner=judged.owner,
            task=judged.task,
            severity=judged.severity,
            confidence=judged.confidence,
            rule_id=judged.rule_id,
            rule_version=judged.rule_version,
            pending_at=at,
            station=signal.station,
            site=signal.site if signal.site is not None else (asset.site if asset else None),
            evse=signal.evse,
            connector=signal.connector,
            imminent=judged.imminent,
            safety=judged.safety,
            installer=asset.installer if asset else None,
            customer=asset.customer if asset else None,
            evidence=list(judged.evidence),
            updated_at=at,
        )
        clear = self.policy.clear_delay_s if fault.clear_s is None else fault.clear_s
        tracked = Tracked(
            row=row,
            hold_s=WEAK_HOLD_S if signal.weak else fault.hold_s * self.policy.hold_scale,
            clear_s=clear if self.policy.clear_delay_s > 0 else 0.0,
            quiet_s=WEAK_QUIET_S if signal.weak else fault.quiet_s,
            weak=signal.weak,
        )
        self.state.tracked[key] = tracked
        self.by_id[row.incident_id] = key
        self.note(tracked, at, "pending", out)
        if tracked.hold_s > 0:
            tracked.due = at + timedelta(seconds=tracked.hold_s)
            self.timers.set(tracked.due, "hold", key)
        return tracked

    def _proved(self, tracked: Tracked, at: datetime) -> None:
        """A weak sign is followed by a good one: from now on the fault's own times hold."""
        fault = self.catalog.fault(tracked.row.fault)
        tracked.weak = False
        tracked.hold_s = fault.hold_s * self.policy.hold_scale
        tracked.quiet_s = fault.quiet_s
        if tracked.row.state is PENDING and tracked.hold_s > 0:
            tracked.due = at + timedelta(seconds=tracked.hold_s)
            self.timers.set(tracked.due, "hold", tracked.row.key)

    def gone(
        self,
        key: str,
        at: datetime,
        out: list[Effect],
        evidence: Evidence | None = None,
        *,
        after_reset: bool = False,
    ) -> None:
        """The fault is no longer there: drop a pending incident, let an open one settle. `after_reset`: the
        station was reset remotely moments before."""
        tracked = self.state.tracked.get(key)
        if tracked is None or tracked.row.state is RECOVERING:
            return
        if evidence is not None:
            tracked.row.evidence = incident.add_evidence(tracked.row.evidence, (evidence,))
        was = tracked.row.state
        self.aider.gone(tracked, at, out)
        if after_reset and was is OPEN:
            memory.cured(tracked, at, self.state, self.timers, self.catalog.limits["verdict.returns_s"])
        incident.move(tracked.row, Step.GONE, at)
        self.dirty[key] = tracked
        if was is PENDING:
            self._finish(tracked, at, "passed", out)
        elif tracked.clear_s <= 0:
            incident.move(tracked.row, Step.SETTLED, at)
            self._finish(tracked, at, "resolved", out)
        else:
            self.note(tracked, at, "recovering", out)
            tracked.due = at + timedelta(seconds=tracked.clear_s)
            self.timers.set(tracked.due, "settle", key)

    def weigh(self, signal: Weigh, at: datetime, out: list[Effect]) -> None:
        """Proof for or against an incident there is. What a person decided is left alone."""
        tracked = self.state.tracked.get(signal.key)
        if tracked is None:
            return
        row = tracked.row
        row.evidence = incident.add_evidence(row.evidence, (signal.evidence,))
        if row.overruled_by is None:
            row.confidence = bounded(row.confidence + signal.by)
        self.speaker.speak(tracked, at, out)

    def _began(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        times = memory.began(tracked, at, self.state, self.timers, self.policy)
        if times is not None:
            self.note(tracked, at, "flapping", out, times=times)

    # --- deadlines --------------------------------------------------------------------

    def fire(self, due: datetime, kind: str, key: str, out: list[Effect]) -> None:
        """A deadline of this book came up; one that was overtaken does nothing."""
        if kind in speak.KINDS:
            self.speaker.fire(due, kind, key, out)
            return
        tracked = self.state.tracked.get(key)
        if tracked is None:
            return
        state = tracked.row.state
        if kind == "hold" and state is PENDING and tracked.due == due:
            self._open(tracked, due, out)
        elif kind == "settle" and state is RECOVERING and tracked.due == due:
            incident.move(tracked.row, Step.SETTLED, due)
            self._finish(tracked, due, "resolved", out)
        elif kind in follow.KINDS:
            self.speaker.follow.fire(tracked, due, kind, out)
        elif kind == TIMER:
            self.aider.fire(tracked, due, out)
        elif kind == "quiet" and tracked.quiet_due == due and tracked.quiet_s and tracked.last_at:
            tracked.quiet_due = None
            until = tracked.last_at + timedelta(seconds=tracked.quiet_s)
            if until > due:
                self._expect_quiet(tracked, until)
                return
            self.gone(
                key,
                due,
                out,
                Evidence(at=due, says="quiet", values={"hours": round(tracked.quiet_s / 3600, 1)}),
            )

    def _expect_quiet(self, tracked: Tracked, due: datetime) -> None:
        tracked.quiet_due = due
        self.timers.set(due, "quiet", tracked.row.key)

    def _open(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        incident.move(tracked.row, Step.HELD, at)
        self.note(tracked, at, "opened", out)
        self._began(tracked, at, out)
        if self.aider.knows(tracked.row.fault):
            self.speaker.speak(tracked, at, out)  # tells nobody yet: what hushes it must be known first
        self.speaker.wait(tracked, at, 0.0)
        self.speaker.follow.opened(tracked, at)
        self.aider.consider(tracked, at, out)
        self.speaker.speak(tracked, at, out)

    def _finish(self, tracked: Tracked, at: datetime, event: str, out: list[Effect]) -> None:
        row = tracked.row
        self.note(tracked, at, event, out)
        self.speaker.speak(tracked, at, out)
        self.dirty[row.key] = tracked
        self.flush(out)
        del self.state.tracked[row.key]
        self.by_id.pop(row.incident_id, None)
        self.state.closed[row.incident_id] = Closed(closed_at=at, events=tracked.events)
        self.timers.set(at + timedelta(seconds=KEEP_CLOSED_S), "forget", row.incident_id)
        if row.parent is not None:
            self.children.get(row.parent, set()).discard(row.key)
        for key in sorted(self.children.pop(row.incident_id, ())):  # sorted: a restored book must not differ
            child = self.state.tracked[key]
            self.note(child, at, "parent_cleared", out, parent=row.incident_id)
            if child.row.state is OPEN:
                self.speaker.wait(child, at, self.policy.group_wait_s)
            self.speaker.speak(child, at, out)

    # --- family -----------------------------------------------------------------------

    def adopt(self, child_key: str, parent_key: str, at: datetime, out: list[Effect]) -> None:
        """The child belongs to the wider incident and is silent while that one lasts."""
        child, parent = self.state.tracked.get(child_key), self.state.tracked.get(parent_key)
        if child is None or parent is None or child.row.parent == parent.row.incident_id:
            return
        if child.row.parent is not None:
            self.children.get(child.row.parent, set()).discard(child_key)
        child.row.parent = parent.row.incident_id
        self.children.setdefault(parent.row.incident_id, set()).add(child_key)
        self.note(child, at, "attached", out, parent=parent.row.incident_id)
        self.speaker.speak(child, at, out)

    # --- people -----------------------------------------------------------------------

    def settle_owner(self, tracked: Tracked, owner: Owner | None, handed_to: str | None) -> None:
        """A person decided who acts; the task follows the owner."""
        row = tracked.row
        tracked.handed_to = handed_to
        if owner is None or owner is row.owner:
            return
        row.owner = owner
        if owner is Owner.INSTALLER:
            row.task = "ins.maintain.support"
        elif owner is Owner.OPERATOR:
            row.task = "mob.support.monitoring"

    # --- output -----------------------------------------------------------------------

    def note(
        self,
        tracked: Tracked,
        at: datetime,
        event: str,
        out: list[Effect],
        by: str | None = None,
        **detail: Any,
    ) -> None:
        """An entry of the incident's history; `by` a person, where one made it."""
        row = tracked.row
        out.append(
            IncidentEventRow(
                incident_id=row.incident_id, n=tracked.events, at=at, event=event, by=by, detail=detail
            )
        )
        tracked.events += 1
        row.updated_at = at
        clocks.tick(row, at)
        self.dirty[row.key] = tracked

    def flush(self, out: list[Effect]) -> None:
        """Emit every row that changed since the last call."""
        if self.dirty:
            out.extend(replace(tracked.row) for tracked in self.dirty.values())
            self.dirty.clear()
