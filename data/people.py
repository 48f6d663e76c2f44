"""Who may sign in, and who is signed in.

Decides whether a password is right, how often it may be tried, and how long a session lasts. Must never keep
a password or a session's token in clear, nor tell by answer or by time whether a user exists.

Passwords: argon2id, 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet, minimum for argon2id).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import deque
from datetime import UTC, datetime, timedelta

import argon2
import duckdb
import msgspec
from argon2.exceptions import InvalidHashError, VerificationError

from data.rows import naive_utc
from data.store import Store

ROLES = ("helpdesk", "installer", "customer")
LANGUAGES = ("nl", "fr", "en")
SESSION_ABSOLUTE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=8)
# `seen_at` is written at most this often: a page asks for its session many times a minute.
SEEN_STEP = timedelta(minutes=1)
TRIES_WINDOW = timedelta(minutes=15)
TRIES_PER_USER_AND_ADDRESS = 5
TRIES_PER_ADDRESS = 30
MOST_REMEMBERED = 10_000  # users and addresses, before those whose tries are over are forgotten
MIN_PASSWORD = 8
MAX_PASSWORD = 1_024

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash(secrets.token_urlsafe(16))
# Each check takes 19 MiB and a core: a flood of tries must not take all of them.
_checks = threading.BoundedSemaphore(2)


class PeopleError(Exception):
    """A user cannot be added or changed; the message says why."""


class WrongCredentials(PeopleError):
    """No such user, wrong password or disabled: never told apart."""


class TooManyTries(PeopleError):
    """`retry_after_s`: seconds until the next try may count."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many tries, wait and try again")
        self.retry_after_s = retry_after_s


class User(msgspec.Struct, frozen=True, kw_only=True):
    """`party` is the installer's or customer's name as in the register, None for the helpdesk."""

    email: str
    name: str
    role: str
    party: str | None
    language: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`token` exists only here and in the user's cookie. `expires_at` is the absolute end, UTC."""

    token: str
    expires_at: datetime


def add_user(
    store: Store,
    *,
    email: str,
    password: str,
    name: str,
    role: str,
    party: str | None = None,
    language: str = "nl",
    now: datetime | None = None,
) -> User:
    """Adds a user. Raises PeopleError for a user that exists or fields that make no sense."""
    address = canonical(email)
    _check_fields(address, role, party, language)
    hashed = _hash(password)
    user = User(email=address, name=name.strip() or address, role=role, party=party, language=language)
    created = naive_utc(now or datetime.now(UTC))

    def job(cursor: duckdb.DuckDBPyConnection) -> bool:
        added = cursor.execute(
            "INSERT INTO app_user VALUES (?, ?, ?, ?, ?, ?, false, ?) ON CONFLICT DO NOTHING RETURNING email",
            [address, user.name, role, party, hashed, language, created],
        )
        return added.fetchone() is not None

    if not store.transact(job, ordered=False):
        raise PeopleError(f"{address} exists already")
    return user


def set_password(store: Store, email: str, password: str) -> None:
    """Ends the user's sessions too; a disabled one may sign in again. Raises PeopleError for no such user."""
    address, hashed = canonical(email), _hash(password)
    sql = "UPDATE app_user SET password = ?, disabled = false WHERE email = ? RETURNING email"
    _change(store, address, sql, [hashed, address])


def disable_user(store: Store, email: str) -> None:
    """Ends the user's sessions too. Raises PeopleError when there is no such user."""
    address = canonical(email)
    _change(store, address, "UPDATE app_user SET disabled = true WHERE email = ? RETURNING email", [address])


def list_users(store: Store) -> list[dict[str, object]]:
    """Everybody by address, with `disabled`; never what proves a password."""
    rows = store.sql("SELECT email, name, role, party, language, disabled FROM app_user ORDER BY email")
    return rows.to_dicts()


def find_user(store: Store, email: str) -> User | None:
    """A user who may sign in, by address; None when absent or disabled."""
    found = store.sql(
        "SELECT email, name, role, party, language FROM app_user WHERE email = ? AND NOT disabled",
        [canonical(email)],
    )
    return User(**found.row(0, named=True)) if len(found) else None


class SignIn:
    """Signs people in and out. Keeps the count of tries in memory: one instance per owner process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tries = Tries()

    def verify(self, email: str, password: str, address: str, now: datetime) -> User:
        """The user, when the password is right. `address` is the visitor's network address.

        Raises TooManyTries or WrongCredentials. The time taken does not depend on whether the user exists.
        """
        wanted = canonical(email)
        self._tries.begin(wanted, address, now)
        found = self._store.sql(
            "SELECT password, disabled, email, name, role, party, language FROM app_user WHERE email = ?",
            [wanted],
        )
        row = found.row(0, named=True) if len(found) else None
        hashed = row.pop("password") if row else _nobody
        disabled = row.pop("disabled") if row else True
        right = _matches(hashed, password[:MAX_PASSWORD])
        if row is None or disabled or not right:
            raise WrongCredentials("the e-mail address or the password is wrong")
        self._tries.succeeded(wanted, address, now)
        if _hasher.check_needs_rehash(hashed):
            renewed = _hash(password)
            self._store.transact(
                lambda cursor: cursor.execute(
                    "UPDATE app_user SET password = ? WHERE email = ?", [renewed, wanted]
                )
            )
        return User(**row)

    def open_session(self, email: str, now: datetime) -> Session:
        """A new session for a verified user; sessions that ended are removed by the way."""
        token = secrets.token_urlsafe(32)
        ends = now + SESSION_ABSOLUTE

        def job(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute(
                "DELETE FROM web_session WHERE expires_at <= ? OR seen_at <= ?",
                [naive_utc(now), naive_utc(now - SESSION_IDLE)],
            )
            cursor.execute(
                "INSERT INTO web_session VALUES (?, ?, ?, ?, ?)",
                [_digest(token), canonical(email), naive_utc(now), naive_utc(now), naive_utc(ends)],
            )

        self._store.transact(job, ordered=False)
        return Session(token=token, expires_at=ends)

    def session(self, token: str, now: datetime) -> User | None:
        """Who holds this session; None when it is unknown, ended, or its user was disabled."""
        found = self._store.sql(
            "SELECT email, name, role, party, language, seen_at FROM web_session JOIN app_user USING (email)"
            " WHERE token_hash = ? AND NOT disabled AND expires_at > ? AND seen_at > ?",
            [_digest(token), naive_utc(now), naive_utc(now - SESSION_IDLE)],
        )
        if found.is_empty():
            return None
        row = found.row(0, named=True)
        if now - row.pop("seen_at") >= SEEN_STEP:
            seen = [naive_utc(now), _digest(token)]
            self._store.transact(
                lambda cursor: cursor.execute("UPDATE web_session SET seen_at = ? WHERE token_hash = ?", seen)
            )
        return User(**row)

    def close_session(self, token: str) -> None:
        """Ends a session; one that is unknown is ended already."""
        self._store.transact(
            lambda cursor: cursor.execute("DELETE FROM web_session WHERE token_hash = ?", [_digest(token)])
        )


class Tries:
    """Tries of the last quarter of an hour that did not succeed, per user and address, and per address.

    A try counts from its beginning: many at once must not all pass before the first of them has failed.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[str, ...], deque[datetime]] = {}
        self._lock = threading.Lock()

    def begin(self, user: str, address: str, now: datetime) -> None:
        """Counts this try. Raises TooManyTries, which is not counted."""
        with self._lock:
            if len(self._times) > MOST_REMEMBERED:
                for key in list(self._times):
                    self._recent(key, now)
            for key, most in (
                ((user, address), TRIES_PER_USER_AND_ADDRESS),
                ((address,), TRIES_PER_ADDRESS),
            ):
                times = self._recent(key, now)
                if len(times) >= most:
                    raise TooManyTries((times[-most] + TRIES_WINDOW - now).total_seconds())
            for key in ((user, address), (address,)):
                self._times.setdefault(key, deque(maxlen=TRIES_PER_ADDRESS)).append(now)

    def succeeded(self, user: str, address: str, begun: datetime) -> None:
        """The try that began then was none: it no longer counts, nor do this user's before it."""
        with self._lock:
            self._times.pop((user, address), None)
            of_address = self._times.get((address,))
            if of_address is not None and begun in of_address:
                of_address.remove(begun)

    def _recent(self, key: tuple[str, ...], now: datetime) -> deque[datetime]:
        times = self._times.get(key)
        if times is None:
            return deque()
        while times and times[0] <= now - TRIES_WINDOW:
            times.popleft()
        if not times:
            del self._times[key]
        return times


def canonical(email: str) -> str:
    """Addresses are compared without case: nobody remembers which letters were capitals."""
    return email.strip().casefold()


def _check_fields(address: str, role: str, party: str | None, language: str) -> None:
    if not address or "@" not in address or any(char.isspace() for char in address):
        raise PeopleError(f"{address!r} is not an e-mail address")
    if role not in ROLES:
        raise PeopleError(f"role {role!r} is not one of {', '.join(ROLES)}")
    if (role == "helpdesk") == bool(party):
        raise PeopleError("installer and customer need the party they belong to, the helpdesk has none")
    if language not in LANGUAGES:
        raise PeopleError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")


def _change(store: Store, address: str, sql: str, values: list[str]) -> None:
    def job(cursor: duckdb.DuckDBPyConnection) -> bool:
        if cursor.execute(sql, values).fetchone() is None:
            return False
        cursor.execute("DELETE FROM web_session WHERE email = ?", [address])
        return True

    if not store.transact(job, ordered=False):
        raise PeopleError(f"there is no user {address}")


def _hash(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PeopleError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return _hasher.hash(password)


def _matches(hashed: str, password: str) -> bool:
    with _checks:
        try:
            return _hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
