"""An incident as plain data for readers outside: the fields that `laadwacht triage --json` promises.

Decides names and forms only. Station text is handed through as it is. Instants are ISO 8601 in UTC, with Z.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rules.core.catalog.entries import LANGUAGES, Catalog
from rules.core.model import Evidence, IncidentRow
from rules.core.verdict import explain

#: What a record was: `("frame", the message)` or `("event", a word)`; None for one that is not at hand.
RecordOf = Callable[[int], tuple[str, Any] | None]


def instant(at: datetime | None) -> str | None:
    """`2026-11-22T10:00:00Z`; None stays None."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def incident_report(
    row: IncidentRow,
    catalog: Catalog,
    record_of: RecordOf,
    *,
    language: str = "en",
    min_confidence: float = 0.5,
) -> dict[str, Any]:
    """One incident. `says` of the evidence is in `language`; texts in {nl, fr, en} carry all three, and
    so does `says_in`.

    `opened_at` of a pending incident is the time of its first sign: it had not lasted its hold time yet.
    """
    return {
        "id": row.incident_id,
        "state": row.state.value,
        "station": row.station,
        "site": row.site,
        "evse": row.evse,
        "connector": row.connector,
        "scope": row.scope.value,
        "fault": row.fault,
        "side": row.side.value,
        "cause": row.cause.value,
        "owner": row.owner.value,
        "task": row.task,
        "severity": row.severity.value,
        "confidence": row.confidence,
        "imminent": row.imminent,
        "opened_at": instant(row.opened_at or row.pending_at),
        "closed_at": instant(row.closed_at),
        "parent": row.parent,
        "members": list(row.members),
        "summary": explain.in_all(partial(explain.summary, row, catalog)),
        "why": explain.in_all(partial(explain.why, row, catalog, min_confidence=min_confidence)),
        "first_aid": explain.in_all(partial(explain.first_aid, row, catalog)),
        "alternatives": {
            language: explain.alternatives(row.fault, catalog, language) for language in LANGUAGES
        },
        "evidence": [_proof(item, catalog, record_of, language) for item in row.evidence],
        "rule": {"id": row.rule_id, "version": row.rule_version},
    }


def _proof(item: Evidence, catalog: Catalog, record_of: RecordOf, language: str) -> dict[str, Any]:
    found = None if item.record_id is None else record_of(item.record_id)
    # What no record shows (silence, a deadline) is an event by its own name.
    kind, value = ("event", item.says) if found is None else found
    texts = explain.in_all(partial(explain.says, item, catalog))
    return {"t": instant(item.at), kind: value, "says": texts[language], "says_in": texts}
