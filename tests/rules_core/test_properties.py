"""Which properties of a station judgement tells the store of, and under which names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from data.catalog_files import load_catalog
from rules.core.facts.properties import property_name
from rules.core.judge import Judge
from rules.core.model import (
    BootAnswered,
    Booted,
    ConfigurationReported,
    Connected,
    Observation,
    PropertyRow,
    Status,
    StatusReported,
)
from rules.core.policy import Policy
from rules.core.scope.supplier import supplier_of
from rules.core.state import StationState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def properties(*observations: Observation) -> list[tuple[str, str | None, str]]:
    judge = Judge(load_catalog(None), {}, Policy(), [])
    return [
        (effect.property, effect.value, effect.source)
        for observation in observations
        for effect in judge.feed(observation)
        if isinstance(effect, PropertyRow)
    ]


def test_a_boot_tells_what_changed_and_its_answer_the_interval() -> None:
    def at(minutes: int) -> datetime:
        return NOON + timedelta(minutes=minutes)

    assert properties(
        Connected(station="s", at=at(0), version="1.6"),
        Booted(station="s", at=at(0), make="ABB", model="Terra", firmware="1.0", imsi="20699xxxxxxxxxx"),
        BootAnswered(station="s", at=at(0), status="Accepted", interval_s=300),
        StatusReported(station="s", at=at(1), evse=0, connector=0, status=Status.AVAILABLE),
        StatusReported(station="s", at=at(1), evse=1, connector=1, status=Status.AVAILABLE),
        StatusReported(station="s", at=at(2), evse=2, connector=2, status=Status.AVAILABLE),
        StatusReported(station="s", at=at(3), evse=2, connector=2, status=Status.CHARGING),
        Connected(station="s", at=at(4), version="1.6"),
        Booted(station="s", at=at(4), make="ABB", model="Terra", firmware="1.1"),
        BootAnswered(station="s", at=at(4), status="Accepted", interval_s=300),
    ) == [
        ("protocol", "1.6", "connection"),
        ("make", "ABB", "boot"),
        ("model", "Terra", "boot"),
        ("firmware", "1.0", "boot"),
        ("imsi", "20699xxxxxxxxxx", "boot"),
        ("heartbeat_s", "300", "answer"),
        ("connectors", "1", "status"),
        ("connectors", "2", "status"),
        ("firmware", "1.1", "boot"),
    ]


def test_a_variable_is_named_by_component_place_and_instance() -> None:
    def name(**where: object) -> str:
        return property_name(ConfigurationReported(station="s", at=NOON, key="Key", **where))  # type: ignore[arg-type]

    assert name() == "Key"
    assert name(component="Connector", evse=1, connector=2) == "Connector[1.2].Key"
    assert name(component="EVSE", evse=1) == "EVSE[1].Key"
    assert name(component="Ctrlr(a)") == "Ctrlr(a).Key"
    told = ConfigurationReported(station="s", at=NOON, key="HeartbeatInterval", value="60")
    assert properties(told) == [("HeartbeatInterval", "60", "configuration")]


def test_the_operator_of_a_masked_sim_card_is_still_known() -> None:
    state = StationState(first_seen=NOON, last_in=NOON, emitted_at=NOON)
    state.imsi, state.iccid = "20699xxxxxxxxxx", "8932990xxxxxxxxxxxx"
    assert supplier_of(state) == "20699"
    state.imsi = None
    assert supplier_of(state) == "8932990"
