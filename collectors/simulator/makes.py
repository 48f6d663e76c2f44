"""The makes the simulator plays: what their stations call themselves and how they deviate from the standard.

Decides nothing about faults; must never claim to be a make's full behaviour. Vendor, model and firmware are
strings of the kind such stations send; each quirk names the public report it comes from.
"""

from __future__ import annotations

from msgspec import Struct


class Make(Struct, frozen=True, kw_only=True):
    """`vendor` is what BootNotification says, `name` what people say. `rated_kw` is per connector.

    `firmwares` runs from the newest to the oldest still in the field. `vendor_fault` is the
    (error code, vendor code, info) of a typical fault in this make's own words; None where no public
    table of its codes exists.
    """

    name: str
    vendor: str
    model: str
    version: str
    firmwares: tuple[str, ...]
    rated_kw: float
    connectors: int
    dc: bool = False
    vendor_id: str | None = None
    healthy_vendor_code: str | None = None
    vendor_fault: tuple[str, str, str] | None = None
    vendor_fault_on_station: bool = False
    reports_station: bool = True
    pretty_frames: bool = False
    boots_on_reconnect: bool = True
    has_sim: bool = False


ALFEN = Make(
    name="Alfen",
    vendor="Alfen BV",
    model="NG910-60023",
    version="1.6",
    firmwares=("6.6.0-4271", "6.4.0-4210", "5.8.1-4123"),
    rated_kw=22.0,
    connectors=2,
    vendor_id="Alfen BV",
    # 101: leak detector or installation, https://aceservice.alfen.com/en-us/knowledgebase/article/KA-01397
    vendor_fault=("OtherError", "101", "Installation error"),
    # Faults arrive on connector 0: https://github.com/lbbrhzn/ocpp/issues/337
    vendor_fault_on_station=True,
    has_sim=True,
)
ABB = Make(
    name="ABB",
    vendor="ABB",
    model="TAC-W22-T-R-0",
    version="1.6",
    firmwares=("1.8.32", "1.6.6"),
    rated_kw=22.0,
    connectors=1,
    vendor_id="ABB",
    # A vendor code of zero while healthy: https://github.com/evcc-io/evcc/issues/6817
    healthy_vendor_code="0x0000",
    vendor_fault=("OtherError", "0x0400", ""),
)
EASEE = Make(
    name="Easee",
    vendor="Easee",
    model="Charge",
    version="1.6",
    firmwares=("334", "320"),
    rated_kw=22.0,
    connectors=1,
    reports_station=False,
    boots_on_reconnect=False,
)
WALLBOX = Make(
    name="Wallbox",
    vendor="Wall Box Chargers",
    model="PPR1-0-2-4",
    version="1.6",
    firmwares=("6.7.38", "5.17.87"),
    rated_kw=22.0,
    connectors=1,
    # Frames pretty-printed over several lines: https://github.com/lbbrhzn/ocpp/issues/2
    pretty_frames=True,
)
ZAPTEC = Make(
    name="Zaptec",
    vendor="Zaptec",
    model="Zaptec Go",
    version="1.6",
    firmwares=("2.4.2.4", "2.3.1.2"),
    rated_kw=22.0,
    connectors=1,
    vendor_id="Zaptec",
    # Decimal of a bit mask, bit 29 is the lock's servo: https://github.com/smjothen/ApolloESP32Application
    vendor_fault=("ConnectorLockFailure", "536870912", "SERVO"),
    boots_on_reconnect=False,
)
SCHNEIDER = Make(
    name="Schneider",
    vendor="Schneider Electric",
    model="EVlink Pro AC",
    version="2.0.1",
    firmwares=("1.3.4", "1.2.0"),
    rated_kw=22.0,
    connectors=1,
)
EVBOX = Make(
    name="EVBox",
    vendor="EV-BOX",
    model="G4E-WBW-M7500E",
    version="1.6",
    # Vendor, model and firmware as in https://github.com/evcc-io/evcc/issues/15991
    firmwares=("P0424B0424v0.220706_W2.2.0", "P0400B0408"),
    rated_kw=11.0,
    connectors=2,
    vendor_id="EV-BOX",
    has_sim=True,
)
ALPITRONIC = Make(
    name="Alpitronic",
    vendor="alpitronic GmbH",
    model="HYC150",
    version="2.0.1",
    firmwares=("2.5.1", "2.4.3"),
    rated_kw=75.0,
    connectors=2,
    dc=True,
    has_sim=True,
)

MAKES: tuple[Make, ...] = (ALFEN, ABB, EASEE, WALLBOX, ZAPTEC, SCHNEIDER, EVBOX, ALPITRONIC)


def make_named(name: str | None) -> Make:
    """The make a register calls `name` (any case, vendor strings too); an unknown name plays as Alfen."""
    wanted = (name or "").casefold()
    for make in MAKES:
        if wanted in (make.name.casefold(), make.vendor.casefold()):
            return make
    return ALFEN
