"""The fixture of real traces for tests: its cases as they are, and as a log in the fixed format.

The fixture holds the frames of 52 public traces; `source_url` is where each was read, where known, and the
truth fields are what the thread concluded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from collectors.look_back import corpus

FIXTURE = Path(__file__).parent / "fixtures" / "corpus_dev.jsonl"


def cases(path: Path = FIXTURE) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def log_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return corpus.log_of(corpus.case_of(case, "case"))


def log_lines(some: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """One log of all these cases, a line a chunk: not in order of time, as cases follow each other."""
    for case in some:
        for record in log_of(case):
            if record.get("event") == "timeout":  # of traces only: no log of ours holds it
                continue
            yield json.dumps(record).encode() + b"\n"
