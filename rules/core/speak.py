"""Who hears what of an incident, and when: reasons to be silent, the route, the decision, the notice.

Decides by the pure parts beside it (suppress, route, decide). Knows no texts and no addresses. All that it
remembers is in the judge's saved state and its timers, so that a restart neither repeats nor forgets a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from rules.core import own_delivery, quiet, suppress, swallowed
from rules.core.decide import decide
from rules.core.family import parent_state
from rules.core.follow import Follow
from rules.core.model import Asset, Effect, IncidentState, NoticeReason, NoticeRow
from rules.core.policy import Policy
from rules.core.route import Destination
from rules.core.router import Router
from rules.core.state import JudgeState, Told, Tracked
from rules.core.timers import Timers

RESOLVED = IncidentState.RESOLVED


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
        self.follow = Follow(router, timers, note=note, say=self._notice, imported=imported)

    def wait(self, tracked: Tracked, at: datetime, wait_s: float) -> None:
        """Nothing is said of this incident for `wait_s` seconds from `at`."""
        tracked.notify_at = at + timedelta(seconds=wait_s)
        if wait_s > 0:
            self.timers.set(tracked.notify_at, "notify", tracked.row.key)

    def speak(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """Route, suppress and decide anew; emit the notices that are due."""
        row = tracked.row
        self.dirty[row.key] = tracked
        row.suppression = self._suppression(tracked, at)
        asset = self.register.get(row.station) if row.station else None
        if asset is not None:  # the register may have changed since the incident began
            row.site, row.installer, row.customer = asset.site, asset.installer, asset.customer
        if row.state is not RESOLVED:
            self._route(tracked, at, out)
        ready = tracked.notify_at is not None and tracked.notify_at <= at
        hears = self._hears(tracked, at)
        had_it = {name for name, told in tracked.told.items() if told.open}
        for name in dict.fromkeys([*hears, *tracked.told]):
            told = tracked.told.get(name)
            elsewhere = bool(had_it - {name})
            reason = decide(told, row, routed_here=name in hears, told_elsewhere=elsewhere, ready=ready)
            if reason is not None:
                self._notice(tracked, name, reason, at, out)
            else:
                held_back = swallowed.wanted(
                    tracked, told, routed_here=name in hears, told_elsewhere=elsewhere, ready=ready
                )
                if held_back is not None:
                    self._withheld(tracked, name, held_back, at, out)
        self.follow.spoken(tracked, at)

    # --- what others decide -------------------------------------------------------------

    def _suppression(self, tracked: Tracked, _at: datetime) -> list[str]:
        """Why nothing is said of it now."""
        return suppress.reasons(
            parent=parent_state(tracked.row, self.state, self.by_id),
            imported=self.imported,
            flapping=tracked.flapping,
            windows=[one.reason for one in quiet.over(tracked.row, self.state, self.register)],
        )

    def _route(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """Whose it is by the rules, in the row and its history."""
        detail = self.router.take(tracked, self.router.decide(tracked, at), at)
        if detail is not None:
            self.note(tracked, at, "routed", out, **detail)
            self.follow.moved(tracked, at, "rerouted")

    def _hears(self, tracked: Tracked, _at: datetime) -> list[str]:
        """Destinations that hear of it: by its route, and who else is informed."""
        broken = own_delivery.destination_of(tracked.row)
        return [name for name in (*tracked.routed, *tracked.joined) if name != broken]

    def _withheld(
        self, tracked: Tracked, name: str, reason: NoticeReason, at: datetime, out: list[Effect]
    ) -> None:
        """`reason` was due and is not said: recorded once for each thing that held it back."""
        for why in tracked.row.suppression:
            party = self.parties.get(name, "operator")
            row = swallowed.withhold(tracked, name, party, reason, why, at)
            if row is not None:
                out.append(row)

    # --- output -------------------------------------------------------------------------

    def _notice(
        self, tracked: Tracked, name: str, reason: NoticeReason, at: datetime, out: list[Effect]
    ) -> None:
        row = tracked.row
        told = tracked.told.setdefault(name, Told())
        out.append(
            NoticeRow(
                dedup_key=f"{row.incident_id}:{name}:{told.seq}",
                incident_id=row.incident_id,
                destination=name,
                party=self.parties.get(name, "operator"),
                seq=told.seq,
                reason=reason,
                created_at=at,
                not_before=at,
            )
        )
        told.seq += 1
        told.open = reason is not NoticeReason.RESOLVED
        told.severity = row.severity
        told.flapping = told.flapping or reason is NoticeReason.FLAPPING
        self.note(tracked, at, "notice", out, destination=name, reason=reason.value)
