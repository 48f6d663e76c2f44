"""Judges a recorded log without a server and without a database, and tells its incidents as plain data.

Decides what the end of a log means. Where no `until` is given, a fault that was there at the end counts
though its hold time had not passed: an excerpt is cut off around the fault that it shows. Silence after the
last record is never a fault then: the log ended, not the station. Nor is a gap in a log that shows neither
the station's rhythm nor its link: whoever made the excerpt left something out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from collectors.decode.privacy import Pseudonymiser, is_pseudonym
from collectors.logs.logfile import BadLine, LogRecord
from collectors.logs.replay import Replay
from rules.core.catalog.entries import Catalog
from rules.core.detect import silence
from rules.core.judge import Judge
from rules.core.model import Asset, IncidentRow, IncidentState
from rules.core.policy import Policy
from rules.core.verdict.report import incident_report

#: Faults that consist of the absence of frames: only time itself can show them, never the end of a log.
OF_SILENCE = frozenset({"link.silence"})


def _guessed(row: IncidentRow) -> bool:
    return any(proof.values.get(silence.GUESSED) for proof in row.evidence)


class NumberedCards(Pseudonymiser):
    """Cards numbered in order of appearance: the same log gives the same verdicts, ids included, and nothing
    of a card is left to compute it from."""

    def __init__(self) -> None:
        super().__init__(secrets.token_bytes(32))
        self._numbers: dict[str, str] = {}

    def token(self, token: str) -> str:
        if is_pseudonym(token):
            return token
        plain = token.strip().casefold()
        return self._numbers.setdefault(plain, f"tok_{len(self._numbers) + 1:016x}")


class Triage(Struct, frozen=True, kw_only=True):
    """What a log showed. `rows` are the incidents themselves, `incidents` the same as plain data, same order.

    `first_bad` are the first lines that are no records; `bad` counts all of them.
    """

    rows: tuple[IncidentRow, ...]
    incidents: list[dict[str, Any]]
    read: int
    late: int
    stations: int
    bad: int
    first_bad: tuple[BadLine, ...]


def triage(
    items: Iterable[LogRecord | BadLine],
    catalog: Catalog,
    register: Mapping[str, Asset],
    policy: Policy,
    *,
    until: datetime | None = None,
    language: str = "en",
    bad_told: int = 50,
) -> Triage:
    """Never raises for what a log holds. `until` is aware UTC; before the log's end it only leaves out what
    is still in its hold time. Cards are numbered.
    """
    bad: list[BadLine] = []
    bad_count = 0

    def refuse(line: BadLine) -> None:
        nonlocal bad_count
        bad_count += 1
        if len(bad) < bad_told:
            bad.append(line)

    judge = Judge(catalog, register, policy, (), imported=True)
    replay = Replay(judge, NumberedCards())
    replay.run(items, refuse)
    if until is not None and (replay.reached is None or until > replay.reached):
        replay.advance(until)
    rows = tuple(
        row
        for row in replay.incidents(pending=until is None)
        if row.rule_id not in OF_SILENCE or (row.state is not IncidentState.PENDING and not _guessed(row))
    )
    sure = policy.min_confidence
    return Triage(
        rows=rows,
        incidents=[
            incident_report(row, catalog, replay.record_of, language=language, min_confidence=sure)
            for row in rows
        ],
        read=replay.read,
        late=replay.late,
        stations=len(replay.stations),
        bad=bad_count,
        first_bad=tuple(bad),
    )
