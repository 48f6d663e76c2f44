"""What people found is told on the page where they work, and counted on the page Precision."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pages._precision import last_months, tallies, together
from rules.core.proportion import wilson
from tests.pages.conftest import Place
from tests.pages.opening import Opener, html_of

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)


# From R: prop.test(hits, cases, correct = FALSE)$conf.int.
@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [
        (0, 0, None, None),
        (0, 1, 0.0, 0.7935),
        (1, 1, 0.2065, 1.0),
        (8, 10, 0.4902, 0.9433),
        (95, 100, 0.8882, 0.9785),
    ],
)
def test_an_interval_of_few_cases_is_wide(hits: int, cases: int, low: float | None, high: float) -> None:
    found = wilson(hits, cases)
    assert (found is None) is (low is None)
    if found is not None:
        assert found == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


def counted(rule: str, make: str | None, firmware: str | None, *numbers: int) -> dict[str, object]:
    names = ("incidents", "judged", "confirmed", "wrong_side", "no_fault_found")
    row = {"rule": rule, "make": make, "firmware": firmware, "side": "hardware"}
    return {**row, **dict(zip(names, numbers, strict=True))}


def test_lines_are_added_up_by_what_is_asked_and_the_trend_by_month() -> None:
    rows = [counted("a", "Volta", "1", 5, 3, 2, 1, 0), counted("a", None, None, 4, 0, 0, 0, 0)]
    judged = [
        {**rows[0], "opened_at": NOON, "verdict": "confirmed"},
        {**rows[0], "opened_at": NOON.replace(month=1), "verdict": "wrong_side"},
    ]
    (line,) = tallies(rows, judged, "rule", NOON)
    assert line[:6] == ("a", 9, 3, 2, 1, 0)
    assert line.months[-2:] == (("2026-01", 0, 1), ("2026-02", 1, 1))
    by_firmware = tallies(rows, judged, "firmware", NOON)
    assert [one.name for one in by_firmware] == ["Volta 1", None]
    assert together(by_firmware)[1:] == line[1:]


def test_months_go_back_over_the_turn_of_the_year() -> None:
    assert last_months(NOON) == ["2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02"]


def test_precision_counts_what_was_judged_and_links_to_each_incident(full: Place, open_page: Opener) -> None:
    page = open_page(full, "helpdesk", "precision")
    shown = html_of(page)
    assert "/fault?id=i000000000000007" in shown
    assert "Verkeerde kant: Software" in shown
    assert "Filter was &lt;b&gt;proper" in shown
    assert "2 van 4 bevestigd" in shown
    page.segmented_control(key="by").set_value("make").run()
    assert not page.exception
    assert "Alfen" in html_of(page)


def test_an_empty_page_says_how_it_is_filled(bare: Place, open_page: Opener) -> None:
    shown = html_of(open_page(bare, "helpdesk", "precision"))
    assert "Nog niets nagegaan" in shown
    assert "Klopte dit?" in shown


def test_what_was_found_stands_on_the_fault_page_with_what_else_it_could_be(
    full: Place, open_page: Opener
) -> None:
    over = html_of(open_page(full, "helpdesk", "fault", id="i000000000000007"))
    assert "Verkeerde kant: Software" in over
    assert "Weg na een update" in over
    still = html_of(open_page(full, "helpdesk", "fault", id="i000000000000000"))
    assert "Het kan ook zijn" in still
    assert "Klopte dit?" in still
    assert "Klopte dit?" not in html_of(open_page(full, "customer", "fault", id="i000000000000000"))


@pytest.mark.parametrize(
    ("incident", "told"),
    [
        (
            3,
            [
                "Eerste hulp: zachte herstart op afstand gevraagd.",
                "De fout bleef: op afstand hielp het niet.",
                "Eerste hulp: antwoord",
                "zachte herstart · aanvaard</p>",
                "Eerste hulp: geen effect",
            ],
        ),
        (5, ["Eerste hulp niet geprobeerd", "zachte herstart · er loopt een sessie"]),
    ],
)
def test_what_was_tried_from_afar_stands_on_the_fault_page_or_why_nothing_was(
    full: Place, open_page: Opener, incident: int, told: list[str]
) -> None:
    shown = html_of(open_page(full, "helpdesk", "fault", id=f"i{incident:015x}"))
    assert [text for text in told if text not in shown] == []
