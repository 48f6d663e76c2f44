"""Plain HTML pages outside Streamlit: sign-in, and what to see when the owner process is silent.

Needs no script and no session. Every value from outside is escaped.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse

from pages._texts import LANGUAGES, text

FRAME = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title} · Laadwacht</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/assets/icon.png">
<link rel="stylesheet" href="/assets/plain.css">{extra}</head><body><main>
<header><img src="/assets/icon.png" alt="" width="44" height="44"><span>Laadwacht</span></header>
{body}</main></body></html>"""


def page(language: str, title: str, body: str, status: int = 200, extra: str = "") -> HTMLResponse:
    html = FRAME.format(language=language, title=escape(title), body=body, extra=extra)
    return HTMLResponse(html, status, headers={"cache-control": "no-store"})


def sign_in_page(
    language: str, target: str, csrf: str, *, email: str = "", problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """`problem` is a text key. `target` is a local path already."""

    def say(key: str) -> str:
        return escape(text(language, key))

    links = " ".join(
        f'<a href="/login?lang={code}&amp;next={quote(target, safe="")}" lang="{code}"'
        f"{' aria-current=true' if code == language else ''}>{escape(name)}</a>"
        for code, name in LANGUAGES.items()
    )
    alert = f'<p class="problem" role="alert">{say(problem)}</p>' if problem else ""
    body = f"""<h1>{say("signin.title")}</h1><p class="lead">{say("signin.lead")}</p>{alert}
<form method="post" action="/login"><input type="hidden" name="csrf" value="{escape(csrf)}">
<input type="hidden" name="next" value="{escape(target)}"><input type="hidden" name="lang" value="{language}">
<label for="lw-email">{say("signin.email")}</label>
<input id="lw-email" name="email" type="email" autocomplete="username" required autofocus
value="{escape(email)}">
<label for="lw-password">{say("signin.password")}</label>
<input id="lw-password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">{say("signin.button")}</button></form>
<nav aria-label="{say("signin.language")}">{links}</nav>"""
    return page(language, text(language, "signin.title"), body, status)


def silent_page() -> HTMLResponse:
    """In all languages at once: without the owner process nobody's language is known."""
    parts = "".join(
        f'<section lang="{code}"><h2>{escape(text(code, "silent.title"))}</h2>'
        f"<p>{escape(text(code, 'silent.what'))}</p><p>{escape(text(code, 'silent.do'))}</p></section>"
        for code in LANGUAGES
    )
    again = '<meta http-equiv="refresh" content="10">'
    return page("nl", text("nl", "silent.title"), f'<div class="silent">{parts}</div>', 503, again)
