"""Plain pages behind a link out of a message, made for a phone in one hand: what, where, since when, three
buttons, what to try, what not to do, and the proof in short. No script, no picture to wait for.

Shows what it is given and decides nothing. Every value is escaped.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import HTMLResponse

from pages import _html as h
from pages import _incident, _names
from pages._plain import page
from pages._texts import LANGUAGES, ZONE, Words
from pages._ui import route_link
from rules.core.model import Evidence

Row = dict[str, Any]

# What may have been found, hardware first: these are installers. The words of `Cause`, and nothing at all.
FOUND = (
    "charger_hardware",
    "power_supply",
    "local_network",
    "firmware",
    "configuration",
    "vehicle",
    "driver",
    "external",
    "unknown",
    "nothing",
)
DONE = ("take", "on_my_way", "fixed", "refused")
ETAS_MIN = (15, 30, 60, 120, 240)
MAX_PROOFS = 4
STATUS = {"good": 200, "unknown": 404, "wait": 429, "notmine": 404}
# Nothing of another site, no script, no frame.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_NUMBER = re.compile(r"\+?\d[\d/. ]{6,}\d")
STYLE = '<link rel="stylesheet" href="/assets/magic.css"><meta name="robots" content="noindex">'


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How the page of one incident is shown. `action`: where its buttons go. `until`: when the session ends;
    None before there is one. `done`, `problem`: what to say first. `several`: there is a list to go back to.
    """

    action: str
    csrf: str
    until: datetime | None = None
    done: str | None = None
    problem: str | None = None
    several: bool = False


def incident_page(words: Words, row: Row, view: View, now: datetime) -> HTMLResponse:
    over = row["state"] == "resolved"
    parts = [
        _said(words, view),
        _head(words, row, now),
        "" if over else _buttons(words, row, view),
        _fixed(words, row, view),
        _advice(words, row) if not over else "",
        _proof(words, row),
        _facts(words, row),
        _foot(words, row, view),
        _languages(words, view.action, {"id": row["incident_id"]}),
    ]
    status = {None: 200, "magic.stale": 403}.get(view.problem, 400)
    return _page(words, _names.fault(words, row["fault"]), "".join(parts), status)


def list_page(words: Words, rows: list[Row], action: str) -> HTMLResponse:
    """Several incidents of one message: which one?"""
    items = "".join(
        f'<li><a href="{action}?id={quote(row["incident_id"], safe="")}">'
        f'<span class="badges">{_incident.badges(words, row)}</span>'
        f"<b>{escape(_names.fault(words, row['fault']))}</b>"
        f"<span>{escape(_incident.place_line(words, row))}</span></a></li>"
        for row in rows
    )
    body = f'<h1>{escape(words.count("installer.count", len(rows)))}</h1><ul class="several">{items}</ul>'
    return _page(words, words("installer.title"), body + _languages(words, action, {}), 200)


def gone_page(
    words: Words, state: str, token: str | None, csrf: str, problem: str | None = None
) -> HTMLResponse:
    """A link or a session that is no good (any more): why, and what to do. `state`: used, expired, revoked,
    unknown, wait, over (the session) or notmine."""
    alert = f'<p class="problem" role="alert">{escape(words(problem))}</p>' if problem else ""
    ask = ""
    if token is not None and state in ("used", "expired"):
        ask = (
            f'<form method="post" action="/m/{quote(token, safe="")}/fresh">{_hidden(csrf)}'
            f'<button type="submit">{escape(words("magic.fresh"))}</button></form>'
        )
    body = (
        f"{alert}<h1>{escape(words(f'magic.gone.{state}'))}</h1>"
        f'<p class="lead">{escape(words(f"magic.gone.{state}.do"))}</p>{ask}{_others(words)}'
    )
    action = f"/m/{quote(token, safe='')}" if token is not None else "/m"
    status = 403 if problem else STATUS.get(state, 410)
    return _page(words, words(f"magic.gone.{state}"), body + _languages(words, action, {}), status)


def fresh_page(words: Words, outcome: str) -> HTMLResponse:
    """After asking for a fresh link: sent, wait or over."""
    body = (
        f"<h1>{escape(words(f'magic.fresh.{outcome}'))}</h1>"
        f'<p class="lead">{escape(words(f"magic.fresh.{outcome}.do"))}</p>{_others(words)}'
    )
    return _page(words, words(f"magic.fresh.{outcome}"), body, 200 if outcome == "sent" else 429)


def _page(words: Words, title: str, body: str, status: int) -> HTMLResponse:
    response = page(words.language, title, f'<div class="magic">{body}</div>', status, STYLE)
    response.headers["content-security-policy"] = POLICY
    return response


def _said(words: Words, view: View) -> str:
    if view.problem:
        return f'<p class="problem" role="alert">{escape(words(view.problem))}</p>'
    if view.done == "refused":
        return f'<p class="problem" role="alert">{escape(words("magic.done.refused"))}</p>'
    if view.done:
        return f'<p class="done" role="status">{escape(words(f"magic.done.{view.done}"))}</p>'
    return ""


def _head(words: Words, row: Row, now: datetime) -> str:
    began = row["opened_at"] or row["pending_at"]
    since = words("detail.since", when=words.when(began), ago=words.ago(began, now))
    line = _incident.place_line(words, row).split(" · ")
    go = route_link(words, row["latitude"], row["longitude"]) + _call(words)
    return (
        f'<div class="badges">{_incident.badges(words, row)}</div>'
        f"<h1>{escape(_names.fault(words, row['fault']))}</h1>"
        f'<p class="place"><b>{escape(line[0])}</b> {escape(" · ".join(line[1:]))}</p>'
        f"<p>{escape(since[:1].upper() + since[1:])}</p>"
        f'<p class="state">{escape(_names.progress(words, row, now))}</p>'
        + (f'<p class="go">{go}</p>' if go else "")
    )


def _call(words: Words) -> str:
    """A link that calls the operator, where its contact holds a telephone number."""
    number = _NUMBER.search(_names.helpdesk(words))
    if number is None:
        return ""
    digits = re.sub(r"[^\d+]", "", number.group())
    return f'<a class="lw-button" href="tel:{digits}">{escape(words("magic.call"))}</a>'


def _buttons(words: Words, row: Row, view: View) -> str:
    """I take it, I am on my way. Who is on the way has taken it; who fixed it was there."""
    if row["fixed_at"] is not None:
        return ""
    on_way, taken = row["on_my_way_at"] is not None, row["acknowledged_at"] is not None
    take = "" if taken else f'<button name="act" value="take">{escape(words("act.take"))}</button>'
    times = "".join(
        f'<option value="{minutes}">{escape(words.span(minutes * 60))}</option>' for minutes in ETAS_MIN
    )
    quiet = "" if taken and not on_way else ' class="quiet"'
    label = words("act.on_my_way.again" if on_way else "act.on_my_way")
    return (
        f'<form method="post" action="{view.action}" class="acts">{_hidden(view.csrf, row)}{take}'
        f'<div class="way"><label for="lw-eta">{escape(words("act.eta"))}</label>'
        f'<select id="lw-eta" name="eta"><option value="">{escape(words("act.eta.none"))}</option>'
        f"{times}</select>"
        f'<button name="act" value="on_my_way"{quiet}>{escape(label)}</button></div></form>'
    )


def _fixed(words: Words, row: Row, view: View) -> str:
    """What it was; open at once where that was asked and forgotten."""
    choices = "".join(
        f'<label><input type="radio" name="cause" value="{found}" required>'
        f"<span>{escape(words(f'found.{found}'))}</span></label>"
        for found in FOUND
    )
    shown = " open" if view.problem == "magic.choose" else ""
    return (
        f"<details{shown}><summary>{escape(words('act.fixed'))}</summary>"
        f'<form method="post" action="{view.action}">{_hidden(view.csrf, row)}'
        f"<fieldset><legend>{escape(words('act.found'))}</legend>{choices}</fieldset>"
        f'<label for="lw-text">{escape(words("fault.note"))}</label>'
        f'<textarea id="lw-text" name="text" rows="3" maxlength="1000"></textarea>'
        f'<button name="act" value="fixed">{escape(words("act.fixed.send"))}</button></form></details>'
    )


def _advice(words: Words, row: Row) -> str:
    first, never = _names.first_aid(words, row["fault"])
    bring = _names.bring(words, row["fault"], row["cause"])
    parts = [
        f"<h2>{escape(words('detail.aid'))}</h2><p>{escape(first)}</p>" if first else "",
        f'<p class="never"><b>{escape(words("detail.notdo"))}</b> {escape(never)}</p>' if never else "",
        f"<h2>{escape(words('magic.bring'))}</h2><p>{escape(bring)}</p>" if bring else "",
    ]
    return f"<section>{''.join(parts)}</section>" if any(parts) else ""


def _proof(words: Words, row: Row) -> str:
    seen = msgspec.json.decode(row["evidence"], type=list[Evidence])
    # The first proof tells how it began, the last ones how it stands.
    shown = seen if len(seen) <= MAX_PROOFS else [seen[0], *seen[1 - MAX_PROOFS :]]
    items = "".join(
        f"<li><time>{escape(words.when(one.at))}</time> {escape(_names.evidence(words, one))}</li>"
        for one in shown
    )
    if not items:
        return ""
    share = words("detail.confidence", share=words.percent(row["confidence"], 0))
    return (
        f'<section><h2>{escape(words("detail.proof"))}</h2><ul class="proof">{items}</ul>'
        f'<p class="small">{escape(words.of("side", row["side"]))}, {escape(words.of("cause", row["cause"]))}'
        f" · {escape(share)}</p></section>"
    )


def _facts(words: Words, row: Row) -> str:
    make = h.make_and_model(row["make"], row["model"])
    pairs = [
        ("fault.make", make),
        ("fault.firmware", row["firmware"]),
        ("fault.customer", row["customer_of_record"]),
        ("detail.task", _names.task(words, row["task"])),
    ]
    told = h.facts((words(key), str(value)) for key, value in pairs if value)
    return f"<section>{told}</section>"


def _foot(words: Words, row: Row, view: View) -> str:
    if view.until is None:
        note = words("magic.once")
    else:
        note = words("magic.until", when=view.until.astimezone(ZONE).strftime("%H:%M"))
    back = f'<p><a href="{view.action}">{escape(words("magic.back"))}</a></p>' if view.several else ""
    target = quote(f"/fault?id={row['incident_id']}", safe="")
    return (
        f'{back}<section class="small"><p>{escape(note)}</p><p>{escape(_names.helpdesk(words))}</p>'
        f'<p><a href="/login?next={target}">{escape(words("magic.signin"))}</a></p></section>'
    )


def _others(words: Words) -> str:
    return (
        f'<section class="small"><p>{escape(_names.helpdesk(words))}</p>'
        f'<p><a href="/login">{escape(words("magic.signin"))}</a></p></section>'
    )


def _languages(words: Words, action: str, kept: dict[str, str]) -> str:
    links = "".join(
        f'<a href="{action}?{escape(urlencode({**kept, "lang": code}))}" lang="{code}"'
        f"{' aria-current=true' if code == words.language else ''}>{escape(name)}</a>"
        for code, name in LANGUAGES.items()
    )
    return f'<nav aria-label="{escape(words("signin.language"))}">{links}</nav>'


def _hidden(csrf: str, row: Row | None = None) -> str:
    own = f'<input type="hidden" name="id" value="{escape(row["incident_id"])}">' if row else ""
    return f'<input type="hidden" name="csrf" value="{escape(csrf)}">{own}'
