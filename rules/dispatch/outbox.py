"""One lane for each destination: take the next notice, send it outside any transaction, write the outcome.

Decides what to send next to its own destination and nothing about others: a lane that hangs delays nobody.
It must never mark before sending (a crash would lose the message), and must say so in every message that a
receiver may have had before (same key, "possibly a duplicate").
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from data import outbox as ledger
from data.stand_ins import Ended, Forward
from data.store import Store, StoreClosed
from rules.dispatch.outcome import Kind, Outcome
from rules.dispatch.retry import Next, Plan, pause_s, plan

log = logging.getLogger(__name__)

POLL_S = 2.0
LEASE_MARGIN_S = 60.0
MARK_RETRY_S = 1.0
AFTER_S = 0.5  # between two looks whether the lane before has ended


class Target(Protocol):
    """What a lane needs of `apprise_target.AppriseTarget`."""

    def send(
        self,
        subject: str,
        body: str,
        dedup_key: str,
        *,
        possible_duplicate: bool = False,
        reason: str = "",
        payload: str | None = None,
    ) -> Outcome: ...


class Sent(Struct, frozen=True, kw_only=True):
    """One attempt. `latency_s`: seconds from the notice's creation to its end; `detail` has no secrets."""

    destination: str
    kind: Kind
    state: str
    latency_s: float
    took_s: float
    detail: str = ""


class LaneStats(Struct, frozen=True, kw_only=True):
    """`sending_s`: how long the send under way lasts, seconds; None when none is."""

    destination: str
    running: bool
    attempts: int
    failures_in_row: int
    sending_s: float | None
    last_detail: str | None
    last_error: str | None


class Lane:
    """Owns the sending to one destination, on a daemon thread of its own."""

    def __init__(
        self,
        name: str,
        target: Target,
        store: Store,
        clock: Callable[[], datetime],
        *,
        timeout_s: float,
        mark_duplicate: Callable[[str, str, str], tuple[str, str]],
        stand_in: Callable[[ledger.Claimed, Outcome], Forward | None] = lambda _notice, _why: None,
        finish: Callable[[ledger.Claimed, str], str] = lambda _notice, body: body,
        ended: Ended | None = None,
        on_sent: Callable[[Sent], None] = lambda _sent: None,
        channel: str | None = None,
        settle_s: float = 0.0,
        poll_s: float = POLL_S,
        after: Lane | None = None,
    ) -> None:
        """`mark_duplicate(language, subject, body)` words the doubt. `stand_in` names who gets a notice
        that is given up, and its words. `finish` gives the text its last touch as it leaves. `ended` words
        the end of what a stand-in was told instead. `settle_s`:
        rest after the start, so that what is inhibited or resolved meanwhile is known before the first
        message leaves. `after`: the lane that it replaces, whose send must end first."""
        self._after = after
        self.name = name
        self._target = target
        self._store = store
        self._clock = clock
        self._lease_s = timeout_s + LEASE_MARGIN_S
        self._mark_duplicate = mark_duplicate
        self._stand_in = stand_in
        self._finish = finish
        self._ended = ended
        self._on_sent = on_sent
        self._channel = channel
        self._settle_s = settle_s
        self._poll_s = poll_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._chance = random.Random()
        self._attempts = 0
        self._failures = 0
        self._sending_since: datetime | None = None
        self._last: Outcome | None = None
        self._last_error: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something new may be waiting."""
        self._wake.set()

    def stop(self, wait_s: float) -> bool:
        """End after the send under way, waiting at most `wait_s` seconds; False when it still runs then.

        A send left running stays leased in the store and is sent again, marked, by the next owner.
        """
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)
        return not self._thread.is_alive()

    def stats(self) -> LaneStats:
        since = self._sending_since
        return LaneStats(
            destination=self.name,
            running=self._thread.is_alive(),
            attempts=self._attempts,
            failures_in_row=self._failures,
            sending_s=(self._clock() - since).total_seconds() if since else None,
            last_detail=self._last.detail_redacted if self._last else None,
            last_error=self._last_error,
        )

    def step(self) -> bool:
        """Send the next due notice, if any; whether there was one. Raises what the store raises."""
        now = self._clock()
        claimed = self._claim(now)
        if claimed is None:
            return False
        in_doubt = claimed.attempts > 1 and claimed.last_class == Kind.UNKNOWN
        # A notice without words (of an import, say) still goes out: Apprise refuses an empty body.
        subject = claimed.subject or f"[Laadwacht] {claimed.reason} #{claimed.incident_id[:8]}"
        body = claimed.body or f"{subject}\n\n{claimed.dedup_key}"
        body = self._finish(claimed, body)
        if in_doubt:
            subject, body = self._mark_duplicate(claimed.language or "nl", subject, body)
        self._sending_since = now
        outcome = self._target_of(claimed).send(
            subject,
            body,
            claimed.dedup_key,
            possible_duplicate=in_doubt,
            reason=claimed.reason,
            payload=claimed.payload,
        )
        self._sending_since = None
        done = self._clock()
        after = plan(
            outcome,
            attempts=claimed.attempts,
            created_at=claimed.created_at,
            now=done,
            in_doubt=in_doubt,
            chance=self._chance.random(),
        )
        forward = self._stand_in(claimed, outcome) if after.state is Next.DEAD else None
        self._mark(claimed.dedup_key, after, outcome, done, forward)
        self._attempts += 1
        self._last = outcome
        self._failures = 0 if outcome.kind is Kind.SENT else self._failures + 1
        if outcome.kind is not Kind.SENT:
            log.warning(
                "notice %s to %s: %s (%s), attempt %d, now %s",
                claimed.dedup_key,
                self.name,
                outcome.kind.value,
                outcome.detail_redacted,
                claimed.attempts,
                after.state.value,
            )
        latency = max(0.0, (done - claimed.created_at).total_seconds())
        self._on_sent(
            Sent(
                destination=self.name,
                kind=outcome.kind,
                state=after.state.value,
                latency_s=latency,
                took_s=outcome.took_s,
                detail=outcome.detail_redacted,
            )
        )
        return True

    def _claim(self, now: datetime) -> ledger.Claimed | None:
        return ledger.claim(self._store, self.name, now, self._lease_s, ended=self._ended)

    def _target_of(self, _claimed: ledger.Claimed) -> Target:
        return self._target

    def _mark(
        self, dedup_key: str, after: Plan, outcome: Outcome, done: datetime, forward: Forward | None
    ) -> None:
        """Write the outcome, again and again if need be: forgetting it would send the message twice."""
        while True:
            try:
                ledger.mark(
                    self._store,
                    dedup_key,
                    state=after.state.value,
                    kind=after.kind.value,
                    code=outcome.code,
                    detail=outcome.detail_redacted,
                    now=done,
                    not_before=after.not_before,
                    forward=forward,
                    channel=self._channel,
                )
            except StoreClosed:
                raise
            except Exception as error:
                self._last_error = f"marking failed: {type(error).__name__}"
                log.error("the outcome of notice %s could not be written: %s", dedup_key, error)
                if self._stopping.wait(MARK_RETRY_S):
                    raise
            else:
                return

    def _run(self) -> None:
        while self._after is not None and not self._after.stop(AFTER_S):
            if self._stopping.is_set():
                return
        self._after = None
        if self._stopping.wait(self._settle_s):
            return
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                rest = 0.0 if self.step() else self._poll_s
                pause = pause_s(self._failures)
            except StoreClosed:
                log.warning("lane %s ends: the store is closed", self.name)
                return
            except Exception as error:
                # The lane must outlive any single mishap: a dead lane is a silent one.
                self._sending_since = None
                self._last_error = f"{type(error).__name__}: {error}"
                log.exception("lane %s stumbled", self.name)
                rest, pause = self._poll_s, 0.0
            if pause and self._stopping.wait(pause):
                return
            if rest:
                self._wake.wait(rest)
