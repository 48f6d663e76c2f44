"""The routes behind a link out of a message: look without using it up, use it, act, ask for a fresh one.

A GET never uses a link up: mail scanners open links before people do. A POST with this site's own form does,
and opens a short session for the link's installer and incidents only. Every answer says what to do next.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from data.commands import Fixed, OnMyWay, Take
from data.errors import OwnerDown
from data.scope import Scope
from pages import _magic_owner, _magic_page, _names
from pages._form import form_of
from pages._magic_page import Row, View
from pages._owner import OwnerSilent
from pages._plain import silent_page
from pages._read import query
from pages._signin import CSRF_COOKIE, LANGUAGE_COOKIE, same_secret, set_cookie
from pages._texts import Words, best_language
from rules.core.words import Cause

COOKIE = "laadwacht_link"
MOST_TEXT = 1_000
MOST_MINUTES = 72 * 60
SHOWN_WITHIN_S = 2.0


class Held(NamedTuple):
    """What a link or its session gives access to. `action`: where buttons go. `until`: the session's end."""

    party: str
    incidents: tuple[str, ...]
    action: str
    until: datetime | None = None


def prepare() -> None:
    """Before the first visitor: whatever server runs this writes no link into its access log, and the
    catalogue is read meanwhile, which takes a second or two.
    """
    logging.getLogger("uvicorn.access").addFilter(_hidden)
    threading.Thread(target=_names.catalog, name="catalogue", daemon=True).start()


def _hidden(record: logging.LogRecord) -> bool:
    def hide(value: object) -> object:
        return re.sub(r"/m/[^/?\s]+", "/m/…", value) if isinstance(value, str) else value

    if isinstance(record.args, tuple):
        record.args = tuple(hide(value) for value in record.args)
    return True


async def opened(request: Request) -> Response:
    """GET /m/<link>: what it is about, with buttons. Does not use it up."""
    return await _calm(request, _opened)


async def use(request: Request) -> Response:
    """POST /m/<link>: uses it up and does what the button says."""
    return await _calm(request, _use)


async def read(request: Request) -> Response:
    """GET /m: the same page, for the session that a link opened."""
    return await _calm(request, _read)


async def act_here(request: Request) -> Response:
    """POST /m: what the button says, by that session."""
    return await _calm(request, _act_here)


async def ask_fresh(request: Request) -> Response:
    """POST /m/<link>/fresh: a fresh link to where the old one went."""
    return await _calm(request, _fresh)


async def _calm(request: Request, answer: Callable[[Request, FormData], Response]) -> Response:
    form = await form_of(request) if request.method == "POST" else FormData()
    try:
        response = await run_in_threadpool(answer, request, form)
    except (OwnerSilent, OwnerDown):
        return silent_page()
    asked = request.query_params.get("lang")
    if asked:
        set_cookie(response, request, LANGUAGE_COOKIE, best_language(asked), 365 * 86400)
    return response


def _words(request: Request, of_link: str | None) -> Words:
    """The language asked for, else chosen before, else of the destination; a browser's own comes last."""
    kept, own = request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")
    return Words(best_language(request.query_params.get("lang"), kept, of_link, own))


def _opened(request: Request, _form: FormData) -> Response:
    token = request.path_params["token"]
    link = _magic_owner.look(token, _address(request), request.cookies.get(COOKIE))
    words = _words(request, link.language)
    if link.state != "good" and link.incidents:
        chosen = _chosen(request.query_params.get("id"), link.incidents)
        return RedirectResponse(f"/m?id={quote(chosen, safe='')}", 303)
    if link.state != "good":
        return _gone(request, words, link.state)
    return _page(request, words, Held(link.party or "", link.incidents, f"/m/{token}"))


def _use(request: Request, form: FormData) -> Response:
    token, cookie = request.path_params["token"], request.cookies.get(COOKIE)
    link = _magic_owner.look(token, _address(request), cookie)
    words = _words(request, link.language)
    if not link.incidents:
        return _gone(request, words, link.state)
    held = Held(link.party or "", link.incidents, f"/m/{token}")
    incident = _chosen(form.get("id"), link.incidents)
    command = command_of(form, incident, datetime.now(UTC))
    problem = "magic.stale" if not same_secret(request, form.get("csrf")) else None
    if problem or command is None:
        problem = problem or "magic.choose"
        return _page(request, words, held, chosen=incident, problem=problem)
    if link.state != "good":  # used by this very session: a second tab, or back and again
        return _done(request, held, cookie or "", command, form)
    session = _magic_owner.redeem(token, _address(request), cookie)
    if session is None or session.session is None:
        return _gone(request, words, "used")
    response = _done(request, held, session.session, command, form)
    left = session.expires_at - datetime.now(UTC)
    set_cookie(response, request, COOKIE, session.session, max(1, int(left.total_seconds())), path="/m")
    return response


def _read(request: Request, _form: FormData) -> Response:
    held = _magic_owner.held(request.cookies.get(COOKIE))
    words = _words(request, held.language if held else None)
    if held is None:
        return _gone(request, words, "over")
    said = request.query_params.get("done")
    done = said if said in _magic_page.DONE else None
    return _page(request, words, _by_session(held), done=done)


def _act_here(request: Request, form: FormData) -> Response:
    cookie = request.cookies.get(COOKIE)
    held = _magic_owner.held(cookie)
    words = _words(request, held.language if held else None)
    if held is None or not cookie:
        return _gone(request, words, "over")
    incident = _chosen(form.get("id"), held.incidents)
    command = command_of(form, incident, datetime.now(UTC))
    problem = "magic.stale" if not same_secret(request, form.get("csrf")) else None
    if problem or command is None:
        problem = problem or "magic.choose"
        return _page(request, words, _by_session(held), chosen=incident, problem=problem)
    return _done(request, _by_session(held), cookie, command, form)


def _fresh(request: Request, form: FormData) -> Response:
    words = _words(request, None)
    if not same_secret(request, form.get("csrf")):
        return _gone(request, words, "used", problem="magic.stale")
    return _magic_page.fresh_page(words, _magic_owner.fresh(request.path_params["token"], _address(request)))


def command_of(form: FormData, incident: str, now: datetime) -> _magic_owner.Act | None:
    """What the pressed button asks; None when a choice is missing or makes no sense."""
    pressed = form.get("act")
    if pressed == "take":
        return Take(incident_id=incident)
    if pressed == "on_my_way":
        minutes = str(form.get("eta", ""))
        there = int(minutes) if minutes.isascii() and minutes.isdigit() else 0
        eta = now + timedelta(minutes=there) if 0 < there <= MOST_MINUTES else None
        return OnMyWay(incident_id=incident, eta=eta)
    text = " ".join(str(form.get("text", "")).split())[:MOST_TEXT] or None
    found = form.get("cause")
    if pressed != "fixed" or found not in _magic_page.FOUND:
        return None
    return Fixed(incident_id=incident, cause=None if found == "nothing" else Cause(str(found)), text=text)


def _done(request: Request, held: Held, session: str, command: _magic_owner.Act, form: FormData) -> Response:
    """Carries it out, and sends on to a page that shows it."""
    scope = Scope("installer", held.party)
    before = _row(command.incident_id, scope)
    said = str(form.get("act")) if _magic_owner.act(session, command) else "refused"
    if said != "refused" and before is not None and before["state"] != "resolved":
        _wait_until_shown(command.incident_id, scope, before["updated_at"])
    where = {"id": command.incident_id, "done": said}
    if asked := request.query_params.get("lang"):
        where["lang"] = asked
    return RedirectResponse(f"/m?{urlencode(where)}", 303)


def _wait_until_shown(incident: str, scope: Scope, updated_at: datetime) -> None:
    """What was accepted is kept for sure; judgement shows it a moment later: wait for that moment."""
    until = time.monotonic() + SHOWN_WITHIN_S
    while time.monotonic() < until:
        row = _row(incident, scope)
        if row is None or row["updated_at"] != updated_at:
            return
        time.sleep(0.05)


def _by_session(session: _magic_owner.Session) -> Held:
    return Held(session.party, session.incidents, "/m", session.expires_at)


def _page(
    request: Request,
    words: Words,
    held: Held,
    *,
    chosen: str | None = None,
    problem: str | None = None,
    done: str | None = None,
) -> Response:
    """The incident that is asked for, or the choice of them."""
    incidents, asked = held.incidents, chosen or request.query_params.get("id")
    scope = Scope("installer", held.party)
    if len(incidents) > 1 and asked not in incidents:
        rows = [row for one in incidents if (row := _row(one, scope)) is not None]
        return _magic_page.list_page(words, rows, held.action)
    row = _row(_chosen(asked, incidents), scope)
    if row is None:  # it went to another installer since, or left the register
        return _gone(request, words, "notmine")
    csrf = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(24)
    several = len(incidents) > 1
    view = View(action=held.action, csrf=csrf, until=held.until, done=done, problem=problem, several=several)
    response = _magic_page.incident_page(words, row, view, datetime.now(UTC))
    if CSRF_COOKIE not in request.cookies:
        set_cookie(response, request, CSRF_COOKIE, csrf)
    return response


def _gone(request: Request, words: Words, state: str, problem: str | None = None) -> Response:
    csrf = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(24)
    token = request.path_params.get("token")
    response = _magic_page.gone_page(words, state, token, csrf, problem)
    if CSRF_COOKIE not in request.cookies:
        set_cookie(response, request, CSRF_COOKIE, csrf)
    return response


def _row(incident: str, scope: Scope) -> Row | None:
    rows = query("incident", scope, {"incident_id": incident})
    return rows.row(0, named=True) if rows.height else None


def _chosen(asked: object, incidents: tuple[str, ...]) -> str:
    return asked if isinstance(asked, str) and asked in incidents else incidents[0]


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
