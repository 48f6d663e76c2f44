"""Which way a frame went, where the log does not say.

Decides from the action who asks, and by message id whose answer it is. Only a guess where both sides may ask
(DataTransfer: the station, as it nearly always is) or where the request is not in the log.
"""

from __future__ import annotations

import re

from collectors.decode import ocpp2, ocpp16
from data.ocpp_actions import OCPP_ACTIONS

#: Requests remembered for each station.
MAX_OPEN = 64
#: Stations remembered; a log of more is still read, with worse guesses.
MAX_STATIONS = 100_000

_FROM_STATION = frozenset(ocpp16.REQUESTS) | frozenset(ocpp2.REQUESTS)
_BOTH_WAYS = frozenset({"DataTransfer"})
_FRAME = re.compile(
    r'\s*\[\s*"?(?P<kind>[2-6])"?\s*,\s*(?:"(?P<id>(?:[^"\\]|\\.){0,255})"|(?P<number>-?\d{1,20}))\s*'
    r'(?:,\s*"(?P<action>[^"\\]{1,100})")?'
)
# Members that only a station's answer to a command has.
_STATION_ANSWERS = re.compile(
    r'"(?:configurationKey|unknownKey|listVersion|getVariableResult|setVariableResult)"'
)
_BACK_END_ANSWERS = re.compile(r'"(?:currentTime|idTagInfo|idTokenInfo|interval)"')


def looks_like_frame(text: str) -> bool:
    """Whether `text` begins as an OCPP-J frame does."""
    return _FRAME.match(text) is not None


def asks(action: str) -> str | None:
    """`in` where stations ask this, `out` where back ends do, None where either may or nobody knows."""
    if action in _BOTH_WAYS:
        return None
    if action in _FROM_STATION:
        return "in"
    return "out" if action in OCPP_ACTIONS else None


def asker_of(text: str) -> str | None:
    """Which side sends this frame, where it is a request that only one side sends; None otherwise."""
    found = _FRAME.match(text)
    return asks(found["action"]) if found is not None and found["kind"] in "26" and found["action"] else None


class Directions:
    """Remembers open requests, a few for each station."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, str]] = {}

    def of(self, station: str, text: str, told: str | None = None) -> str:  # noqa: PLR0911
        """`in` or `out`. `told` is what the log hints at, used where the frame itself does not settle it."""
        found = _FRAME.match(text)
        if found is None:
            return told or "in"
        message_id = found["id"] if found["id"] is not None else found["number"]
        if found["kind"] in "26":
            direction = asks(found["action"] or "") or told or "in"
            self._remember(station, message_id, direction)
            return direction
        asked = self._open.get(station, {}).pop(message_id, None)
        if asked is not None:
            return "out" if asked == "in" else "in"
        if told is not None:
            return told
        if _STATION_ANSWERS.search(text):
            return "in"
        if _BACK_END_ANSWERS.search(text):
            return "out"
        return "in" if '"status"' in text else "out"

    def _remember(self, station: str, message_id: str, direction: str) -> None:
        table = self._open.get(station)
        if table is None:
            if len(self._open) >= MAX_STATIONS:
                return
            table = self._open[station] = {}
        if message_id not in table and len(table) >= MAX_OPEN:
            del table[next(iter(table))]
        table[message_id] = direction
