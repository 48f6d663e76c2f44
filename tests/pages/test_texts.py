"""The texts: the same keys in three languages, the same braces, every key a page uses, and numbers as people
write them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pages import _texts
from pages._texts import LANGUAGES, Words, best_language, catalogue

PAGES = Path(_texts.__file__).parent
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def braces(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_language_has_the_keys_and_braces_of_dutch(language: str) -> None:
    dutch, other = catalogue("nl"), catalogue(language)
    assert list(dutch) == list(other)
    assert {key for key in dutch if braces(dutch[key]) != braces(other[key])} == set()
    assert all(text.strip() for text in other.values())


def test_every_key_that_a_page_names_exists() -> None:
    named = set()
    for file in PAGES.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        named |= {
            (file.name, key) for key in re.findall(r"(?:words|say|self)\(\s*[\"']([a-z_.]+)[\"']", source)
        }
        counted = re.findall(r"words\.count\(\s*[\"']([a-z_.]+)[\"']", source)
        named |= {(file.name, f"{key}.{form}") for key in counted for form in ("one", "many")}
    assert len(named) > 100
    assert {(file, key) for file, key in named if key not in catalogue("nl")} == set()


def test_an_instant_is_shown_in_brussels_time_in_summer_and_winter() -> None:
    words = Words("en")
    assert words.when(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "2 Jul 00:30"
    assert words.when(datetime(2026, 12, 1, 22, 30, tzinfo=UTC)) == "1 Dec 23:30"


@pytest.mark.parametrize(
    ("language", "amount"), [("nl", "1.234,6 kWh"), ("fr", "1 234,6 kWh"), ("en", "1,234.6 kWh")]
)
def test_energy_is_written_as_the_language_writes_numbers(language: str, amount: str) -> None:
    assert re.sub(r"\s", " ", Words(language).kwh(1_234_560)) == amount


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (4000, "1 u 6 min"), (86_400, "1 d"), (90_000, "1 d 1 u")],
)
def test_a_span_names_its_two_largest_units(seconds: float, text: str) -> None:
    assert Words("nl").span(seconds) == text


def test_almost_all_is_never_rounded_up_to_all() -> None:
    assert Words("nl").percent(0.999999) == "99,99 %"
    assert Words("nl").percent(1.0) == "100,00 %"
    assert Words("nl").percent(None) == "–"


def test_what_lies_ahead_by_a_clock_apart_reads_as_now() -> None:
    assert Words("en").ago(NOW + timedelta(minutes=5), NOW) == "1 sec ago"


def test_a_word_that_is_not_in_the_catalogue_is_shown_as_it_is() -> None:
    assert Words("nl").of("reason", "SomethingOwn") == "SomethingOwn"
    assert Words("nl").of("cause", None) == "onbekend"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [((None, "fr-BE,fr;q=0.9,nl;q=0.8"), "fr"), (("en", "fr"), "en"), (("de", "pl"), "nl"), ((None,), "nl")],
)
def test_the_first_wish_that_we_speak_decides_the_language(
    wishes: tuple[str | None, ...], language: str
) -> None:
    assert best_language(*wishes) == language


def test_dutch_french_and_english_are_the_languages() -> None:
    assert list(LANGUAGES) == ["nl", "fr", "en"]


def test_months_ago_are_never_written_like_minutes() -> None:
    assert Words("fr").ago(NOW - timedelta(days=65), NOW) == "il y a 2 mois"
    assert Words("fr").ago(NOW - timedelta(minutes=2), NOW) == "il y a 2\xa0min"


def test_no_faults_are_singular_in_french_and_plural_elsewhere() -> None:
    said = [Words(language).count("exports.rows", 0) for language in ("nl", "fr", "en")]
    assert said == ["0 rijen", "0 ligne", "0 rows"]


def test_french_punctuation_stays_on_the_line_of_its_word() -> None:
    loose = {key for key, said in catalogue("fr").items() if re.search(r" [:;?!»]|« ", said)}
    assert loose == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_given_twice(language: str) -> None:
    lines = (PAGES / "texts" / f"{language}.yaml").read_text(encoding="utf-8").splitlines()
    keys = [line.partition(":")[0] for line in lines if re.match(r"[\w.]+:", line)]
    assert len(keys) == len(set(keys))
