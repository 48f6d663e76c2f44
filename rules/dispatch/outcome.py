"""What became of one attempt to send, read from the words of the libraries that sent it.

Decides the class: sent, transient, permanent or unknown. Never keeps a word of theirs: a URL may be in it.
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

_HTTP_CODE = re.compile(r"error=(\d{3})\b")
_ACCEPTED_CODE = re.compile(r'" (2\d\d) ')  # urllib3: http://host:port "POST /path HTTP/1.1" 200 0
_SMTP_CODE = re.compile(r"\((\d{3}), b['\"]|was refused: (\d{3}) ")
_TIMED_OUT = re.compile(r"timed out|time-?out", re.IGNORECASE)
_NEVER_CONNECTED = re.compile(
    r"failed to establish|connect timeout|connecttimeout|connection refused|errno 111|errno 113|errno 101|"
    r"name or service not known|name resolution|nodename nor servname|failed to resolve|no route to host|"
    r"network is unreachable|certificate_verify_failed|ssl:",
    re.IGNORECASE,
)
_CUT_OFF = re.compile(
    r"connection aborted|remote ?end closed|remotedisconnected|reset by peer|unexpectedly closed|"
    r"broken pipe|incompleteread|connection broken",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What became of one attempt. `unknown`: the receiver may or may not have it; send again, same key."""

    SENT = "sent"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


class Outcome(Struct, frozen=True, kw_only=True):
    """`code` is the HTTP or SMTP code where one was told; `detail_redacted` may be shown to anybody.

    `took_s` is the real time spent, in seconds.
    """

    kind: Kind
    code: int | None = None
    detail_redacted: str = ""
    took_s: float = 0.0


_BY_WORDS = (
    (_NEVER_CONNECTED, Kind.TRANSIENT, "no connection"),
    (_TIMED_OUT, Kind.UNKNOWN, "time-out; it may have arrived"),
    (_CUT_OFF, Kind.UNKNOWN, "connection cut off; it may have arrived"),
)


def classify(accepted: bool, log_lines: list[str]) -> Outcome:
    """The outcome from Apprise's verdict and its log lines (it offers no code field).

    The forms matched, `error=NNN`, `was refused: NNN` and `(NNN, b'…')`, are those of Apprise 2.2.0 and
    Python's smtplib, and are held by tests against real servers.
    """
    text = "\n".join(log_lines)
    if accepted:
        codes = _ACCEPTED_CODE.findall(text)
        return Outcome(kind=Kind.SENT, code=int(codes[-1]) if codes else None, detail_redacted="accepted")
    if found := _HTTP_CODE.findall(text):
        return _http_outcome(int(found[-1]))
    if match := _SMTP_CODE.search(text):
        return _smtp_outcome(int(match.group(1) or match.group(2)))
    for pattern, kind, detail in _BY_WORDS:
        if pattern.search(text):
            return Outcome(kind=kind, detail_redacted=detail)
    return Outcome(kind=Kind.TRANSIENT, detail_redacted="not accepted, no reason given")


def _http_outcome(code: int) -> Outcome:
    if 300 <= code < 400:
        return Outcome(kind=Kind.PERMANENT, code=code, detail_redacted=f"HTTP {code}: redirect not followed")
    # 408, 425 and 429 ask to come back later (RFC 9110, 8470, 6585); every other 4xx stays as it is.
    if 400 <= code < 500 and code not in (408, 425, 429):
        return Outcome(kind=Kind.PERMANENT, code=code, detail_redacted=f"HTTP {code}")
    return Outcome(kind=Kind.TRANSIENT, code=code, detail_redacted=f"HTTP {code}")


def _smtp_outcome(code: int) -> Outcome:
    # RFC 5321 4.2.1: 4yz may be tried again, 5yz must not.
    kind = Kind.PERMANENT if code >= 500 else Kind.TRANSIENT
    return Outcome(kind=kind, code=code, detail_redacted=f"SMTP {code}")
