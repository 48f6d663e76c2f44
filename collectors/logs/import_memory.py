"""What an import remembers of what it has heard, small enough for logs that are larger than memory.

Decides nothing about faults: it tells a record that was heard before from one that was not, and keeps effects
back until it is clear that they are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.core.model import Effect, IncidentRow, IntervalRow, LinkRow, SessionRow, StationRow


class Heard:
    """One bit for each record of the store: 100 million records are 12 MB."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def again(self, record_id: int) -> bool:
        """Whether this record was asked for before."""
        bits, place, bit = self._bits, record_id >> 3, 1 << (record_id & 7)
        if place >= len(bits):
            bits.extend(bytes(place + 4096 - len(bits)))
        if bits[place] & bit:
            return True
        bits[place] |= bit
        return False


class HeldEffects:
    """Effects in order, of a row that is written again only the last."""

    def __init__(self) -> None:
        self._rows: dict[tuple[object, ...], Effect] = {}
        self._number = 0

    def add(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._rows[self._key(effect)] = effect

    def release(self) -> list[Effect]:
        """All of them, once."""
        effects, self._rows = list(self._rows.values()), {}
        return effects

    def _key(self, effect: Effect) -> tuple[object, ...]:
        if isinstance(effect, StationRow):
            return ("station", effect.station)
        if isinstance(effect, SessionRow):
            return ("session", effect.session_id)
        if isinstance(effect, IncidentRow):
            return ("incident", effect.incident_id)
        if isinstance(effect, IntervalRow):
            return ("interval", effect.station, effect.evse, effect.connector, effect.started_at)
        if isinstance(effect, LinkRow):
            return ("link", effect.station, effect.started_at)
        self._number += 1
        return ("other", self._number)
