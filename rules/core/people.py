"""What people decide about incidents: take, overrule, hand over, comment; and what they found out.

Decides whether the act is allowed (a snooze: `snooze`); acknowledging what is resolved is refused and
recorded. A decision of a person is never undone by a rule.
"""

from __future__ import annotations

from rules.core import incident, on_site
from rules.core.book import Book
from rules.core.catalog.routes import NOBODY
from rules.core.model import (
    Effect,
    FeedbackRow,
    FeedbackVerdict,
    IncidentEventRow,
    Owner,
    Side,
    UserActed,
)
from rules.core.speaking import snooze
from rules.core.state import Tracked

AFTERWARDS = ("comment", "feedback", "fixed")  # allowed on what is resolved too
ACTIONS = ("acknowledge", "overrule", "hand_over", "comment")
SNOOZING = ("snooze", "wake")


def acted(obs: UserActed, book: Book, out: list[Effect]) -> None:
    """Apply one act. An incident that is not known, or no longer, is left as it is."""
    if obs.action in ("feedback", "fixed"):
        _found_out(obs, out)
    key = book.by_id.get(obs.incident_id)
    if key is None:
        closed = book.state.closed.get(obs.incident_id)
        if closed is not None:
            late = obs.action if obs.action in AFTERWARDS else "refused"
            out.append(
                IncidentEventRow(
                    incident_id=obs.incident_id,
                    n=closed.events,
                    at=obs.at,
                    event=late,
                    by=obs.by,
                    detail=_detail(obs, why="already resolved" if late == "refused" else None),
                )
            )
            closed.events += 1
        return
    tracked = book.state.tracked[key]
    if obs.action == "acknowledge":
        incident.acknowledge(tracked.row, obs.by, obs.at)
        tracked.answered_for = obs.party
        book.speaker.follow.answered(tracked, obs.at, "acknowledged")
        book.note(tracked, obs.at, "acknowledged", out, obs.by, **_detail(obs))
        book.speaker.look_again(tracked, obs.at)
        return
    if obs.action in on_site.ACTIONS:
        book.speaker.follow.answered(tracked, obs.at, obs.action)
        on_site.told(obs, tracked, book, out)
        book.speaker.look_again(tracked, obs.at)
        return
    if obs.action in SNOOZING:
        _snooze(obs, tracked, book, out)
        return
    if obs.action in AFTERWARDS:
        book.note(tracked, obs.at, obs.action, out, obs.by, **_detail(obs))
        return
    _decided(obs, tracked, book, out)


def _decided(obs: UserActed, tracked: Tracked, book: Book, out: list[Effect]) -> None:
    """Overruled or handed over."""
    if obs.action not in ACTIONS:
        book.note(tracked, obs.at, "refused", out, obs.by, **_detail(obs, why=f"unknown action {obs.action}"))
        return
    owner, party = _party(obs.owner)
    side = next((s for s in Side if s.value == obs.side), None)
    if obs.owner is not None and owner is None:
        book.note(tracked, obs.at, "refused", out, obs.by, **_detail(obs, why=f"unknown owner {obs.owner}"))
        return
    if obs.action == "overrule":
        if side is not None:
            tracked.row.side = side
    else:
        tracked.row.assignee = obs.owner
        party = party or (None if owner is None else NOBODY if owner is Owner.NONE else owner.value)
    tracked.row.overruled_by = obs.by
    book.speaker.follow.answered(tracked, obs.at, "overruled" if obs.action == "overrule" else "handed_over")
    book.settle_owner(tracked, owner, party)
    book.note(
        tracked,
        obs.at,
        "overruled" if obs.action == "overrule" else "handed_over",
        out,
        obs.by,
        **_detail(obs),
    )
    book.speaker.speak(tracked, obs.at, out, urgent=True)


def _snooze(obs: UserActed, tracked: Tracked, book: Book, out: list[Effect]) -> None:
    """Silence for a while, or its end before that."""
    if obs.action == "wake":
        if tracked.snooze is None:
            return
        snooze.end(tracked)
        book.note(tracked, obs.at, "woke", out, obs.by, why="person")
    else:
        refused = snooze.begin(tracked, obs.until, obs.wakes, obs.by, obs.at)
        if refused is not None:
            book.note(tracked, obs.at, "refused", out, obs.by, **_detail(obs, why=refused))
            return
        detail = {"until": obs.until.isoformat() if obs.until else "", "wakes": list(obs.wakes)}
        book.note(tracked, obs.at, "snoozed", out, obs.by, **_detail(obs), **detail)
    book.speaker.speak(tracked, obs.at, out)


def _found_out(obs: UserActed, out: list[Effect]) -> None:
    """The row of a feedback, whether judgement still knows the incident or not: most come weeks later."""
    verdict = next((v for v in FeedbackVerdict if v.value == obs.verdict), None)
    if verdict is None:
        return
    side = next((s for s in Side if s.value == obs.side), None)
    out.append(
        FeedbackRow(
            incident_id=obs.incident_id, at=obs.at, by=obs.by, verdict=verdict, side=side, text=obs.text
        )
    )


def _party(text: str | None) -> tuple[Owner | None, str | None]:
    """`installer` or `installer:Name` -> the owner and, where named, the party."""
    if text is None:
        return None, None
    kind, _, name = text.partition(":")
    owner = next((o for o in Owner if o.value == kind.strip().casefold()), None)
    return owner, f"{kind.strip().casefold()}:{name.strip()}" if owner is not None and name.strip() else None


def _detail(obs: UserActed, why: str | None = None) -> dict[str, str]:
    pairs = {
        "verdict": obs.verdict,
        "text": obs.text,
        "side": obs.side,
        "owner": obs.owner,
        "action": obs.action,
        "cause": obs.cause,
        "why": why,
    }
    return {k: v for k, v in pairs.items() if v is not None}
