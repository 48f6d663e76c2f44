"""A believable fleet for the pages' tests: 24 stations in Belgium, 90 days, faults of both sides, notices.

Seeded: the same `now` gives the same rows. Everything goes in through the store's own doors.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from data.catalog_files import load_catalog
from data.store import Store
from rules.core.judge import Judge
from rules.core.model import (
    Asset,
    BlindRow,
    Effect,
    IntervalRow,
    LinkRow,
    SessionRow,
    StationRow,
    Status,
)
from rules.core.policy import Policy
from tests.pages.factory_incidents import CASES, Case, findings, first_aid, incident, site_outage

SITES = [
    ("GNT", "Gent Dampoort", "Dampoortstraat 12, 9000 Gent", 51.056, 3.741),
    ("ANR", "Antwerpen Zuid", "Vlaamsekaai 88, 2000 Antwerpen", 51.208, 4.394),
    ("LEU", "Leuven Vaartkom", "Vaartkom 31, 3000 Leuven", 50.887, 4.699),
    ("BRU", "Bruxelles Midi", "Avenue Fonsny 47, 1060 Bruxelles", 50.836, 4.336),
    ("LIE", "Liège Guillemins", "Rue des Guillemins 4, 4000 Liège", 50.624, 5.566),
    ("NAM", "Namur Jambes", "Avenue de Jambes 20, 5100 Namur", 50.457, 4.872),
    ("BRG", "Brugge Station", "Stationsplein 5, 8000 Brugge", 51.197, 3.217),
    ("HAS", "Hasselt Corda", "Kempische Steenweg 311, 3500 Hasselt", 50.948, 5.337),
]
INSTALLERS = ["Volta Installaties", "Elektro Maes", "Bornes du Sud"]
CUSTOMERS = ["Brouwerij De Linde", "Transport Peeters", "Clinique Sainte-Anne", "Gemeente Melle"]
MAKES = [("Alfen", "NG910"), ("ABB", "Terra AC"), ("EVBox", "BusinessLine"), ("Kempower", "Satellite")]


def assets() -> list[Asset]:
    made = []
    for index in range(24):
        code, site, address, latitude, longitude = SITES[index % len(SITES)]
        make, model = MAKES[index % len(MAKES)]
        made.append(
            Asset(
                station=f"BE-{code}-{index // len(SITES) + 1:04d}",
                site=site,
                address=address,
                latitude=latitude - 0.06 * (index // len(SITES)),
                longitude=longitude + 0.09 * (index // len(SITES)),
                make=make,
                model=model,
                customer=CUSTOMERS[index % len(CUSTOMERS)],
                installer=INSTALLERS[index % len(INSTALLERS)],
                installed_on="2024-03-18",
                warranty_until="2027-03-18",
                rated_kw=22.0,
                connectors=2,
            )
        )
    return made


def fill(store: Store, now: datetime, days: int = 90) -> list[Asset]:
    """Register, history, incidents, frames and notices into `store`."""
    fleet = assets()
    columns = "station, site, address, latitude, longitude, make, model, customer, installer, installed_on, "
    columns += "warranty_until, rated_kw, connectors"

    def register(cursor: Any) -> None:
        for asset in fleet:
            values = [getattr(asset, name.strip()) for name in columns.split(",")]
            marks = ", ".join("?" * (len(values) + 1))
            cursor.execute(
                f"INSERT INTO register ({columns}, imported_at) VALUES ({marks})",
                [*values, now.astimezone(UTC).replace(tzinfo=None)],
            )

    store.transact(register)
    dice = random.Random(7)
    effects: list[Effect] = [
        BlindRow(
            started_at=now - timedelta(days=31),
            ended_at=now - timedelta(days=31, hours=-2),
            reason="owner_down",
        )
    ]
    for index, asset in enumerate(fleet):
        effects += history(asset, index, now, days, dice)
    notices: dict[str, tuple[str, str, str]] = {}
    for number, case in enumerate(CASES):
        made, texts = incident(store, fleet, number, case, now)
        effects += made
        notices |= texts
    effects.append(site_outage(fleet, now))
    effects += findings(now)
    effects += first_aid(now)
    # The past is judged already: an owner that starts on this store must not judge these frames again.
    judged = Judge(load_catalog(), {}, Policy(), []).state()
    store.apply(effects, cursor=store.next_record_id(), snapshot=judged, at=now, rendered=notices)
    store.transact(lambda cursor: deliver(cursor, now))
    return fleet


def down_spells(index: int, now: datetime) -> list[tuple[datetime, datetime | None, Case]]:
    spells = []
    for case in CASES:
        if case.station == index:
            start = now - timedelta(minutes=case.ago)
            spells.append((start, start + timedelta(minutes=case.lasted) if case.lasted else None, case))
    return sorted(spells, key=lambda spell: spell[0])


def history(asset: Asset, index: int, now: datetime, days: int, dice: random.Random) -> list[Effect]:
    start = now - timedelta(days=days if index != 23 else 20)
    offline = index == 5
    last_seen = now - timedelta(minutes=190) if offline else now - timedelta(seconds=dice.randint(1, 55))
    rows: list[Effect] = [
        StationRow(
            station=asset.station,
            first_seen_at=start,
            last_seen_at=last_seen,
            connected=not offline,
            connected_at=start,
            version="1.6" if index % 3 else "2.0.1",
            make=asset.make,
            model=asset.model,
            serial=f"SN{9000 + index}",
            firmware=f"6.{index % 4}.1",
            heartbeat_s=300,
            boot_status="Accepted",
            booted_at=start,
        )
    ]
    if offline:
        rows.append(LinkRow(station=asset.station, started_at=start, state="online", ended_at=last_seen))
        rows.append(LinkRow(station=asset.station, started_at=last_seen, state="offline"))
    else:
        rows.append(LinkRow(station=asset.station, started_at=start, state="online"))
    for connector in (1, 2):
        rows += connector_history(asset.station, connector, start, now, down_spells(index, now), dice)
    return rows


def connector_history(  # noqa: PLR0917 the pieces of one story
    station: str,
    connector: int,
    start: datetime,
    now: datetime,
    spells: list[tuple[datetime, datetime | None, Case]],
    dice: random.Random,
) -> list[Effect]:
    rows: list[Effect] = []
    at, register = start, dice.randint(100_000, 900_000)
    spells = [spell for spell in spells if spell[2].error_code != "InternalError"] if connector == 1 else []

    def hold(status: Status, until: datetime | None, code: str | None = None) -> None:
        rows.append(
            IntervalRow(
                station=station,
                evse=connector,
                connector=connector,
                started_at=at,
                status=status,
                ended_at=until,
                error_code=code,
            )
        )

    while True:
        free_until = at + timedelta(hours=dice.uniform(6, 40))
        broken = next((spell for spell in spells if spell[0] >= at and spell[0] <= free_until), None)
        if broken and broken[0] < now:
            hold(Status.AVAILABLE, broken[0])
            at = broken[0]
            hold(Status.FAULTED, broken[1], broken[2].error_code)
            if broken[1] is None:
                return rows
            at = broken[1]
            continue
        if free_until >= now:
            hold(Status.AVAILABLE, None)
            return rows
        hold(Status.AVAILABLE, free_until)
        at = free_until
        lasts = timedelta(hours=dice.uniform(0.6, 5))
        running = at + lasts >= now
        energy = (
            None if dice.random() < 0.04 else round(lasts.total_seconds() / 3600 * dice.uniform(4200, 10500))
        )
        ended = None if running else at + lasts
        rows.append(
            SessionRow(
                session_id=f"{station}/{connector}/{int(at.timestamp())}",
                station=station,
                started_at=at,
                evse=connector,
                connector=connector,
                ref=str(int(at.timestamp()) % 100000),
                token="tok_0123456789abcdef",
                ended_at=ended,
                meter_start_wh=register,
                meter_last_wh=register + (energy or 0),
                energy_wh=energy,
                max_power_w=11000.0,
                reason=None if running else dice.choice(["EVDisconnected", "Local", "Remote"]),
            )
        )
        register += energy or 0
        hold(Status.CHARGING, ended)
        if running:
            return rows
        at += lasts


def deliver(cursor: Any, now: datetime) -> None:
    """Marks what the fleet's notices came to, as the delivery lanes would have."""
    naive = now.astimezone(UTC).replace(tzinfo=None)
    cursor.execute(
        "UPDATE notice SET state = 'sent', attempts = 1, last_class = 'sent', last_code = 250, "
        "sent_at = created_at + INTERVAL 2 SECOND"
    )
    cursor.execute(
        "UPDATE notice SET state = 'dead', attempts = 6, last_class = 'permanent', last_code = 550, "
        "sent_at = NULL, "
        "last_detail = 'mailbox unavailable' WHERE incident_id = 'i000000000000005'"
    )
    cursor.execute(
        "INSERT INTO destination_health VALUES ('helpdesk', ?, NULL, 'sent', NULL, 0), "
        "('volta-monteur', ?, ?, 'permanent', 'mailbox unavailable', 1)",
        [naive - timedelta(minutes=20), naive - timedelta(minutes=45), naive - timedelta(minutes=10)],
    )
