"""A process for the crash test: sends one notice and is killed between the send and the mark.

Run as `python -m tests.dispatch.crash_sender DATABASE URL`. It dies by SIGKILL in `send`, right after the
receiver accepted: no exit handler, no commit, no mark.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.store import Store
from rules.core.model import NoticeReason
from rules.dispatch.apprise_target import AppriseTarget
from rules.dispatch.destinations import DestinationConfig
from rules.dispatch.outbox import Lane
from rules.dispatch.outcome import Outcome
from tests.dispatch.small_judge import notice


class DiesAfterSending(AppriseTarget):
    def send(self, subject: str, body: str, dedup_key: str, **more: Any) -> Outcome:
        super().send(subject, body, dedup_key, **more)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


def main(database: str, url: str) -> None:
    config = DestinationConfig(name="wacht", party="operator", url=url)
    store = Store.open(Path(database))
    one = notice("inc1", "wacht", 1, NoticeReason.FIRST, datetime.now(UTC))
    store.apply([one], rendered={one.dedup_key: ("nl", "Aardfout", "Wat: Aardfout")})
    lane = Lane(
        "wacht",
        DiesAfterSending(config),
        store,
        lambda: datetime.now(UTC),
        timeout_s=10.0,
        mark_duplicate=lambda _language, subject, body: (subject, body),
    )
    lane.step()


if __name__ == "__main__":
    main(*sys.argv[1:])
