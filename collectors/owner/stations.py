"""What the owner process needs for its stations' door: tap, spool, proof of identity, TLS; from the settings.

Decides nothing beyond the settings. Raises what its parts raise, each with a message for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from collectors.commits import LiveIntake
from collectors.settings.options import Settings
from collectors.stations.access import Access
from collectors.stations.tls import Certificates
from collectors.tap.address import stations_from
from collectors.tap.door import Tap
from collectors.tap.spool import Spool
from collectors.tap.spool_store import SpoolingStore
from data.rows import FrameRow
from data.station_secrets import SecretBook, load_secrets
from data.store import Store

MB = 1_048_576


def spooling_store(settings: Settings, store: Store) -> SpoolingStore | None:
    """The store as the intake sees it in tap mode; None when nothing is tapped and nothing left to store."""
    ocpp, directory = settings.ocpp, settings.spool_dir
    single = stations_from(ocpp.tap_stations)
    if not (ocpp.tap or single or any(directory.glob("*.jsonl"))):
        return None

    def is_tapped(station: str) -> bool:
        return bool(single.get(station, ocpp.tap))

    def is_stored(frame: FrameRow) -> bool:
        found = store.query(
            "frame_is_stored",
            station=frame.station,
            received_at=frame.received_at,
            direction=frame.direction,
            raw=frame.raw,
        )
        return not found.is_empty()

    return SpoolingStore(store, Spool(directory, ocpp.spool_mb * MB), is_tapped, is_stored)


def tap_of(settings: Settings, intake: LiveIntake, clock: Callable[[], datetime]) -> Tap | None:
    ocpp = settings.ocpp
    single = stations_from(ocpp.tap_stations)
    if not (ocpp.tap or single):
        return None
    return Tap(
        intake,
        clock=clock,
        everyone=ocpp.tap or None,
        stations=single,
        max_frame_bytes=ocpp.max_frame_bytes,
        ping_interval_s=ocpp.ping_interval_s,
    )


def access_of(settings: Settings, book: SecretBook) -> Access:
    ocpp = settings.ocpp
    return Access(
        book=book if ocpp.authentication == "basic" else None,
        certificates=ocpp.tls_client_ca is not None,
        connections_per_address=ocpp.connections_per_address,
    )


def secret_book(store: Store) -> SecretBook:
    return SecretBook(load_secrets(store))


def certificates_of(settings: Settings) -> Certificates | None:
    """Raises `TlsTrouble`."""
    ocpp = settings.ocpp
    if ocpp.tls_certificate is None:
        return None
    return Certificates(ocpp.tls_certificate, ocpp.tls_key, ocpp.tls_client_ca)
