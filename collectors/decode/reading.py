"""One frame while it is being read: collects observations and findings.

Knows the fields all OCPP versions share (text, time stamp, connector, transaction id). Decides nothing;
every method tolerates any JSON value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from collectors.decode import findings
from collectors.decode.values import read_instant, read_int, read_number, read_text
from rules.core.model import Observation

MAX_CONNECTOR: Final = 255
"""More EVSEs or connectors than any station has; a number beyond it is a defect, not a place."""

LOST_TRANSACTION_IDS: Final = frozenset({-1, 0, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1})
"""What stations send when they forgot the transaction id (-1 and 0), or an unset integer's limit."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a station's request until its answer comes.

    `message_id` is the one the session was started under: a repeated start keeps that of the first.
    `odd`: findings for which a strict reader would have refused the request. `sent_at`: its own
    time.
    """

    action: str
    message_id: str
    token: str | None = None
    evse: int | None = None
    connector: int | None = None
    odd: tuple[str, ...] = ()
    sent_at: datetime | None = None


class Reading:
    """`at` is our receipt time (aware UTC). `observations` and `findings` grow as handlers read."""

    __slots__ = ("at", "cut", "findings", "message_id", "observations", "record_id", "station")

    def __init__(self, station: str, at: datetime, record_id: int, message_id: str) -> None:
        self.station = station
        self.at = at
        self.record_id = record_id
        self.message_id = message_id
        self.observations: list[Observation] = []
        self.findings: dict[str, str | None] = {}
        self.cut = False  # the text was mended: what lacks may have been cut off

    def find(self, finding: str, detail: Any = None) -> None:
        """Note `finding`, an id of the findings catalogue; the first detail of each is kept."""
        if finding not in self.findings:
            self.findings[finding] = None if detail is None else str(detail)[:200]

    def instant(self, payload: dict[str, Any], *, required: bool = False) -> datetime | None:
        """The payload's `timestamp` as aware UTC, or None."""
        value = payload.get("timestamp")
        if value is None:
            if required:
                self.find(findings.TIMESTAMP_MISSING)
            return None
        instant, finding = read_instant(value, self.at)
        if finding is not None:
            self.find(finding, value)
        return instant

    def number(self, value: Any, *, text_expected: bool | None = None) -> float | None:
        """A finite number. `text_expected` says how this OCPP version writes it; None: do not check."""
        number, finding = read_number(value)
        if finding is not None:
            self.find(finding, value)
        elif text_expected is not None and isinstance(value, str) is not text_expected:
            self.find(findings.NUMBER_WRONG_TYPE, value)
        return number

    def place(self, value: Any) -> int | None:
        """An EVSE or connector number; None and a finding where it is no such number."""
        if type(value) is int and 0 <= value <= MAX_CONNECTOR:
            return value
        if value is None:
            return None
        number = read_int(value)
        if number is None or not 0 <= number <= MAX_CONNECTOR:
            self.find(findings.CONNECTOR_OUT_OF_RANGE, value)
            return None
        self.find(findings.NUMBER_WRONG_TYPE, value)
        return number

    def token(self, payload: dict[str, Any], *, required: bool = True) -> str | None:
        """The card of an OCPP 1.6 payload."""
        token = read_text(payload.get("idTag"), 255)
        if token is None and required:
            self.find(findings.TOKEN_MISSING)
        return token

    def evse(self, payload: dict[str, Any]) -> tuple[int | None, int | None]:
        """EVSE and connector of an OCPP 2.x `evse` object."""
        evse = payload.get("evse")
        if not isinstance(evse, dict):
            return None, None
        number = self.place(evse.get("id"))
        if number == 0:
            self.find(findings.EVSE_ZERO)
        return number, self.place(evse.get("connectorId"))
