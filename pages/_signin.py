"""The dashboard's own routes: sign in, sign out, liveness.

Sessions live with the owner process; this door only carries the cookie. A cookie from outside is never
adopted: each sign-in gets a new one. Forms carry a double-submit token; `next` is a local path or nothing.
"""

from __future__ import annotations

import secrets
from hmac import compare_digest

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from pages import _owner
from pages._form import form_of
from pages._gate import SESSION_COOKIE, local_path
from pages._plain import sign_in_page, silent_page
from pages._texts import best_language

CSRF_COOKIE = "laadwacht_csrf"
LANGUAGE_COOKIE = "laadwacht_language"


def language_of(request: Request, asked: str | None) -> str:
    kept = request.cookies.get(LANGUAGE_COOKIE)
    return best_language(asked, kept, request.headers.get("accept-language"))


def set_cookie(
    response: Response,
    request: Request,
    name: str,
    value: str,
    max_age: int | None = None,
    *,
    path: str = "/",
) -> None:
    """A cookie that no script reads and no other site's form brings along. `max_age` in seconds."""
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax", secure=secure, path=path)


def same_secret(request: Request, sent: object) -> bool:
    kept = request.cookies.get(CSRF_COOKIE, "")
    return bool(kept) and isinstance(sent, str) and compare_digest(kept.encode(), sent.encode())


def _form(
    request: Request, language: str, target: str, email: str = "", problem: str | None = None
) -> Response:
    status = {None: 200, "signin.wait": 429, "signin.stale": 403}.get(problem, 401)
    csrf = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(24)
    response = sign_in_page(language, target, csrf, email=email, problem=problem, status=status)
    set_cookie(response, request, CSRF_COOKIE, csrf)
    return response


async def health(_request: Request) -> Response:
    """Liveness of this process only; the owner's own health is at its own door."""
    return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})


async def sign_in_form(request: Request) -> Response:
    target = local_path(request.query_params.get("next"))
    asked = request.query_params.get("lang")
    language = language_of(request, asked)
    response = _form(request, language, target)
    if asked:
        set_cookie(response, request, LANGUAGE_COOKIE, language, 365 * 86400)
    return response


async def sign_in(request: Request) -> Response:
    form = await form_of(request)
    target = local_path(str(form.get("next", "/")))
    language = language_of(request, str(form.get("lang", "")))
    email = str(form.get("email", "")).strip()
    if not same_secret(request, form.get("csrf")):
        return _form(request, language, target, email, "signin.stale")
    address = request.client.host if request.client else ""
    try:
        result = await run_in_threadpool(_owner.open_session, email, str(form.get("password", "")), address)
        old = request.cookies.get(SESSION_COOKIE)
        if old and result.session:
            await run_in_threadpool(_owner.close_session, old)
    except _owner.OwnerSilent:
        return silent_page()
    if result.session is None:
        return _form(request, language, target, email, "signin.wait" if result.wait else "signin.refused")
    response = RedirectResponse(target, 303)
    set_cookie(response, request, SESSION_COOKIE, result.session)
    set_cookie(response, request, CSRF_COOKIE, secrets.token_urlsafe(24))
    return response


async def sign_out(request: Request) -> Response:
    form = await form_of(request)
    if not same_secret(request, form.get("csrf")):
        return PlainTextResponse("this form is stale: reload the page", 403)
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        try:
            await run_in_threadpool(_owner.close_session, session)
        except _owner.OwnerSilent:
            return silent_page()
    response = RedirectResponse("/login", 303, headers={"clear-site-data": '"cache", "storage"'})
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response
