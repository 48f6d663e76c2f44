"""The one way from a page to data: a named query through the read door, within the user's scope.

Keeps one door per process, and answers for a few seconds so that a fleet of open tabs asks once. Never SQL
text. When the owner process is down the run ends with a calm page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from data.errors import OwnerDown
from data.scope import Scope
from pages._read import query
from pages._session import User, scope_of, words_of
from pages._ui import silent

KEEP_S = 10
# Figures over weeks: a year of a large fleet costs about a second to add up.
KEEP_LONG_S = 300


@st.cache_data(ttl=KEEP_S, max_entries=500, show_spinner=False)
def _kept(name: str, role: str, party: str | None, params: dict[str, Any]) -> pl.DataFrame:
    return query(name, Scope(role=role, party=party), params)


@st.cache_data(ttl=KEEP_LONG_S, max_entries=200, show_spinner=False)
def _kept_long(name: str, role: str, party: str | None, params: dict[str, Any]) -> pl.DataFrame:
    return query(name, Scope(role=role, party=party), params)


def ask(user: User, name: str, **params: Any) -> pl.DataFrame:
    """The rows of a named query as they are now; instants are aware UTC."""
    try:
        return query(name, scope_of(user), params)
    except OwnerDown:
        silent(words_of(user))


def ask_kept(user: User, name: str, **params: Any) -> pl.DataFrame:
    """As `ask`, at most `KEEP_S` seconds old. Give instants rounded (see `minute`), or nothing is ever found
    again.
    """
    try:
        return _kept(name, user.role, user.party, params)
    except OwnerDown:
        silent(words_of(user))


def ask_long(user: User, name: str, **params: Any) -> pl.DataFrame:
    """As `ask`, at most `KEEP_LONG_S` seconds old: for figures over weeks. Give instants by `steady`."""
    try:
        return _kept_long(name, user.role, user.party, params)
    except OwnerDown:
        silent(words_of(user))


def forget() -> None:
    """After an act: what was kept for seconds is asked anew; figures over weeks stay."""
    _kept.clear()


def now() -> datetime:
    return datetime.now(UTC)


def minute() -> datetime:
    """Now, cut to the minute: one key for all questions of this minute."""
    return now().replace(second=0, microsecond=0)


def steady(days: int = 0) -> datetime:
    """Now, cut to five minutes, less `days`: one key for all questions of these five minutes."""
    at = minute()
    return at.replace(minute=at.minute // 5 * 5) - timedelta(days=days)


def days_ago(days: int) -> datetime:
    return minute() - timedelta(days=days)
