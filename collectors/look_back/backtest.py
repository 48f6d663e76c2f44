"""The same past judged under two catalogues: which incidents and messages appear, vanish or change hands.

Decides which incident of the one is the same as which of the other. Both judges hear exactly the same;
nothing is written and nothing is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from rules.core.catalog.entries import Catalog
from rules.core.judge import Judge
from rules.core.model import Asset, Effect, IncidentRow, NoticeRow, Observation
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.core.verdict.report import instant

#: What makes an incident another matter for somebody.
COMPARED = ("fault", "side", "owner", "cause", "task", "severity", "confidence", "imminent")
HANDS = ("side", "owner")


class Judged(Struct):
    """What one judge said. Incident ids are the same for the same sign at the same time."""

    judge: Judge
    rows: dict[str, IncidentRow] = {}
    notices: list[NoticeRow] = []

    def hear(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, IncidentRow):
                self.rows[effect.incident_id] = effect
            elif isinstance(effect, NoticeRow) and effect.suppressed is None and effect.work is None:
                self.notices.append(effect)

    def opened(self) -> dict[str, IncidentRow]:
        return {number: row for number, row in self.rows.items() if row.opened_at is not None}


def backtest(
    pages: Iterable[Sequence[Observation]],
    present: Catalog,
    changed: Catalog,
    *,
    register: Mapping[str, Asset],
    policy: Policy,
    destinations: Sequence[Destination],
) -> dict[str, Any]:
    """Feeds every page to both and returns the difference as plain data."""
    before = Judged(Judge(present, register, policy, destinations))
    after = Judged(Judge(changed, register, policy, destinations))
    heard = 0
    for page in pages:
        for seen in page:
            before.hear(before.judge.feed(seen))
            after.hear(after.judge.feed(seen))
        heard += len(page)
    return {"observations": heard, **difference(before, after), **_versions(present, changed)}


def difference(before: Judged, after: Judged) -> dict[str, Any]:
    """`appear` and `vanish` list incidents, `change` pairs with what differs; messages are counted by
    destination."""
    old, new = before.opened(), after.opened()
    pairs = {number: number for number in old.keys() & new.keys()}
    pairs |= _same_sign(
        [row for number, row in old.items() if number not in new],
        [row for number, row in new.items() if number not in old],
    )
    taken = set(pairs.values())
    changes = []
    for was, is_now in sorted(pairs.items(), key=lambda pair: (old[pair[0]].pending_at, pair[0])):
        differs = _differs(old[was], new[is_now])
        if differs:
            changes.append({**_told(new[is_now]), "changes": differs})
    return {
        "incidents": {
            "present": len(old),
            "changed_catalogue": len(new),
            "appear": [_told(row) for row in _by_time(new) if row.incident_id not in taken],
            "vanish": [_told(row) for row in _by_time(old) if row.incident_id not in pairs],
            "change": changes,
            "change_hands": sum(any(name in item["changes"] for name in HANDS) for item in changes),
        },
        "messages": _messages(before, after, pairs),
    }


def _same_sign(old: Sequence[IncidentRow], new: Sequence[IncidentRow]) -> dict[str, str]:
    """Old id -> new id of incidents that began at the same time and place under another name."""
    waiting: dict[tuple[Any, ...], list[str]] = {}
    for row in sorted(new, key=lambda row: row.key):
        waiting.setdefault(_sign(row), []).append(row.incident_id)
    found = {}
    for row in sorted(old, key=lambda row: row.key):
        others = waiting.get(_sign(row))
        if others:
            found[row.incident_id] = others.pop(0)
    return found


def _sign(row: IncidentRow) -> tuple[Any, ...]:
    return (row.station, row.site if row.station is None else None, row.evse, row.connector, row.pending_at)


def _differs(was: IncidentRow, is_now: IncidentRow) -> dict[str, list[Any]]:
    found = {}
    for name in COMPARED:
        pair = [getattr(was, name), getattr(is_now, name)]
        if pair[0] != pair[1]:
            found[name] = pair
    return found


def _messages(before: Judged, after: Judged, pairs: Mapping[str, str]) -> dict[str, Any]:
    """Totals, and each message that one judge sends and the other does not: one that moves vanishes at one
    destination and appears at another."""
    old = _counted(before, pairs)
    new = _counted(after, {})
    appear, vanish = new - old, old - new
    names = sorted({key[1] for key in (*old, *new)})
    back = {now: was for was, now in pairs.items()}
    return {
        "present": old.total(),
        "changed_catalogue": new.total(),
        "appear": appear.total(),
        "vanish": vanish.total(),
        "by_destination": {
            name: {
                "appear": sum(n for key, n in appear.items() if key[1] == name),
                "vanish": sum(n for key, n in vanish.items() if key[1] == name),
            }
            for name in names
        },
        "appearing": _message_lines(appear, after, {}),
        "vanishing": _message_lines(vanish, before, back),
    }


Message = tuple[str, str, str]  # incident, destination, reason


def _counted(judged: Judged, pairs: Mapping[str, str]) -> Counter[Message]:
    return Counter(
        (pairs.get(item.incident_id, item.incident_id), one.destination, item.reason.value)
        for one in judged.notices
        for item in one.told
    )


def _message_lines(some: Counter[Message], judged: Judged, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """`names`: the incident's id as the judge of these messages knows it. Oldest first."""
    sent: dict[Message, list[NoticeRow]] = {}
    for one in judged.notices:
        for item in one.told:
            sent.setdefault((item.incident_id, one.destination, item.reason.value), []).append(one)
    found = []
    for (incident, destination, reason), n in some.items():
        number = names.get(incident, incident)
        for one in sent[number, destination, reason][-n:]:
            found.append((one.created_at, destination, reason, judged.rows[number]))
    found.sort(key=lambda line: (line[0], line[1], line[2], line[3].incident_id))
    return [
        {
            "at": instant(at),
            "destination": destination,
            "reason": reason,
            "incident": row.incident_id,
            "station": row.station,
            "site": row.site,
            "fault": row.fault,
        }
        for at, destination, reason, row in found
    ]


def _by_time(rows: Mapping[str, IncidentRow]) -> list[IncidentRow]:
    return sorted(rows.values(), key=lambda row: (row.pending_at, row.key))


def _told(row: IncidentRow) -> dict[str, Any]:
    return {
        "id": row.incident_id,
        "station": row.station,
        "site": row.site,
        "evse": row.evse,
        "connector": row.connector,
        "scope": row.scope.value,
        "fault": row.fault,
        "side": row.side.value,
        "owner": row.owner.value,
        "confidence": row.confidence,
        "opened_at": instant(row.opened_at),
        "closed_at": instant(row.closed_at),
        "rule": row.rule_id,
    }


def _versions(present: Catalog, changed: Catalog) -> dict[str, str]:
    return {"present_version": present.version, "changed_version": changed.version}
