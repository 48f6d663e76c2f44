"""The faults of the pages' test fleet: one incident of each kind, open and past, with frames, history and
notices.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from data.rows import Batch, FrameRow
from data.store import Store
from rules.core.model import (
    Asset,
    Cause,
    Effect,
    Evidence,
    FeedbackRow,
    FeedbackVerdict,
    IncidentEventRow,
    IncidentRow,
    IncidentState,
    NoticeReason,
    NoticeRow,
    Owner,
    Scope,
    Severity,
    Side,
)
from tests.pages.factory_handling import handled


class Case(NamedTuple):
    """One incident to make: `ago` minutes since it began, `lasted` minutes or None while it is open."""

    station: int
    fault: str
    side: Side
    cause: Cause
    owner: Owner
    task: str
    severity: Severity
    confidence: float
    ago: int
    lasted: int | None = None
    acknowledged: bool = False
    error_code: str = "InternalError"


H, S = Side.HARDWARE, Side.SOFTWARE
CASES = [
    Case(
        0,
        "electrical.ground",
        H,
        Cause.CHARGER_HARDWARE,
        Owner.INSTALLER,
        "ins.maintain.faults",
        Severity.CRITICAL,
        0.95,
        47,
        error_code="GroundFailure",
    ),
    Case(
        5,
        "station.offline",
        H,
        Cause.LOCAL_NETWORK,
        Owner.INSTALLER,
        "ins.maintain.faults",
        Severity.HIGH,
        0.8,
        190,
        acknowledged=True,
    ),
    Case(
        9,
        "auth.card_refused",
        S,
        Cause.AUTHORISATION,
        Owner.OPERATOR,
        "mob.card.activation",
        Severity.MEDIUM,
        0.7,
        23,
    ),
    Case(
        13,
        "meter.failure",
        H,
        Cause.CHARGER_HARDWARE,
        Owner.INSTALLER,
        "ins.maintain.faults",
        Severity.HIGH,
        0.9,
        1510,
        error_code="PowerMeterFailure",
    ),
    Case(
        17,
        "station.boot_rejected",
        S,
        Cause.CONFIGURATION,
        Owner.OPERATOR,
        "mob.station.registration",
        Severity.HIGH,
        0.9,
        66,
    ),
    Case(
        20,
        "link.weak_signal",
        H,
        Cause.LOCAL_NETWORK,
        Owner.INSTALLER,
        "ins.install.connection",
        Severity.LOW,
        0.85,
        3000,
        error_code="WeakSignal",
    ),
    Case(
        0,
        "connector.lock",
        H,
        Cause.CHARGER_HARDWARE,
        Owner.INSTALLER,
        "ins.maintain.faults",
        Severity.CRITICAL,
        0.9,
        21000,
        340,
        True,
        "ConnectorLockFailure",
    ),
    Case(
        2,
        "station.internal",
        H,
        Cause.UNKNOWN,
        Owner.INSTALLER,
        "ins.maintain.firstline",
        Severity.MEDIUM,
        0.6,
        4100,
        95,
        True,
    ),
    Case(
        9,
        "auth.card_refused",
        S,
        Cause.AUTHORISATION,
        Owner.OPERATOR,
        "mob.card.activation",
        Severity.MEDIUM,
        0.7,
        9000,
        60,
        True,
    ),
    Case(
        22,
        "station.temperature",
        H,
        Cause.EXTERNAL,
        Owner.INSTALLER,
        "ins.inspect.filters",
        Severity.LOW,
        0.75,
        30000,
        800,
        False,
        "HighTemperature",
    ),
]


def proof(case: Case, began: datetime, record: int) -> Evidence:
    says, values = {
        "station.offline": ("silent", {"limit_s": 900}),
        "auth.card_refused": ("refused_good_station", {"outcome": "Invalid"}),
        "station.boot_rejected": ("boot_answer", {"status": "Rejected"}),
    }.get(case.fault, ("status_error", {"code": case.error_code, "status": "Faulted"}))
    return Evidence(at=began, says=says, record_id=record, values=values)


def incident(
    store: Store, fleet: list[Asset], number: int, case: Case, now: datetime
) -> tuple[list[Effect], dict[str, tuple[str, str, str]]]:
    asset = fleet[case.station]
    began = now - timedelta(minutes=case.ago)
    closed = began + timedelta(minutes=case.lasted) if case.lasted else None
    records = [store.next_record_id() for _ in range(2)]
    payload = {
        "connectorId": 1,
        "errorCode": case.error_code,
        "status": "Faulted",
        "vendorErrorCode": "E-0231",
        "timestamp": began.isoformat(),
    }
    frames = [
        FrameRow(
            record_id=record,
            received_at=began + timedelta(seconds=3 * i),
            station=asset.station,
            direction=way,
            version="1.6",
            type=2 if way == "in" else 3,
            message_id=f"m{number}-{i}",
            action="StatusNotification",
            raw=json.dumps(
                [2, f"m{number}-{i}", "StatusNotification", payload]
                if way == "in"
                else [3, f"m{number}-{i}", {}]
            ),
        )
        for i, (record, way) in enumerate(zip(records, ("in", "out"), strict=True))
    ]
    store.submit(Batch(frames=frames))
    key = f"i{number:015x}"
    acked = began + timedelta(minutes=9) if case.acknowledged else None
    whole = case.fault.startswith("station.")
    row = IncidentRow(
        incident_id=key,
        key=f"{asset.station}/{case.fault}",
        state=IncidentState.RESOLVED if closed else IncidentState.OPEN,
        scope=Scope.STATION if whole else Scope.CONNECTOR,
        fault=case.fault,
        side=case.side,
        cause=case.cause,
        owner=case.owner,
        task=case.task,
        severity=case.severity,
        confidence=case.confidence,
        rule_id=f"status.{case.fault}",
        rule_version="1",
        pending_at=began,
        station=asset.station,
        site=asset.site,
        evse=None if whole else 1,
        connector=None if whole else 1,
        installer=asset.installer,
        customer=asset.customer,
        opened_at=began + timedelta(seconds=120),
        closed_at=closed,
        acknowledged_at=acked,
        acknowledged_by="els@mobiflow.example" if acked else None,
        route_rule=f"route.{case.owner.value}",
        evidence=[proof(case, began, records[0]), *tried(case, began)],
        safety=case.fault == "electrical.ground",
        updated_at=acked or began,
    )
    row = handled(row, number, now)
    steps = [("opened", began + timedelta(seconds=120), None)]
    if acked:
        steps.append(("acknowledged", acked, "els@mobiflow.example"))
    if closed:
        steps.append(("resolved", closed, None))
    effects: list[Effect] = [row]
    effects += [
        IncidentEventRow(incident_id=key, n=n, at=at, event=event, by=by)
        for n, (event, at, by) in enumerate(steps, 1)
    ]
    texts = {}
    party = "operator" if case.owner is Owner.OPERATOR else f"installer:{asset.installer}"
    destination = "helpdesk" if case.owner is Owner.OPERATOR else "volta-monteur"
    for seq, (reason, at) in enumerate([(NoticeReason.FIRST, began), (NoticeReason.RESOLVED, closed)]):
        if at is None:
            continue
        dedup = f"{key}:{destination}:{seq}"
        told_at = at + timedelta(seconds=180)
        effects.append(
            NoticeRow(
                dedup_key=dedup,
                incident_id=key,
                destination=destination,
                party=party,
                seq=seq,
                reason=reason,
                created_at=told_at,
                not_before=told_at,
            )
        )
        texts[dedup] = (
            "nl",
            f"{case.fault} op {asset.station}",
            f"Storing op {asset.station}, {asset.address}",
        )
    return effects, texts


# What people found out about the faults that are over: incident number in CASES, who, what.
FOUND = [
    (6, "jan@volta.example", FeedbackVerdict.CONFIRMED, None, "Slot vervangen"),
    (7, "els@mobiflow.example", FeedbackVerdict.WRONG_SIDE, Side.SOFTWARE, "Weg na een update"),
    (8, "els@mobiflow.example", FeedbackVerdict.CONFIRMED, None, None),
    (9, "els@mobiflow.example", FeedbackVerdict.NO_FAULT_FOUND, None, "Filter was <b>proper</b>"),
]


def findings(now: datetime) -> list[Effect]:
    """The feedback of `FOUND`, an hour ago, with its line in each incident's history."""
    at, made = now - timedelta(hours=1), list[Effect]()
    for number, by, verdict, side, text in FOUND:
        key = f"i{number:015x}"
        told = {"verdict": verdict.value, "side": side and side.value, "text": text}
        detail = {name: value for name, value in told.items() if value is not None}
        made.append(FeedbackRow(incident_id=key, at=at, by=by, verdict=verdict, side=side, text=text))
        made.append(IncidentEventRow(incident_id=key, n=50, at=at, event="feedback", by=by, detail=detail))
    return made


def first_aid(now: datetime) -> list[Effect]:
    """What was tried from afar at the failed meter, and why nothing was at the weak signal."""
    began = now - timedelta(minutes=1510 - 2)
    told: list[tuple[int, str, dict[str, str]]] = [
        (0, "aid_asked", {"do": "soft_reset"}),
        (2, "aid_answered", {"do": "soft_reset", "outcome": "accepted", "detail": "Accepted"}),
        (150, "aid_no_effect", {"do": "soft_reset"}),
    ]
    made: list[Effect] = [
        IncidentEventRow(
            incident_id=f"i{3:015x}",
            n=20 + n,
            at=began + timedelta(seconds=after),
            event=event,
            detail=detail,
        )
        for n, (after, event, detail) in enumerate(told)
    ]
    made.append(
        IncidentEventRow(
            incident_id=f"i{5:015x}",
            n=20,
            at=now - timedelta(minutes=2998),
            event="aid_not_tried",
            detail={"do": "soft_reset", "why": "session"},
        )
    )
    return made


def tried(case: Case, began: datetime) -> list[Evidence]:
    """The same attempt as proof."""
    if case.fault != "meter.failure":
        return []
    steps = ((0, "aid_asked_soft_reset"), (2, "aid_accepted"), (150, "aid_no_effect"))
    return [Evidence(at=began + timedelta(seconds=120 + after), says=says) for after, says in steps]


def site_outage(fleet: list[Asset], now: datetime) -> IncidentRow:
    """A whole site of the first station's installer that fell silent: an incident of no single station."""
    first = fleet[0]
    began = now - timedelta(minutes=7)
    return IncidentRow(
        incident_id="i" + "f" * 15,
        key=f"site/{first.site}",
        state=IncidentState.OPEN,
        scope=Scope.SITE,
        fault="site.offline",
        side=Side.HARDWARE,
        cause=Cause.LOCAL_NETWORK,
        owner=Owner.INSTALLER,
        task="ins.maintain.faults",
        severity=Severity.CRITICAL,
        confidence=0.9,
        rule_id="scope.site",
        rule_version="1",
        pending_at=began,
        opened_at=began,
        site=first.site,
        members=[asset.station for asset in fleet if asset.site == first.site],
        installer=first.installer,
        customer=first.customer,
        updated_at=began,
    )
