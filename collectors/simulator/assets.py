"""The demo's asset register: invented companies at real Belgian places, and the stations that play them.

Decides which station stands where. Must never name an existing company. Coordinates are town centres
(OpenStreetMap), moved a little per site.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from msgspec import Struct

from collectors.simulator.makes import ALFEN, ALPITRONIC, MAKES, Make, make_named
from rules.core.model import Asset


class Place(Struct, frozen=True):
    code: str
    street: str
    town: str
    latitude: float
    longitude: float


PLACES: tuple[Place, ...] = (
    Place("GNT", "Kouter 12", "9000 Gent", 51.0500, 3.7303),
    Place("ANT", "Noorderlaan 87", "2030 Antwerpen", 51.2213, 4.4051),
    Place("BRU", "Havenlaan 86", "1000 Brussel", 50.8467, 4.3525),
    Place("LEU", "Bondgenotenlaan 40", "3000 Leuven", 50.8798, 4.7005),
    Place("BRG", "Vaartdijkstraat 5", "8200 Brugge", 51.2093, 3.2247),
    Place("HAS", "Kempische Kaai 7", "3500 Hasselt", 50.9307, 5.3325),
    Place("KOR", "Doorniksewijk 49", "8500 Kortrijk", 50.8280, 3.2649),
    Place("MEC", "Schaliënhoevedreef 20", "2800 Mechelen", 51.0259, 4.4776),
    Place("LIE", "Quai de Rome 33", "4000 Liège", 50.6326, 5.5797),
    Place("NAM", "Avenue de la Gare 8", "5000 Namur", 50.4674, 4.8720),
    Place("AAL", "Gentsesteenweg 210", "9300 Aalst", 50.9378, 4.0403),
    Place("OST", "Vindictivelaan 1", "8400 Oostende", 51.2254, 2.9187),
    Place("CHA", "Rue de Marcinelle 14", "6000 Charleroi", 50.4108, 4.4446),
    Place("SNT", "Parklaan 60", "9100 Sint-Niklaas", 51.1651, 4.1437),
    Place("GEN", "Europalaan 22", "3600 Genk", 50.9655, 5.5001),
    Place("ROE", "Westlaan 101", "8800 Roeselare", 50.9446, 3.1246),
)
SITE_KINDS: tuple[str, ...] = (
    "Parking Centrum",
    "Bedrijvenpark",
    "Station",
    "Ziekenhuis",
    "Winkelpark",
    "Depot",
)
CUSTOMERS: tuple[str, ...] = (
    "Bakkerij Van Hulle",
    "Depot Lievens",
    "Zorggroep Ter Linden",
    "Hotel De Sluis",
    "Winkelpark Zuidpoort",
    "Transports Dubrulle",
)
# What half of the customers agreed with their installer.
SERVICE: dict[str, Any] = {
    "contract": "Service 4/24",
    "contract_hours": "Mo-Sa 07:00-19:00; PH off",
    "response_hours": 4.0,
    "repair_hours": 24.0,
}
INSTALLERS: tuple[str, ...] = ("Elektro Vermassen", "Volta Noord", "Laadtechniek Claes", "Électro Meuse")
#: Stations per site, repeated: one large site so that an outage of a whole site is plain to see.
SITE_SIZES: tuple[int, ...] = (6, 4, 3, 5, 2, 4, 3, 1)


class VirtualStation(Struct, frozen=True, kw_only=True):
    """A station to play. `identity` is the last part of its URL; `rated_kw` is per connector."""

    identity: str
    make: Make
    firmware: str
    serial: str
    connectors: int
    rated_kw: float
    site: str | None = None

    @property
    def version(self) -> str:
        return self.make.version


def demo_assets(n: int = 40, seed: int = 1) -> list[Asset]:
    """`n` registered stations on sites of one to six, the same for the same seed. ValueError for n < 1."""
    if n < 1:
        raise ValueError("a fleet needs at least one station")
    rng = Random(f"assets/{seed}")
    assets: list[Asset] = []
    site_no = 0
    while len(assets) < n:
        place = PLACES[site_no % len(PLACES)]
        size = min(SITE_SIZES[site_no % len(SITE_SIZES)], n - len(assets))
        assets += _site(rng, place, site_no, size, first_number=len(assets) + 1)
        site_no += 1
    return assets


def _site(rng: Random, place: Place, site_no: int, size: int, first_number: int) -> list[Asset]:
    """One site: one customer, one installer; an installer fits one or two makes at a site."""
    name = f"{SITE_KINDS[site_no % len(SITE_KINDS)]} {place.town.split(' ', 1)[1]}"
    if site_no >= len(PLACES):
        name += f" {site_no // len(PLACES) + 1}"
    customer = CUSTOMERS[site_no % len(CUSTOMERS)]
    installer = INSTALLERS[(site_no * 3 + site_no // 4) % len(INSTALLERS)]
    latitude, longitude = (
        place.latitude + rng.uniform(-0.008, 0.008),
        place.longitude + rng.uniform(-0.01, 0.01),
    )
    installed = date(2023, 1, 9) + timedelta(days=rng.randrange(900))
    assets = []
    for i in range(size):
        # Walking the makes by site keeps every make present even in a fleet of sixteen.
        make = MAKES[(site_no * 2 + i % 2) % len(MAKES)]
        if make is ALPITRONIC and i > 1:
            make = ALFEN
        assets.append(
            Asset(
                station=f"BE-{place.code}-{first_number + i:04d}",
                site=name,
                address=f"{place.street}, {place.town}",
                latitude=round(latitude + i * 0.00012, 6),
                longitude=round(longitude + i * 0.00009, 6),
                make=make.name,
                model=make.model,
                customer=customer,
                installer=installer,
                installed_on=installed.isoformat(),
                warranty_until=(installed + timedelta(days=3 * 365)).isoformat(),
                rated_kw=make.rated_kw * make.connectors,
                connectors=make.connectors,
                **(SERVICE if site_no % 2 == 0 else {}),
            )
        )
    return assets


def stations_of(assets: Sequence[Asset], seed: int = 1) -> list[VirtualStation]:
    """The stations that play these assets. One in four runs an older firmware; fixed by seed and identity."""
    return [_station_of(asset, Random(f"station/{seed}/{asset.station}")) for asset in assets]


def _station_of(asset: Asset, rng: Random) -> VirtualStation:
    make = make_named(asset.make)
    connectors = asset.connectors or make.connectors
    old = len(make.firmwares) > 1 and rng.random() < 0.25
    return VirtualStation(
        identity=asset.station,
        make=make,
        firmware=rng.choice(make.firmwares[1:]) if old else make.firmwares[0],
        serial=f"{make.name[:3].upper()}{rng.randrange(10**8):08d}",
        connectors=connectors,
        rated_kw=asset.rated_kw / connectors if asset.rated_kw else make.rated_kw,
        site=asset.site,
    )
