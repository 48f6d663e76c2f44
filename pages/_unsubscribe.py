"""The page behind a message's "no more messages": one question, one button, no sign-in.

Opening it changes nothing (mail scanners open links); only the button does. Whether the link is good is for
the owner process to say.
"""

from __future__ import annotations

from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pages import _owner
from pages._form import form_of
from pages._plain import page, silent_page
from pages._texts import best_language, text


def _language(request: Request) -> str:
    return best_language(request.query_params.get("lang"), None, request.headers.get("accept-language"))


def _answer(language: str, body: str, status: int = 200) -> Response:
    response = page(language, text(language, "unsubscribe.title"), body, status)
    response.headers["cache-control"] = "no-store"
    return response


async def ask_unsubscribe(request: Request) -> Response:
    language = _language(request)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(request.query_params.get(name, ""))}">'
        for name in ("s", "t")
    )
    return _answer(
        language,
        f"""<h1>{escape(text(language, "unsubscribe.title"))}</h1>
<p class="lead">{escape(text(language, "unsubscribe.lead"))}</p>
<form method="post" action="/unsubscribe">{hidden}
<button type="submit">{escape(text(language, "unsubscribe.button"))}</button></form>""",
    )


async def unsubscribe(request: Request) -> Response:
    language = _language(request)
    form = await form_of(request)
    try:
        ended = await run_in_threadpool(_owner.unsubscribe, str(form.get("s", "")), str(form.get("t", "")))
    except _owner.OwnerSilent:
        return silent_page()
    key = "unsubscribe.done" if ended else "unsubscribe.bad"
    body = f"""<h1>{escape(text(language, "unsubscribe.title"))}</h1>
<p class="lead">{escape(text(language, key))}</p>"""
    return _answer(language, body, 200 if ended else 404)
