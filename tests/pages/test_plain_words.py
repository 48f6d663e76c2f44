"""What a customer reads of a fault: a defect only where the station is out of use, and whose turn it is."""

from __future__ import annotations

from typing import Any

import pytest

from pages import _plain_words
from pages._texts import Words

DUTCH = Words("nl")


def episode(**changed: Any) -> dict[str, Any]:
    return {
        "fault": "electrical.ground",
        "side": "hardware",
        "severity": "critical",
        "owner": "installer",
        "holder": "installer",
        "imminent": False,
        "safety": False,
        "closed_at": None,
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "breakdown"),
    [
        ({}, True),
        ({"severity": "high", "fault": "station.offline"}, True),
        ({"severity": "low", "fault": "firmware.behind", "side": "software"}, False),
        ({"severity": "medium", "fault": "connector.loose"}, False),
        ({"severity": "low", "safety": True}, True),
        ({"severity": "high", "fault": "auth.card_refused", "side": "software"}, False),
        ({"severity": "high", "imminent": True}, False),
        ({"severity": "high", "side": "none", "fault": "vehicle.communication"}, False),
    ],
)
def test_only_what_puts_a_station_out_of_use_is_called_a_defect(
    changed: dict[str, Any], breakdown: bool
) -> None:
    row = episode(**changed)
    assert _plain_words.name(DUTCH, row) == ("Defect" if breakdown else "Klein probleem, laadpaal in dienst")
    assert ("heeft een storing" in _plain_words.sentence(DUTCH, row)) is breakdown


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "Deze laadpaal heeft een storing. De installateur is aan zet."),
        ({"holder": "operator"}, "Deze laadpaal heeft een storing. Mobiflow lost dit op."),
        (
            {"holder": None, "route_party": "operator"},
            "Deze laadpaal heeft een storing. Mobiflow lost dit op.",
        ),
        ({"holder": "customer"}, "Deze laadpaal heeft een storing. U kunt hier zelf iets doen."),
        ({"closed_at": 1}, "Deze laadpaal werkt weer."),
        ({"closed_at": 1, "severity": "low"}, "Dit is opgelost. De laadpaal bleef al die tijd in dienst."),
    ],
)
def test_the_sentence_names_who_has_it_now_and_speaks_to_the_customer(
    changed: dict[str, Any], said: str
) -> None:
    assert _plain_words.sentence(DUTCH, episode(**changed)) == said
