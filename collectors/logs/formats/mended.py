"""Lines of our own format that lack a time or a direction: excerpts that somebody copied from a screen.

Decides what stands in: a second after the line before, and the way that the frame itself tells. Only for
judging a log on its own; what is stored must say when and which way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collectors.logs.formats.direction import Directions
from collectors.logs.formats.text import Reading
from collectors.logs.logfile import Line, parse_time

#: Of a log that prints no time at all.
NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=1)


class Mender:
    """For one log. Lines without a time before the first that has one are put at `begin`."""

    def __init__(self, reading: Reading) -> None:
        self._last = (reading.begin or NO_TIME) - STEP
        self._ways = Directions()

    def __call__(self, line: Line) -> None:
        if line.t is None:
            self._last += STEP
            line.t = self._last.isoformat()
        else:
            self._last = self._told(line.t)
        if line.event is None and line.raw:
            text = bytes(line.raw).decode(errors="replace")
            if text.startswith('"'):
                text = text[1:].replace('\\"', '"')
            way = self._ways.of(line.station or "", text, line.dir if line.dir in ("in", "out") else None)
            line.dir = line.dir or way

    def _told(self, t: str | float) -> datetime:
        """The line's own time; a line whose time is none is refused by the reader, with its reason."""
        try:
            return parse_time(t)
        except ValueError:
            return self._last
