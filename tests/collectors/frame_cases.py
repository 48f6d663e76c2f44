"""Reads the tables of `tests/cases/frames`: what stations send, and what must be made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from collectors.decode.decoder import decoder_for
from collectors.decode.frame import parse
from rules.core.model import FindingSeen, Observation, Seen

CASES = Path(__file__).parent.parent / "cases" / "frames"
STATION = "BE-GNT-0001"
NOON = datetime(2026, 11, 22, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    name: str
    version: str | None
    received: datetime
    frames: list[dict[str, Any]]


def all_cases() -> list[Case]:
    """Every case of every table, in order."""
    cases = []
    for path in sorted(CASES.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            version = entry.get("version", "1.6")
            received = entry.get("received")
            cases.append(
                Case(
                    name=f"{path.stem}: {entry['why']}",
                    version=None if version == "unknown" else version,
                    received=NOON if received is None else datetime.fromisoformat(received).astimezone(UTC),
                    frames=entry["frames"],
                )
            )
    return cases


def said(observations: list[Observation]) -> list[dict[str, Any]]:
    """Observations as plain members, without findings and bare signs of life."""
    return [
        msgspec.to_builtins(observation)
        for observation in observations
        if not isinstance(observation, Seen | FindingSeen)
    ]


def run(case: Case) -> None:
    """Decode the frames of `case` and compare with what the table says. Raises AssertionError."""
    decoder = decoder_for(case.version)
    at = case.received
    for number, expected in enumerate(case.frames):
        direction = "in" if "in" in expected else "out"
        at += timedelta(seconds=expected.get("after_s", 1) if number else 0)
        decoded = decoder.decode(STATION, at, direction, parse(expected[direction]), number)
        assert set(decoded.findings) == set(expected.get("findings", [])), f"frame {number}: findings"
        facts = said(decoded.observations)
        wanted = expected.get("says", [])
        assert [f["kind"] for f in facts] == [w["kind"] for w in wanted], f"frame {number}: {facts}"
        for fact, want in zip(facts, wanted, strict=True):
            shown = {name: fact.get(name) for name in want}
            assert shown == want, f"frame {number}"
        if direction == "in":
            assert decoded.observations, f"frame {number}: no sign of life"
