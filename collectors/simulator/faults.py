"""What can be wrong with a simulated station, and how a station tells it in OCPP 1.6 and in 2.0.1.

Decides nothing about side or owner: that is judgement's. Meanings of the sixteen 1.6 codes follow OCPP 1.6;
components and variables follow the standard component list of OCPP 2.0.1 part 2 appendix.
"""

from __future__ import annotations

from msgspec import Struct

from collectors.simulator.makes import Make


class Fault(Struct, frozen=True, kw_only=True):
    """A fault as the station reports it. `status` None: the connector keeps its status beside the error.

    `on_station`: reported for connector 0. `cured_by_reset`: a reboot takes it away.
    `component`, `variable`, `value` and `tech_code` are how 2.0.1 tells it in NotifyEvent.
    """

    name: str
    error_code: str
    status: str | None = "Faulted"
    vendor_code: str | None = None
    info: str | None = None
    on_station: bool = False
    cured_by_reset: bool = False
    component: str = "ChargingStation"
    variable: str = "Problem"
    value: str = "true"
    tech_code: str | None = None
    stop_reason: str = "Other"


def _coded(code: str, component: str, variable: str = "Problem", **more: object) -> Fault:
    return Fault(name=code, error_code=code, component=component, variable=variable, **more)  # type: ignore[arg-type]


# The tech codes are ChargeX's MRECs, which say the same in 2.0.1: https://inl.gov/chargex
_STANDARD: tuple[Fault, ...] = (
    _coded("ConnectorLockFailure", "ConnectorPlugRetentionLock"),
    # By OCPP 1.6 a car that does not talk is no reason for Faulted: the connector suspends.
    _coded("EVCommunicationError", "CPPWMController", status="SuspendedEVSE", tech_code="CX010"),
    _coded("GroundFailure", "RCD", "Tripped", tech_code="CX002", stop_reason="EmergencyStop"),
    _coded("HighTemperature", "TemperatureSensor", status=None, tech_code="CX003"),
    _coded("InternalError", "Controller", cured_by_reset=True),
    _coded("LocalListConflict", "LocalAuthListCtrlr", status=None, on_station=True),
    _coded("OtherError", "ChargingStation"),
    _coded("OverCurrentFailure", "OverCurrentProtection", "Tripped", tech_code="CX004"),
    _coded("OverVoltage", "ElectricalFeed", tech_code="CX005"),
    _coded("PowerMeterFailure", "FiscalMetering"),
    _coded("PowerSwitchFailure", "PowerContactor", tech_code="CX017"),
    _coded("ReaderFailure", "TokenReader", status=None, on_station=True),
    _coded("ResetFailure", "Controller", status=None, on_station=True),
    _coded("UnderVoltage", "ElectricalFeed", tech_code="CX006"),
    _coded("WeakSignal", "DataLink", status=None, on_station=True, tech_code="CX007"),
)

#: Faulted while the error code says NoError: seen at boot, and from stations that give no reason.
FAULTED_WITHOUT_CODE = Fault(
    name="FaultedWithoutCode",
    error_code="NoError",
    component="EVSE",
    variable="AvailabilityState",
    value="Faulted",
)

FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*_STANDARD, FAULTED_WITHOUT_CODE)}


def vendor_fault(make: Make) -> Fault:
    """The make's own code for a fault; `OtherError` with a line of text where no code is public."""
    code, vendor_code, info = make.vendor_fault or (
        "OtherError",
        "",
        "Internal hardware error, service needed",
    )
    return Fault(
        name="vendor",
        error_code=code,
        vendor_code=vendor_code or None,
        info=info or None,
        on_station=make.vendor_fault_on_station,
        component="EVSE",
        tech_code=vendor_code or None,
    )


def fault_named(name: str, make: Make) -> Fault:
    """The fault called `name`: a 1.6 error code, `FaultedWithoutCode` or `vendor`. KeyError if unknown."""
    return vendor_fault(make) if name == "vendor" else FAULTS[name]
