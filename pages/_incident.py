"""How one incident is shown: head, whose and why, proof, first aid, who was told, history.

Used by the triage inbox and by the page behind a message's link. Reads; never acts (see `pages/_actions.py`).
"""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any

import msgspec
import polars as pl
import streamlit as st

from pages import _handling, _names, _plain_words
from pages import _html as h
from pages._data import ask, now
from pages._session import User
from pages._texts import Words
from pages._ui import show
from rules.core.calendar.window import reason_of
from rules.core.model import Evidence

Row = dict[str, Any]
UNCERTAIN = 0.5  # the policy's min_confidence: below it the helpdesk decides


def one(user: User, incident_id: str) -> Row | None:
    """The incident, or None when it does not exist or is not this user's."""
    rows = ask(user, "incident", incident_id=incident_id)
    return rows.row(0, named=True) if rows.height else None


def place_line(words: Words, row: Row) -> str:
    station = row["station"] or words.count("detail.members", len(row["members"]))
    connector = words("detail.connector", n=row["connector"]) if row["connector"] else words("detail.station")
    parts = [
        station,
        connector if row["station"] else None,
        row.get("place") or row.get("site"),
        row["address"],
    ]
    return " · ".join(part for part in parts if part)


def badges(words: Words, row: Row) -> str:
    parts = [
        h.severity_badge(row["severity"], words.of("severity", row["severity"])),
        h.side_badge(row["side"], words.of("side", row["side"])),
    ]
    if row["safety"]:
        parts.append(h.badge(words("detail.safety"), "red", "!"))
    if row["imminent"]:
        parts.append(h.badge(words("detail.imminent"), "amber", "◔"))
    if row["state"] != "open":
        parts.append(
            h.badge(words.of("state", row["state"]), "green" if row["state"] == "resolved" else "grey")
        )
    return "".join(parts + _handling.badges(words, row))


def head(words: Words, row: Row) -> None:
    began, closed = row["opened_at"] or row["pending_at"], row["closed_at"]
    if closed:
        span = words.span((closed - began).total_seconds())
        when = words("detail.closed", start=words.when(began), end=words.when(closed), span=span)
    else:
        when = words("detail.since", when=words.when(began), ago=words.ago(began, now()))
    far = _names.progress(words, row, now())
    show(
        f'<div class="lw-head"><div class="lw-badges">{badges(words, row)}</div>'
        f"<h3>{escape(_names.fault(words, row['fault']))}</h3>"
        f"<p>{escape(place_line(words, row))}</p><p>{escape(when)} · {escape(far)}</p></div>"
    )


def why(words: Words, row: Row) -> None:
    """Owner, the task of the published split it falls under, and how sure the verdict is."""
    name = {"installer": row["installer_of_record"], "customer": row["customer_of_record"]}.get(row["owner"])
    owner = words.of("owner", row["owner"])
    if name:
        owner = words.pair(owner, name)
    if row["route_party"] and row["route_party"] != "none":  # where it really is, which may be the helpdesk
        owner = _names.party(words, row["route_party"])
    share = words.percent(row["confidence"], 0)
    sure = row["confidence"] >= UNCERTAIN
    tone = "green" if row["confidence"] >= 0.8 else "amber"
    sureness = words("detail.confidence" if sure else "detail.uncertain", share=share)
    reason, task = _handling.route_why(words, row), _names.task(words, row["task"])
    lines = [("detail.task", task)] if task not in reason else []
    lines.append(("detail.cause", words.of("cause", row["cause"])))
    if row["overruled_by"]:
        lines.append(("detail.rule", words("detail.overruled", name=row["overruled_by"])))
    else:
        lines.append(("detail.rule", f"{row['rule_id']} ({row['rule_version']})"))
    if row["route_rule"] and not words.has(row["route_rule"]):  # one of the routing file's own
        lines.append(("detail.route", row["route_rule"].removeprefix("route.")))
    show(
        f'<div class="lw-why"><h4>{escape(words("detail.why"))}</h4><div class="lw-owner"><b>'
        f"{escape(owner)}</b>"
        f"{h.badge(sureness, tone)}</div><p>{escape(reason)}</p>"
        f"{h.facts((words(key), value) for key, value in lines)}</div>"
    )
    if row["suppression"]:
        reasons = ", ".join(words.of("suppress", reason_of(one)[0]) for one in row["suppression"])
        show(f'<p class="lw-hint">{escape(words("detail.suppressed", why=reasons))}</p>')
    if row["snoozed_until"]:
        snoozed = words("detail.snoozed", name=row["snoozed_by"], when=words.when(row["snoozed_until"]))
        show(f'<p class="lw-hint">{escape(snoozed)}</p>')
    if row["driver_stuck"] and row["state"] != "resolved":
        show(f'<p class="lw-hint"><b>{escape(words("detail.stuck"))}</b></p>')


def aid(words: Words, row: Row) -> None:
    first, never = _names.first_aid(words, row["fault"])
    if first:
        show(
            f'<div class="lw-aid"><h4>{escape(words("detail.aid"))}</h4><p>{escape(first)}</p>'
            + (f"<p><b>{escape(words('detail.notdo'))}</b> {escape(never)}</p>" if never else "")
            + "</div>"
        )
    others = _names.alternatives(words, row["fault"])
    if others and row["state"] != "resolved":
        said = words.pair(words("detail.others"), ", ".join(others))
        show(f'<p class="lw-hint" data-lw="others">{escape(said)}</p>')


def proof(user: User, words: Words, row: Row) -> None:
    """What was seen, in order; then the frames themselves."""
    seen = msgspec.json.decode(row["evidence"], type=list[Evidence])
    show(f'<h4 class="lw-h4">{escape(words("detail.proof"))}</h4>')
    if seen:
        show(
            h.timeline(
                h.Step(
                    words.exact(item.at),
                    _names.evidence(words, item),
                    tone=h.SIDE_TONE.get(row["side"], "grey"),
                )
                for item in seen
            )
        )
    frames = ask(user, "incident_frames", incident_id=row["incident_id"])
    if frames.is_empty():
        show(f'<p class="lw-hint">{escape(words("detail.noproof"))}</p>')
        return
    with st.expander(words("detail.raw", n=frames.height)):
        for frame in frames.iter_rows(named=True):
            way = words.of("direction", frame["direction"])
            show(f'<p class="lw-hint">{escape(words.exact(frame["received_at"]))} · {escape(way)}</p>')
            st.code(_pretty(frame["raw"]), language="json", wrap_lines=True)


def handling(words: Words, row: Row) -> None:
    """What was promised, how long it was with whom, and who is called when nobody answers."""
    found = _handling.promises(words, row) + _handling.clocks(words, row) + _handling.chain(words, row)
    if found:
        show(found)


def history(user: User, words: Words, row: Row) -> None:
    events: pl.DataFrame = ask(user, "incident_events", incident_id=row["incident_id"])
    if events.height:
        show(f'<h4 class="lw-h4">{escape(words("detail.history"))}</h4>')
        show(h.timeline(_event_step(words, event) for event in events.iter_rows(named=True)))


def _event_step(words: Words, event: Row) -> h.Step:
    detail = json.loads(event["detail"])
    said = detail.get("text") or ""
    if event["event"] == "routed":
        said = _handling.rule(words, detail.get("rule", ""))
        if detail.get("from"):
            said = f"{_names.party(words, detail['from'])} → {_names.party(words, detail['party'])} · {said}"
    elif event["event"].startswith("aid_"):
        parts = [(group, detail.get(group)) for group in ("do", "outcome", "why")]
        told = [words.of(f"aid.{group}", value) for group, value in parts if value]
        more = detail.get("detail") if detail.get("outcome") != "accepted" else None
        said = " · ".join([*told, *filter(None, [more])])
    elif event["event"] == "feedback":
        said = " · ".join(filter(None, (words.of("verdict", detail.get("verdict")), said)))
    elif event["event"] == "notice":
        said = f"{detail.get('destination', '')} · {words.of('notice.reason', detail.get('reason'))}"
    elif event["event"] in ("on_my_way", "fixed", "not_fixed"):
        said = _from_the_spot(words, detail)
    actor = f" · {_names.person(words, event['actor'])}" if event["actor"] else ""
    body = f"<p>{escape(str(said))}</p>" if said else ""
    tone = "green" if event["event"] == "resolved" else "blue" if event["actor"] else "grey"
    return h.Step(
        words.when(event["happened_at"]), words.of("event", event["event"]).capitalize() + actor, body, tone
    )


def _from_the_spot(words: Words, detail: Row) -> str:
    """What somebody on the way or at the station told."""
    parts = []
    if detail.get("eta"):
        parts.append(words("act.eta.at", when=words.when(datetime.fromisoformat(detail["eta"]))))
    if detail.get("cause"):
        parts.append(words.of("found", detail["cause"]))
    elif detail.get("verdict") == "no_fault_found":
        parts.append(words("found.nothing"))
    if detail.get("text"):
        parts.append(str(detail["text"]))
    return " · ".join(parts)


def _pretty(raw: str) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw  # not JSON: as received


def plain(user: User, words: Words, row: Row) -> None:
    """For the customer: works or not, who is on it, since when. No codes, no proof."""
    began = row["opened_at"] or row["pending_at"]
    tone = "green" if row["closed_at"] else "red" if _plain_words.out_of_use(row) else "grey"
    sentence = _plain_words.sentence(words, row)
    since = words("detail.since", when=words.when(began), ago=words.ago(began, now()))
    lines = [place_line(words, row), since]
    sent = ask(user, "incident_notices", incident_id=row["incident_id"]).filter(pl.col("state") == "sent")
    if sent.height:
        who = words.of("who", _plain_words.holder(row))
        lines.append(words("fault.customer.told", who=who, when=words.when(min(sent["sent_at"]))))
    if row["acknowledged_at"]:
        lines.append(words("fault.customer.taken", when=words.when(row["acknowledged_at"])))
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    show(f'<div class="lw-sentence lw-{tone}">{escape(sentence)}</div><div class="lw-card">{body}</div>')
    if row["owner"] == "customer":
        aid(words, row)
