"""Who looks at this page and what they may see. Every page begins with `require`; it never trusts that the
shell ran.

Decides by asking the owner process at every run, so that a revoked session ends at the next click. Scope
comes from the user, never from a widget or a URL.
"""

from __future__ import annotations

import streamlit as st

from data.scope import Scope
from pages import _owner
from pages._gate import SESSION_COOKIE
from pages._signin import CSRF_COOKIE, LANGUAGE_COOKIE
from pages._texts import LANGUAGES, Words
from pages._ui import expired, not_found, silent

ROLES = ("helpdesk", "installer", "customer")
User = _owner.User


def cookie(name: str) -> str | None:
    """A cookie of this connection; read when the page was loaded."""
    value = st.context.cookies.get(name)
    return value if isinstance(value, str) and value else None


def session_token() -> str | None:
    return cookie(SESSION_COOKIE)


def csrf_token() -> str:
    return cookie(CSRF_COOKIE) or ""


def words_of(user: User | None) -> Words:
    """The language chosen in this tab, else at sign-in, else of the account."""
    chosen = st.session_state.get("language")
    for wish in (chosen, cookie(LANGUAGE_COOKIE), user.language if user else None):
        if wish in LANGUAGES:
            return Words(str(wish))
    return Words("nl")


def require(*roles: str) -> tuple[User, Words]:
    """The user, when signed in with one of `roles` (none named: any); otherwise the run ends with what to
    do.
    """
    token = session_token()
    try:
        user = _owner.who(token) if token else None
    except _owner.OwnerSilent:
        silent(words_of(None))
    if user is None or user.role not in ROLES:
        expired(words_of(None))
    words = words_of(user)
    if roles and user.role not in roles:
        not_found(words)
    return user, words


def scope_of(user: User) -> Scope:
    return Scope(role=user.role, party=user.party)
