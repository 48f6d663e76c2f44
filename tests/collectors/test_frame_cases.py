"""The tables of what stations really send; see tests/cases/frames/README.md for how to add a case."""

from __future__ import annotations

import pytest
import yaml

from collectors.decode import findings
from data.makes import make_label
from tests.collectors.frame_cases import CASES, Case, all_cases, run


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_a_frame_says_what_the_table_says(case: Case) -> None:
    run(case)


def test_every_finding_has_a_case_that_shows_it() -> None:
    shown = {
        finding for case in all_cases() for frame in case.frames for finding in frame.get("findings", [])
    }
    # The listener sees the first two, bytes that are no text fit no table, and a defect has no example.
    elsewhere = {
        findings.FRAME_TOO_LARGE,
        findings.BINARY_FRAME,
        findings.NOT_UTF8,
        findings.DECODE_FAILED,
    }
    assert findings.ALL - shown - elsewhere == set()


def test_the_catalogue_explains_every_finding_in_three_languages() -> None:
    path = CASES.parent.parent.parent / "data" / "catalog" / "findings.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [entry["id"] for entry in entries if entry["id"] not in findings.ALL] == []
    assert len({entry["id"] for entry in entries}) == len(entries)
    assert findings.ALL - {entry["id"] for entry in entries} == set()
    for entry in entries:
        assert set(entry) - {"makes"} == {"id", "what", "severity", "source"}, entry["id"]
        assert all(make_label(make) not in {"other", "unknown"} for make in entry.get("makes", [])), entry
        assert entry["severity"] in {"functional", "cosmetic"}, entry["id"]
        assert set(entry["what"]) == {"nl", "fr", "en"}, entry["id"]
        assert all(entry["what"].values()), entry["id"]
        assert entry["source"], entry["id"]
