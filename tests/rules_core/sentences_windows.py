"""The sentences of silences and maintenance windows, and of our own destinations.

10:00 els silences station=S-1 from 10:00 until 12:00 as s1
10:00 els silences station=S-1, safety too, from 10:00 until 12:00 as s1
10:00 els plans work at site=GNT fault=station.offline from 10:00 until day 2 12:00 as m1
10:00 els plans work at site=GNT on Mon Tue from 22:00 to 06:00 as m1
10:00 els ends s1
10:00 destination shop fails
10:00 destination shop accepts
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from rules.core.calendar.recurrence import Once, Recurrence, Weekly
from rules.core.calendar.window import Matcher, Window, WindowKind
from rules.core.model import DestinationFared, Observation, WindowEnded, WindowSet

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MADE = re.compile(
    r"(?P<who>\w+) (?P<what>silences|plans work at) (?P<where>[^\s,]+=[^\s,]+(?: [^\s,]+=[^\s,]+)*)"
    r"(?P<safety>, safety too,)?"
    r"(?: on (?P<days>[A-Z][a-z]{2}(?: [A-Z][a-z]{2})*) from (?P<opens>\d\d:\d\d) to (?P<closes>\d\d:\d\d)"
    r"| from (?P<since>.+?) until (?P<until>.+?)) as (?P<id>\w+)$"
)
FARED = re.compile(r"destination (?P<name>\w+) (?P<how>fails|accepts)$")
ENDED = re.compile(r"(?P<who>\w+) ends (?P<id>\w+)$")


def read(text: str, at: datetime, moment: Callable[[str], datetime]) -> list[Observation]:
    """The observation of the sentence; empty when it is none of these."""
    ended = ENDED.match(text)
    if ended is not None:
        return [WindowEnded(station="", at=at, window_id=ended["id"], by=ended["who"])]
    fared = FARED.match(text)
    if fared is not None:
        failing = fared["how"] == "fails"
        return [
            DestinationFared(station="", at=at, destination=fared["name"], failing=failing, detail="HTTP 401")
        ]
    made = MADE.match(text)
    if made is None:
        return []
    repeats: Recurrence = Once()
    if made["days"]:
        days = tuple(DAYS.index(day) for day in made["days"].split())
        repeats = Weekly(days=days, start=made["opens"], end=made["closes"])
    window = Window(
        window_id=made["id"],
        kind=WindowKind.SILENCE if made["what"] == "silences" else WindowKind.MAINTENANCE,
        matcher=Matcher(**dict(pair.split("=", 1) for pair in made["where"].split())),
        made_by=made["who"],
        why="because",
        made_at=at,
        starts_at=at if made["days"] else moment(made["since"]),
        ends_at=None if made["days"] else moment(made["until"]),
        recurrence=repeats,
        safety=made["safety"] is not None,
    )
    return [WindowSet(station="", at=at, window=window)]
