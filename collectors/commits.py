"""The live intake's rhythm: one hand-over to the store per turn of the event loop, one wake-up per commit.

Decides when a reply may leave: after the commit that holds the request it answers, and never when that commit
failed. It must not wait for the disk itself: everything here runs on the event loop and returns at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from collectors.decode.privacy import Pseudonymiser
from collectors.intake import FrameStore, Intake

log = logging.getLogger(__name__)

# So many records may be on their way to the disk before reading from stations pauses: about two seconds of
# the fastest stream the store takes, and some 50 MB.
MAX_UNSTORED = 40_000

Reply = Callable[[], None]
Failed = Callable[[BaseException], None]


class LiveIntake(Intake):
    """The intake of the event loop. Every method but the store's callback runs on the loop's thread."""

    def __init__(self, store: FrameStore, pseudonymiser: Pseudonymiser) -> None:
        super().__init__(store, pseudonymiser)
        self._loop = asyncio.get_running_loop()
        self._replies: list[Reply] = []
        self._failures: list[Failed] = []
        self._scheduled = False
        self._committed: deque[tuple[list[Reply], list[Failed], int, BaseException | None]] = deque()
        self._waking = False
        self._resume: list[Reply] = []
        self._all_stored: list[asyncio.Future[None]] = []
        self.unstored = 0
        self.failed_commits = 0
        self.last_error: BaseException | None = None

    def after_commit(self, reply: Reply, failed: Failed | None = None) -> None:
        """Call `reply` on the loop once everything recorded so far is durable, or `failed` if that fails."""
        self._replies.append(reply)
        if failed is not None:
            self._failures.append(failed)

    def touch(self) -> None:
        """Hand over what was recorded at the end of this turn of the loop."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._hand_over)

    @property
    def congested(self) -> bool:
        return self.unstored >= MAX_UNSTORED

    def when_clear(self, resume: Reply) -> None:
        """Call `resume` on the loop once the store has caught up."""
        self._resume.append(resume)

    async def drain(self) -> None:
        """Wait until everything recorded so far was stored, or failed to be."""
        if self._scheduled or self.unstored:
            future: asyncio.Future[None] = self._loop.create_future()
            self._all_stored.append(future)
            await future

    def _hand_over(self) -> None:
        self._scheduled = False
        replies, self._replies = self._replies, []
        failures, self._failures = self._failures, []
        count = self.open_records
        self.unstored += count

        def done(error: BaseException | None) -> None:
            # The writer's thread. Appending comes before looking at the flag, and the loop clears the flag
            # before it empties the queue, so that no commit is left unnoticed.
            self._committed.append((replies, failures, count, error))
            if not self._waking:
                self._waking = True
                self._loop.call_soon_threadsafe(self._on_commits)

        self.flush(done)

    def _on_commits(self) -> None:
        self._waking = False
        committed = self._committed
        while committed:
            replies, failures, count, error = committed.popleft()
            self.unstored -= count
            if error is None:
                self.last_error = None
                for reply in replies:
                    reply()
            else:
                # The stations are not told "stored": they will ask again.
                self.failed_commits += 1
                self.last_error = error
                log.error("%d records could not be stored: %s", count, error)
                for failed in failures:
                    failed(error)
        if self._resume and self.unstored < MAX_UNSTORED // 2:
            resume, self._resume = self._resume, []
            for call in resume:
                call()
        if self._all_stored and not self.unstored and not self._scheduled:
            waiters, self._all_stored = self._all_stored, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
