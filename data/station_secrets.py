"""The secrets stations prove themselves with (OCPP: AuthorizationKey, BasicAuthPassword), hashed.

Decides whether a secret is the station's. Must never keep one in clear, nor compare in a time that tells.

A made secret is 20 random bytes, written as 40 hex digits: 160 bits cannot be guessed, so a keyed BLAKE2b is
as good as a slow hash, and a street of stations that comes back at once costs microseconds each. A secret a
person chose is hashed by argon2id; once it proved right, a BLAKE2b under a key of this process stands for it
in memory, so that only the first check is slow.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime

import argon2
import duckdb
from argon2.exceptions import InvalidHashError, VerificationError

from data.rows import naive_utc
from data.store import Store

MADE = re.compile(rb"[0-9a-fA-F]{40}")
# OCPP 1.6 security whitepaper, A00.FR.205, and OCPP 2.0.1, BasicAuthPassword: 16 to 40 characters.
MIN_SECRET, MAX_SECRET = 16, 40

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Each slow check takes 19 MiB and a core.
_slow_checks = threading.BoundedSemaphore(2)


class SecretError(Exception):
    """Not a secret for a station; the message says why."""


def make_secret() -> str:
    return secrets.token_hex(20)


def hash_secret(secret: str) -> str:
    """`blake2b$<key>$<digest>` for a made secret, argon2id's own form else. Raises SecretError."""
    text = secret.encode()
    if MADE.fullmatch(text):
        key = secrets.token_bytes(16)
        return f"blake2b${key.hex()}${_digest(text.lower(), key)}"
    if not MIN_SECRET <= len(secret) <= MAX_SECRET or not secret.isprintable():
        raise SecretError(f"a station's secret has {MIN_SECRET} to {MAX_SECRET} printable characters")
    return _hasher.hash(secret)


def set_secret(store: Store, station: str, hashed: str | None, now: datetime | None = None) -> None:
    """Keeps the hash of a station's secret; None takes the secret away. Replaces the one before."""
    at = naive_utc(now or datetime.now(UTC))

    def job(cursor: duckdb.DuckDBPyConnection) -> None:
        if hashed is None:
            cursor.execute("DELETE FROM station_secret WHERE station = ?", [station])
        else:
            cursor.execute("INSERT OR REPLACE INTO station_secret VALUES (?, ?, ?)", [station, hashed, at])

    store.transact(job)


def load_secrets(store: Store) -> dict[str, str]:
    """Station -> hash, of all stations that have a secret."""
    return dict(store.sql("SELECT station, secret FROM station_secret").rows())


class SecretBook:
    """Checks secrets in memory. Safe from any thread; `replace` when they changed."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        self._proven: dict[str, str] = {}
        self._key = secrets.token_bytes(32)
        self._nobody = hash_secret(make_secret())

    def replace(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        self._proven.clear()

    def is_slow(self, station: str) -> bool:
        """Whether a check may take tens of milliseconds: better not on the event loop."""
        return self._hashes.get(station, "").startswith("$argon2") and station not in self._proven

    def is_right(self, station: str, given: bytes) -> bool:
        """Whether `given` is this station's secret.

        Of a made secret, stations send the 40 digits or the 20 bytes these stand for: both are right.
        """
        known = self._hashes.get(station)
        proven = self._proven.get(station)
        if proven is not None and hmac.compare_digest(proven, _digest(given, self._key)):
            return True
        if known is not None and known.startswith("$argon2"):
            return self._slow(station, known, given)
        _kind, key, expected = (known or self._nobody).split("$")
        salt = bytes.fromhex(key)
        as_text = hmac.compare_digest(_digest(given.lower(), salt), expected)
        as_bytes = hmac.compare_digest(_digest(given.hex().encode(), salt), expected)
        return (as_text or as_bytes) and known is not None

    def _slow(self, station: str, known: str, given: bytes) -> bool:
        with _slow_checks:
            try:
                _hasher.verify(known, given)
            except (VerificationError, InvalidHashError):
                return False
        self._proven[station] = _digest(given, self._key)
        return True


def _digest(text: bytes, key: bytes) -> str:
    return hashlib.blake2b(text, key=key, digest_size=32).hexdigest()
