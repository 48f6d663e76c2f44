"""How far a long command is: a bar with rate and remaining time, or now and then a line where nobody looks.

Decides nothing. Writes to standard error only, so that a result on standard output stays clean.
"""

from __future__ import annotations

import sys
import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

#: Seconds between lines where standard error is no terminal.
LINE_EVERY_S = 15.0
#: Seconds between two looks at the clock's worth of changes on a terminal.
_REFRESH_S = 0.1


class LongWork:
    """`total` is in whatever `update` counts (bytes, record ids), None when nobody knows."""

    def __init__(self, what: str, unit: str, total: int | None) -> None:
        self._what = what
        self._unit = unit
        self._total = total
        self._bar: Progress | None = None
        self._started = self._told = time.monotonic()

    def __enter__(self) -> Self:
        self._started = self._told = time.monotonic()
        if sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%" if self._total else ""),
                _Rate(self._unit),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.add_task(self._what, total=self._total, items=0)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, items: int) -> None:
        """`done` of the total, `items` (records, frames) so far. Cheap when called often."""
        now = time.monotonic()
        if self._bar is not None:
            if now - self._told >= _REFRESH_S:
                self._told = now
                self._bar.update(self._bar.task_ids[0], completed=done, items=items)
        elif now - self._told >= LINE_EVERY_S:
            self._told = now
            print(f"laadwacht: {self._line(done, items, now - self._started)}", file=sys.stderr, flush=True)

    def _line(self, done: int, items: int, seconds: float) -> str:
        said = f"{self._what}: {items:,} {self._unit}, {items / seconds:,.0f}/s"
        if self._total and 0 < done <= self._total:
            left = seconds * (self._total - done) / done
            said += f", {100 * done // self._total} %, about {left / 60:.0f} min left"
        return said


class _Rate(ProgressColumn):
    """Items so far and a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        items = int(task.fields["items"])
        seconds = task.elapsed or 0.0
        rate = f", {items / seconds:,.0f}/s" if seconds >= 1 else ""
        return Text(f"{items:,} {self._unit}{rate}")
