"""The facts of a notice as JSON, in a form that does not change: what a webhook receives beside the words.

Decides the fields, described in data/catalog/notice.schema.json. Fields may be added; one that is there keeps
its name and meaning as long as `SCHEMA` keeps its number. Instants are UTC in RFC 3339.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rules.core.model import IncidentRow, NoticeRow, Owner
from rules.dispatch.message_facts import Facts
from rules.dispatch.wording import clean

SCHEMA = "laadwacht.notice/1"
MAX_EVIDENCE = 20
MAX_STATIONS = 500


def payload(notice: NoticeRow, facts: Facts, audience: str) -> dict[str, Any]:
    """Plain data for one notice about one incident; the human words travel in `title` and `message`."""
    return {
        "schema": SCHEMA,
        "dedup_key": notice.dedup_key,
        "reason": notice.reason.value,
        "created_at": notice.created_at,
        "destination": notice.destination,
        "audience": audience,
        "language": facts.language,
        "incident": incident(facts),
        "items": [],
        "station": _station(facts),
        "site": _site(facts),
        "owner": _owner(facts.incident),
        "task": _task(facts),
        "evidence": [
            {"at": one.at, "says": one.says, "text": facts.sentence(one), "record_id": one.record_id}
            for one in facts.incident.evidence[-MAX_EVIDENCE:]
        ],
        "alternatives": facts.alternatives(),
        "advice": _advice(facts),
        "links": {"fault": facts.link(), "map": facts.map_link() or None},
    }


def test_payload(key: str, now: datetime, destination: str, audience: str, language: str) -> dict[str, Any]:
    """The same form without an incident: `reason` is `test`, and nobody has to act."""
    return {
        "schema": SCHEMA,
        "dedup_key": key,
        "reason": "test",
        "created_at": now,
        "destination": destination,
        "audience": audience,
        "language": language,
        "incident": None,
        "items": [],
        "station": None,
        "site": None,
        "owner": {"kind": Owner.NONE.value, "name": None},
        "task": None,
        "evidence": [],
        "alternatives": [],
        "advice": {"first_aid": None, "not_to_do": None},
        "links": {"fault": None, "map": None},
    }


def incident(facts: Facts) -> dict[str, Any]:
    row = facts.incident
    return {
        "id": row.incident_id,
        "state": row.state.value,
        "scope": row.scope.value,
        "fault": row.fault,
        "fault_name": facts.fault_name(),
        "side": row.side.value,
        "cause": row.cause.value,
        "severity": row.severity.value,
        "confidence": round(row.confidence, 3),
        "safety": row.safety,
        "imminent": row.imminent,
        "rule": row.rule_id,
        "rule_version": row.rule_version,
        "since": row.pending_at,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "count": row.count,
        "parent": row.parent,
        "stations": row.members[:MAX_STATIONS] or ([row.station] if row.station else []),
    }


def _station(facts: Facts) -> dict[str, Any] | None:
    row, asset = facts.incident, facts.asset
    if row.station is None:
        return None
    return {
        "id": row.station,
        "evse": row.evse,
        "connector": row.connector,
        "make": asset.make if asset else None,
        "model": asset.model if asset else None,
    }


def _site(facts: Facts) -> dict[str, Any] | None:
    asset = facts.asset
    name = facts.incident.site or (asset.site if asset else None)
    if name is None and asset is None:
        return None
    return {
        "name": name,
        "address": asset.address if asset else None,
        "latitude": asset.latitude if asset else None,
        "longitude": asset.longitude if asset else None,
    }


def _owner(row: IncidentRow) -> dict[str, Any]:
    name = {Owner.INSTALLER: row.installer, Owner.CUSTOMER: row.customer}.get(row.owner)
    return {"kind": row.owner.value, "name": clean(name, 80) if name else None}


def _task(facts: Facts) -> dict[str, Any] | None:
    task = facts.catalog.tasks.get(facts.incident.task)
    return None if task is None else {"id": task.id, "text": task.text.in_(facts.language)}


def _advice(facts: Facts) -> dict[str, Any]:
    fault = facts.catalog.faults.get(facts.incident.fault)
    no = fault.not_to_do if fault else None
    return {
        "first_aid": fault.first_aid.in_(facts.language) if fault else None,
        "not_to_do": no.in_(facts.language) if no else None,
    }
