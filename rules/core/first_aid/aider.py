"""First aid at incidents: asks for remedies, waits for their outcome, turns it into evidence and weight.

Decides when the next remedy is asked and how long somebody's message waits for it; whether it may be asked at
all is `refusal`'s. It asks by a row: only a running owner process carries that out. Nothing here is done
while the policy has no remedies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rules.core.aid_policy import AidPolicy, Remedy
from rules.core.first_aid.refusal import DAY, HOUR, Bedside, cooling_key, refusal
from rules.core.incident import add_evidence
from rules.core.model import AidReported, Asset, Effect, Evidence, FirstAidRow, IncidentState
from rules.core.policy import Policy
from rules.core.speaking.speak import Noting, Speaker
from rules.core.state import AidTry, JudgeState, StationState, Tracked
from rules.core.timers import Timers
from rules.core.verdict import weigh

EXPIRES_S = 30.0  # an order that is older was meant for another moment
# The station's own words for "no". Of others (not connected, not known here) nothing can be concluded.
REFUSED = "rejected"
ACCEPTED = "accepted"
TIMER = "aid"


class Aider:
    """Made once by the book. All that it remembers is in the judge's saved state and its timers."""

    def __init__(
        self,
        policy: Policy,
        state: JudgeState,
        timers: Timers,
        speaker: Speaker,
        note: Noting,
        *,
        support: float,
        imported: bool = False,
    ) -> None:
        """`support`: how much a second proof of another kind weighs."""
        self._plan = policy.first_aid
        self._min_confidence = policy.min_confidence
        self._by_fault: dict[str, list[AidPolicy]] = {}
        for one in self._plan.policies:
            self._by_fault.setdefault(one.fault, []).append(one)
        self._state = state
        self._timers = timers
        self._speaker = speaker
        self._note = note
        self._support = support
        self._imported = imported
        self.register: Mapping[str, Asset] = {}

    def knows(self, fault: str) -> bool:
        return fault in self._by_fault

    # --- asking -------------------------------------------------------------------------

    def consider(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """Ask for the first remedy that may be tried now; say once in the history why one may not."""
        if tracked.aid is not None:
            return
        row = tracked.row
        station = self._state.stations.get(row.station) if row.station else None
        for policy in self._by_fault.get(row.fault, ()):
            if not self._fits(policy, row.station, station):
                continue
            tried = tracked.aided.get(policy.id, 0)
            if tried >= policy.attempts:
                continue
            case = Bedside(
                row=row,
                station=station,
                at=at,
                ledger=self._state.aid,
                min_confidence=self._min_confidence,
                tried=tried,
                taken=tracked.handed_to is not None,
                imported=self._imported,
                blind_until=self._state.blind_until,
            )
            why = refusal(policy, self._plan, case)
            if why is None:
                self._ask(policy, tracked, at, out)
                return
            if why == "cooling" and tried:
                self._try_again(policy, tracked)
                continue
            if policy.id not in tracked.aid_said:
                tracked.aid_said.append(policy.id)
                self._note(tracked, at, "aid_not_tried", out, do=policy.do.value, why=why)

    def _try_again(self, policy: AidPolicy, tracked: Tracked) -> None:
        """The policy allows another attempt at this incident, once its cool-down is over."""
        until = self._state.aid.cooling[cooling_key(tracked.row.key, policy.do)]
        tracked.aid_again = until
        self._timers.set(until, TIMER, tracked.row.key)

    def _fits(self, policy: AidPolicy, name: str | None, station: StationState | None) -> bool:
        asset = self.register.get(name) if name else None
        make, model, firmware = None, None, None
        if station is not None:
            make, model, firmware = station.make, station.model, station.firmware
        if asset is not None:
            make, model = make or asset.make, model or asset.model
        return policy.fits(make, model, firmware)

    def _ask(self, policy: AidPolicy, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        row, ledger, name = tracked.row, self._state.aid, tracked.row.station or ""
        attempt = tracked.aided.get(policy.id, 0) + 1
        tracked.aided[policy.id] = attempt
        whole = policy.do in (Remedy.SOFT_RESET, Remedy.SEND_LOCAL_LIST, Remedy.CLEAR_CACHE)
        tracked.aid = AidTry(
            id=try_id(row.incident_id, policy.id, attempt),
            policy=policy.id,
            do=policy.do.value,
            evse=None if whole else row.evse or None,
            connector=None if whole else row.connector or None,
            asked_at=at,
            expires_at=at + timedelta(seconds=EXPIRES_S),
            due=at + timedelta(seconds=policy.cleared_within_s),
        )
        ledger.running[name] = row.key
        ledger.stations[name] = [t for t in ledger.stations.get(name, ()) if t > at - DAY] + [at]
        ledger.fleet = [t for t in ledger.fleet if t > at - HOUR] + [at]
        ledger.cooling = {key: until for key, until in ledger.cooling.items() if until > at}
        ledger.cooling[cooling_key(row.key, policy.do)] = at + timedelta(seconds=policy.cool_down_s)
        self._prove(tracked, at, f"aid_asked_{policy.do.value}")
        self._note(tracked, at, "aid_asked", out, do=policy.do.value, policy=policy.id, attempt=attempt)
        self._timers.set(tracked.aid.due, TIMER, row.key)
        out.append(_row(tracked, tracked.aid))
        if policy.before_sending:
            self._hold(policy, tracked, at)

    # --- waiting ------------------------------------------------------------------------

    def _hold(self, policy: AidPolicy, tracked: Tracked, at: datetime) -> None:
        """Nobody is told before the outcome, at most `hold_s` after the incident opened."""
        until = (tracked.row.opened_at or at) + timedelta(seconds=policy.hold_s)
        waits = tracked.notify_at
        told = any(one.open for one in tracked.told.values())
        if told or until <= at or (waits is not None and waits >= until):
            return
        if tracked.aid_ready is None:
            tracked.aid_ready = waits or at
        self._speaker.wait(tracked, at, (until - at).total_seconds())
        tracked.aid_hold = tracked.notify_at

    def _release(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """The outcome is known: the message leaves when it would have left without first aid, or now."""
        held, tracked.aid_hold = tracked.aid_hold, None
        if held is None or tracked.notify_at != held or held <= at:
            return  # over, or somebody else decides when it leaves
        ready = max(tracked.aid_ready or at, at)
        self._speaker.wait(tracked, at, (ready - at).total_seconds())
        self._speaker.speak(tracked, at, out)

    # --- outcomes -----------------------------------------------------------------------

    def reported(self, obs: AidReported, tracked: Tracked | None, out: list[Effect]) -> None:
        """What the station made of it. A word on a remedy that is over is left aside."""
        aid = tracked.aid if tracked is not None else None
        if tracked is None or aid is None or aid.id != obs.try_id or aid.outcome is not None:
            return
        aid.outcome, aid.detail, aid.answered_at = obs.outcome, obs.detail, obs.at
        self._prove(tracked, obs.at, f"aid_{obs.outcome}", obs.record_id, detail=obs.detail)
        self._note(tracked, obs.at, "aid_answered", out, do=aid.do, outcome=obs.outcome, detail=obs.detail)
        if obs.outcome == ACCEPTED:
            out.append(_row(tracked, aid))
            return
        if obs.outcome == REFUSED:
            self._speaks_for_hardware(tracked, Remedy(aid.do))
        self._over(tracked, obs.at, out, cleared=None)
        self._next(tracked, obs.at, out)

    def fire(self, tracked: Tracked, due: datetime, out: list[Effect]) -> None:
        """The time for the remedy to work is up and the fault is still there; or a cool-down is over."""
        aid = tracked.aid
        if aid is None or aid.due != due:
            if aid is None and tracked.aid_again == due:
                self.consider(tracked, due, out)
            return
        if aid.outcome == ACCEPTED:
            self._prove(tracked, due, "aid_no_effect")
            self._note(tracked, due, "aid_no_effect", out, do=aid.do)
            self._speaks_for_hardware(tracked, Remedy(aid.do))
            self._over(tracked, due, out, cleared=False)
        else:
            self._prove(tracked, due, "aid_unknown")
            self._note(tracked, due, "aid_unknown", out, do=aid.do)
            self._over(tracked, due, out, cleared=None)
        self._next(tracked, due, out)

    def gone(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """The fault went while a remedy was under way; one that the station had taken gets the credit."""
        aid = tracked.aid
        if aid is None:
            return
        helped = aid.outcome == ACCEPTED
        if helped:
            self._prove(tracked, at, "aid_cleared")
            self._note(tracked, at, "aid_cleared", out, do=aid.do)
        self._over(tracked, at, out, cleared=True if helped else None)

    def _over(self, tracked: Tracked, at: datetime, out: list[Effect], *, cleared: bool | None) -> None:
        aid, tracked.aid = tracked.aid, None
        if aid is None:
            return
        self._state.aid.running.pop(tracked.row.station or "", None)
        row = _row(tracked, aid)
        row.cleared, row.ended_at = cleared, at
        out.append(row)

    def _next(self, tracked: Tracked, at: datetime, out: list[Effect]) -> None:
        """The next remedy of the list; without one nobody waits any longer."""
        if tracked.row.state is IncidentState.OPEN:
            self.consider(tracked, at, out)
        if tracked.aid is None:
            self._release(tracked, at, out)

    def _speaks_for_hardware(self, tracked: Tracked, do: Remedy) -> None:
        if do in (Remedy.SOFT_RESET, Remedy.UNLOCK):
            weigh.remedy_failed(tracked.row, self._support)

    def _prove(
        self, tracked: Tracked, at: datetime, says: str, record_id: int | None = None, **values: Any
    ) -> None:
        told = {name: value for name, value in values.items() if value is not None}
        proof = Evidence(at=at, says=says, record_id=record_id or None, values=told)
        tracked.row.evidence = add_evidence(tracked.row.evidence, (proof,))


def try_id(incident_id: str, policy_id: str, attempt: int) -> str:
    """The same attempt has the same id, live or replayed: it is carried out once."""
    text = f"{incident_id}|{policy_id}|{attempt}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _row(tracked: Tracked, aid: AidTry) -> FirstAidRow:
    row = tracked.row
    return FirstAidRow(
        try_id=aid.id,
        incident_id=row.incident_id,
        station=row.station or "",
        policy=aid.policy,
        do=aid.do,
        fault=row.fault,
        asked_at=aid.asked_at,
        expires_at=aid.expires_at,
        evse=aid.evse,
        connector=aid.connector,
        outcome=aid.outcome,
        detail=aid.detail,
        answered_at=aid.answered_at,
    )
