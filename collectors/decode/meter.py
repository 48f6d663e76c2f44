"""Meter values of every OCPP version, brought to Wh, W, A, V, percent and degrees Celsius.

One `MeterRead` for each time stamp. A total without phase wins over phases; energy and power of phases
are added up, of current, voltage and temperature the highest counts. Interval energy, export and reactive
values are left out: no reader needs them and adding them up would be wrong.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from collectors.decode import findings
from collectors.decode.reading import Reading
from collectors.decode.values import read_instant, read_int, read_text
from rules.core.model import MeterRead

_PHASES: Final = {"L1": "L1", "L2": "L2", "L3": "L3", "L1-N": "L1", "L2-N": "L2", "L3-N": "L3"}
LIVE_V: Final = 150.0
DEAD_V: Final = 50.0
"""Volts to neutral: above the first a phase is live on any grid, below the second it is not (EN 50160)."""
MAX_VALUE: Final = 1e15
"""No register, voltage or current of any station comes near; and a float holds every watt-hour below it."""

REGISTER: Final = "Energy.Active.Import.Register"
Ranks: TypeAlias = tuple[dict[str, float], dict[str, float], dict[str, float], dict[str, float]]
"""What was told, from the least to the most telling: phases elsewhere, a total elsewhere, phases, a total."""
_FIELDS: Final = {
    REGISTER: "energy_wh",
    "Power.Active.Import": "power_w",
    "Current.Import": "current_a",
    "Current.Offered": "offered_a",
    "Voltage": "voltage_v",
    "SoC": "soc",
    "Temperature": "temperature_c",
}
_SUMMED: Final = frozenset({"energy_wh", "power_w"})
_LINE_TO_LINE: Final = frozenset({"L1-L2", "L2-L3", "L3-L1"})
_ELSEWHERE: Final = frozenset({"Inlet", "EV", "Upstream"})
"""What the station draws, or the car measures, where the outlet is told too: not what is given."""
_NO_TOTAL: Final = frozenset({"N"}) | _LINE_TO_LINE
_SCALE: Final[dict[str, dict[str, int | Decimal]]] = {
    "energy_wh": {"Wh": 1, "kWh": 1000, "MWh": 1_000_000},
    "power_w": {"W": 1, "kW": 1000},
    "current_a": {"A": 1, "mA": Decimal("0.001")},
    "offered_a": {"A": 1, "mA": Decimal("0.001")},
    "voltage_v": {"V": 1, "mV": Decimal("0.001"), "kV": 1000},
    "soc": {"Percent": 1, "%": 1},
}
_CELSIUS: Final = frozenset({"Celsius", "Celcius", "C", "°C"})  # the schema of 1.6 itself misspells it


def read_meters(
    reading: Reading,
    values: Any,
    *,
    modern: bool,
    evse: int | None = None,
    connector: int | None = None,
    ref: str | None = None,
) -> list[MeterRead]:
    """The readings in a `meterValue` or `transactionData` member.

    `modern` is OCPP 2.x, which writes values as numbers; 1.6 writes them as text.
    """
    if isinstance(values, dict):
        reading.find(findings.METER_VALUE_OBJECT)
        values = [values]
    if not isinstance(values, list) or not values:
        reading.find(findings.METER_VALUE_MISSING)
        return []
    reads: list[MeterRead] = []
    by_time: dict[datetime | None, Ranks] = {}
    for value in values:
        if not isinstance(value, dict):
            reading.find(findings.METER_VALUE_MISSING)
            continue
        instant = _instant(reading, value)
        # Zaptec sends one meterValue for each measurand, all with one time stamp: together one reading.
        ranks = by_time.setdefault(instant, ({}, {}, {}, {}))
        _samples(reading, value.get("sampledValue"), ranks, modern)
    phased = any("voltage_v" in phases for _, _, phases, _ in by_time.values())
    dead = _dead_phase(values) if phased else None
    for instant, (away_phases, away, phases, fields) in by_time.items():
        if merged := {**away_phases, **away, **phases, **fields}:
            reads.append(
                MeterRead(
                    station=reading.station,
                    at=reading.at,
                    record_id=reading.record_id,
                    station_at=instant,
                    evse=evse,
                    connector=connector,
                    ref=ref,
                    dead_phase=dead,
                    **merged,
                )
            )
    return reads


def _dead_phase(values: list[Any]) -> str | None:
    """A phase that is dead between live ones. A station on one phase tells that one alone, or L1 and nothing
    on the others: no phase is lost."""
    volts: dict[str, float] = {}
    for value in values:
        samples = value.get("sampledValue") if isinstance(value, dict) else None
        for sample in samples if isinstance(samples, list) else ():
            if type(sample) is not dict or sample.get("measurand") != "Voltage":
                continue
            name: Any = sample.get("phase")
            number: Any = sample.get("value")
            if type(name) is not str or name not in _PHASES:
                continue
            try:
                volts[_PHASES[name]] = float(number)
            except (TypeError, ValueError):  # told as a finding where the value itself is read
                continue
    if len(volts) != len(_PHASES) // 2:
        return None
    gone = [phase for phase, number in volts.items() if abs(number) < DEAD_V]
    return gone[0] if len(gone) == 1 and sum(number > LIVE_V for number in volts.values()) == 2 else None


def _instant(reading: Reading, value: dict[str, Any]) -> datetime | None:
    stamp = value.get("timestamp")
    if stamp is None:
        reading.find(findings.TIMESTAMP_MISSING)
        return None
    instant, finding = read_instant(stamp, reading.at)
    if finding is not None:
        reading.find(finding, stamp)
    return instant


def _samples(reading: Reading, samples: Any, ranks: Ranks, modern: bool) -> None:
    if isinstance(samples, dict):
        reading.find(findings.SAMPLED_VALUE_OBJECT)
        samples = [samples]
    if not isinstance(samples, list) or not samples:
        reading.find(findings.SAMPLED_VALUE_EMPTY)
        return
    for sample in samples:
        if isinstance(sample, dict):
            _sample(reading, sample, ranks, modern)


def _sample(reading: Reading, sample: dict[str, Any], ranks: Ranks, modern: bool) -> None:
    measurand = sample.get("measurand", REGISTER)
    field = _FIELDS.get(measurand) if isinstance(measurand, str) else None
    if field is None or sample.get("format") == "SignedData":
        return
    phase = sample.get("phase")
    if isinstance(phase, str) and phase in _NO_TOTAL:
        return
    location = sample.get("location")
    if location == "EV" and field == "temperature_c":
        return  # the car's own heat, not the station's
    raw = sample.get("value")
    number = reading.number(raw, text_expected=not modern)
    if number is None:
        return
    if abs(number) > MAX_VALUE:
        reading.find(findings.NUMBER_UNREADABLE, raw)
        return
    value = _scaled(reading, sample, field, number, modern)
    if value is None:
        return
    # What is told of another place, or of phases, holds only where nothing nearer or no total is told.
    elsewhere = isinstance(location, str) and location in _ELSEWHERE
    rank = ranks[(0 if elsewhere else 2) + (phase is None)]
    if phase is None:
        rank[field] = value
    elif field in _SUMMED:
        rank[field] = rank.get(field, 0.0) + value
    else:
        rank[field] = max(rank.get(field, value), value)


def _scaled(
    reading: Reading, sample: dict[str, Any], field: str, number: float, modern: bool
) -> float | None:
    unit: Any = sample.get("unit")
    power = 0
    if modern and isinstance(measure := sample.get("unitOfMeasure"), dict):
        unit = measure.get("unit")
        power = read_int(measure.get("multiplier")) or 0
    if field == "temperature_c":
        return _celsius(reading, unit, number)
    if unit is None and power == 0:
        return number
    known = _SCALE[field]
    factor = 1 if unit is None else known.get(unit) if isinstance(unit, str) else None
    if factor is None:
        word = (read_text(unit, 40) or "").casefold()
        factor = next((f for name, f in known.items() if name.casefold() == word), None)
        reading.find(findings.UNIT_UNKNOWN, f"{field}: {unit}")
        if factor is None:
            return None
    if not -9 <= power <= 9:
        reading.find(findings.NUMBER_UNREADABLE, power)
        return None
    if factor == 1 and power == 0:
        return number
    return float(_exact(sample.get("value"), number) * factor * Decimal(10) ** power)


def _exact(raw: Any, number: float) -> Decimal:
    """The number as written: 1234.567 kWh must become 1234567 Wh, not 1234567.0000000002."""
    try:
        return Decimal(raw.strip()) if isinstance(raw, str) else Decimal(repr(number))
    except InvalidOperation:
        return Decimal(repr(number))


def _celsius(reading: Reading, unit: Any, number: float) -> float | None:
    if unit is None or (isinstance(unit, str) and unit in _CELSIUS):
        return number
    if unit == "Fahrenheit":
        return (number - 32.0) / 1.8
    if isinstance(unit, str) and unit in {"K", "Kelvin"}:
        return number - 273.15
    reading.find(findings.UNIT_UNKNOWN, f"temperature: {unit}")
    return None
