"""What a message says when nobody answered, and when a promise of the contract was broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.catalog_files import load_catalog
from rules.core.handling import Escalation, EscalationStep
from rules.core.model import IncidentRow, NoticeReason
from rules.dispatch.message import render
from tests.dispatch.small_judge import incident, notice

SINCE = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CALLED = SINCE + timedelta(minutes=30)
STEPS = (EscalationStep("installer", 1800, ("volt-chef",), 2, CALLED, CALLED),)
BASE = replace(incident("BE-GNT-0001", SINCE, 7), fault="station.offline")
ESCALATED = replace(BASE, escalation=Escalation("installer", "installer:Volt", SINCE, STEPS))
LATE = replace(BASE, respond_by=CALLED, response_breached_at=CALLED)
NOT_REPAIRED = replace(LATE, responded_at=CALLED, repair_by=CALLED, repair_breached_at=CALLED)


@pytest.mark.parametrize(
    ("row", "reason", "language", "subject", "line"),
    [
        (ESCALATED, "escalated", "nl", "Nog niemand nam dit op", "Nog niemand nam dit op sinds vrijdag 20"),
        (
            ESCALATED,
            "escalated",
            "fr",
            "Personne n'a encore répondu",
            "Personne n'a répondu depuis le vendredi",
        ),
        (ESCALATED, "escalated", "en", "Nobody has answered yet", "Nobody has answered since Friday 20"),
        (LATE, "overdue", "nl", "Termijn overschreden", "TE LAAT: een antwoord was beloofd tegen vrijdag"),
        (NOT_REPAIRED, "overdue", "fr", "Délai dépassé", "EN RETARD : la réparation était promise"),
        (NOT_REPAIRED, "overdue", "en", "Past its term", "LATE: repair was promised by Friday 20"),
    ],
)
def test_the_message_says_that_nobody_answered_or_what_is_late(
    row: IncidentRow, reason: str, language: str, subject: str, line: str
) -> None:
    head, body = written(row, NoticeReason(reason), language)
    assert subject in head
    assert line in body


def test_a_first_message_says_neither() -> None:
    _, body = written(BASE, NoticeReason.FIRST, "en")
    assert "LATE" not in body
    assert "Nobody has answered" not in body


def written(row: IncidentRow, reason: NoticeReason, language: str) -> tuple[str, str]:
    told = notice(row.incident_id, "helpdesk", 0, reason, SINCE)
    return render(told, row, None, load_catalog(), language=language, dashboard_url="http://x")
