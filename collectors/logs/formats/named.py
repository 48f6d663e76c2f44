"""Which named field of a record is what: the columns of a CSV log, the members of a JSON record.

Decides by name alone, whatever its capitals and separators (`Charge Point ID`, `chargePointId`). A frame
that a log keeps in parts is put together only where its kind and its message id are told; nothing is made up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from collectors.logs.formats.direction import looks_like_frame
from collectors.logs.logfile import Unfit

TIMES: Final = ("timestamp", "time", "t", "receivedat", "datetime", "createdat", "loggedat", "ts", "date")
#: `id` last: in an export of a database it is the row's.
STATIONS: Final = ("station", "stationid", "stationname", "chargepointid", "chargepoint",
    "chargepointidentity", "chargeboxid", "chargebox", "chargingstationid", "chargingstation",
    "chargerid", "charger", "cpid", "cp", "ocppid", "identity", "id")  # fmt: skip
FRAMES: Final = ("raw", "msg", "rawmessage", "ocppmessage", "frame", "message", "payload", "data")
WAYS: Final = ("direction", "dir")
KINDS: Final = ("messagetype", "messagetypeid", "type", "kind")
MESSAGE_IDS: Final = ("messageid", "uniqueid", "msgid", "correlationid")
ACTIONS: Final = ("action",)

_INWARD: Final = frozenset({"in", "incoming", "inbound", "received", "receive", "recv", "rx", "fromstation",
    "fromchargepoint", "chargepointtocsms", "cptocsms", "cpcsms"})  # fmt: skip
_OUTWARD: Final = frozenset({"out", "outgoing", "outbound", "sent", "send", "sending", "tx", "tostation",
    "tochargepoint", "csmstochargepoint", "csmstocp", "csmscp"})  # fmt: skip
_REQUESTS: Final = frozenset({"2", "call", "request", "req"})
_ANSWERS: Final = frozenset({"3", "callresult", "result", "response", "conf", "confirmation"})
_SEPARATORS = re.compile(r"[\W_]+")


class Fields(NamedTuple):
    """Places in the list of names."""

    time: int
    station: int | None
    frame: int
    way: int | None
    version: int | None
    kind: int | None
    message_id: int | None
    action: int | None


def fields_of(names: Sequence[str]) -> Fields | None:
    """None when a time or a frame is not among them."""
    plain = [_SEPARATORS.sub("", name).lower() for name in names]

    def place(wanted: Sequence[str]) -> int | None:
        return next((plain.index(name) for name in wanted if name in plain), None)

    time, frame = place(TIMES), place(FRAMES)
    if time is None or frame is None:
        return None
    return Fields(
        time,
        place(STATIONS),
        frame,
        place(WAYS),
        place(("version",)),
        place(KINDS),
        place(MESSAGE_IDS),
        place(ACTIONS),
    )


def way_of(told: str) -> str | None:
    """`in`, `out`, or None for a word that says neither."""
    word = _SEPARATORS.sub("", told).lower()
    return "in" if word in _INWARD else "out" if word in _OUTWARD else None


def put_together(payload: str, kind: str, message_id: str, action: str) -> str:
    """The frame that a log keeps in parts. Unfit when the parts do not tell all of it."""
    said = _SEPARATORS.sub("", kind).lower()
    encode = msgspec.json.encode
    if not payload.startswith("{") or not message_id:
        raise Unfit(f"{payload[:40]!r} is no OCPP-J frame")
    if said in _REQUESTS and action:
        frame = f"[2,{encode(message_id).decode()},{encode(action).decode()},{payload}]"
    elif said in _ANSWERS:
        frame = f"[3,{encode(message_id).decode()},{payload}]"
    else:
        raise Unfit("the payload's line does not tell whether it is a request or an answer")
    if not looks_like_frame(frame):
        raise Unfit(f"{frame[:40]!r} is no OCPP-J frame")
    return frame
