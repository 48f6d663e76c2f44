"""One test message to one destination, through the very code that sends notices, and an honest word on it.

Decides the words of the result and its remedy. Touches no outbox and no store, and never shows an address.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from rules.core.catalog.entries import Catalog
from rules.core.catalog.templates import fill
from rules.dispatch import webhook
from rules.dispatch.apprise_target import AppriseTarget, service_name
from rules.dispatch.destinations import DestinationConfig, addressee_of
from rules.dispatch.message import audience_of
from rules.dispatch.outcome import Kind, Outcome
from rules.dispatch.wording import when


class Trial(Struct, frozen=True, kw_only=True):
    """`accepted` only when the service said so. `took_s` is real time, seconds."""

    destination: str
    service: str
    accepted: bool
    outcome: Kind
    code: int | None
    told: str
    remedy: str | None
    took_s: float


def send_test(config: DestinationConfig, catalog: Catalog, now: datetime) -> Trial:
    """Send one message that says it is a test. `now` is aware UTC; returns after at most `timeout_s`."""
    reader = addressee_of(config)
    key = f"test:{config.name}:{now:%Y%m%dT%H%M%S}"
    values = {"destination": config.name, "when": when(now, config.language), "key": key}
    subject = fill(catalog.text("message.test.subject", config.language), values)
    kind = "short" if reader.short is not None else "body"
    body = fill(catalog.text(f"message.test.{kind}", config.language), values)
    payload = None
    if reader.payload:
        facts = webhook.test_payload(key, now, config.name, audience_of(config.party), config.language)
        payload = msgspec.json.encode(facts).decode()
    outcome = AppriseTarget(config).send(subject, body, key, reason="test", payload=payload)
    return told_of(config, outcome)


def told_of(config: DestinationConfig, outcome: Outcome) -> Trial:
    """The outcome of one attempt in words, with what to do about it."""
    words = {
        Kind.SENT: "accepted; whether a person sees it, only that person can tell",
        Kind.PERMANENT: "refused for good: trying again will not help",
        Kind.TRANSIENT: "not accepted now; a notice would be tried again for 24 hours",
        Kind.UNKNOWN: "no certain answer; a notice would be sent again with the same key, marked",
    }
    detail = "" if outcome.kind is Kind.SENT else f" ({outcome.detail_redacted})"
    return Trial(
        destination=config.name,
        service=service_name(config.url),
        accepted=outcome.kind is Kind.SENT,
        outcome=outcome.kind,
        code=outcome.code,
        told=words[outcome.kind] + detail,
        remedy=remedy_of(outcome),
        took_s=round(outcome.took_s, 3),
    )


_BY_CODE = (
    (range(300, 400), "the address has moved: put the address it moved to into the url"),
    ((401, 403, 407), "the service refuses us: check user, password or token in the url"),
    ((404, 405, 410), "there is nothing at this address: check host, path, topic or webhook in the url"),
    ((408, 425, 429), "the service is busy or limits us: wait and try again"),
    (range(400, 421), "the service does not take such a message: compare the url with its own instructions"),
    ((530, 534, 535), "the mail server refuses the login: check user and password in the url"),
    ((550, 551, 553), "the mail server does not take this recipient: check the address in to="),
    (range(552, 560), "the mail server refuses the message: ask its administrator, naming the code"),
    (range(421, 500), "the mail server is busy: wait and try again"),
    (range(500, 530), "the service itself is in trouble: wait and try again, or ask who runs it"),
)


def remedy_of(outcome: Outcome) -> str | None:
    """What a person can do; None where nothing is wrong."""
    if outcome.kind is Kind.SENT:
        return None
    if outcome.code is not None:
        return next((words for codes, words in _BY_CODE if outcome.code in codes), None)
    if outcome.kind is Kind.UNKNOWN:
        return "look at the receiving end whether it arrived; raise timeout_s if the service is slow"
    if outcome.kind is Kind.PERMANENT:
        return "run `laadwacht check`: the url is not one that can be used"
    return "check host name, port, firewall and certificate between this machine and the service"


def listed(config: DestinationConfig) -> dict[str, Any]:
    """A destination as it may be shown."""
    reader = addressee_of(config)
    form = "full" if reader.short is None else f"short, {reader.short} characters"
    return {
        "destination": config.name,
        "party": config.party,
        "service": service_name(config.url),
        "language": config.language,
        "form": form + (", with JSON facts" if reader.payload else ""),
        "timeout_s": config.timeout_s,
    }
