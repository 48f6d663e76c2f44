"""One message to one destination through Apprise, and an honest word on what became of it.

Decides what each service gets beside the words. The only module that knows Apprise. It never retries (the
outbox does), never follows a redirect, never keeps or logs a URL, a reply text or anything else in which a
secret may hide: details are built from this product's own words.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import re
import threading
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from rules.dispatch.outcome import Kind, Outcome, classify

if TYPE_CHECKING:
    from apprise import NotifyBase

    from rules.dispatch.destinations import DestinationConfig

# Sends that outlived our deadline keep their thread; more than this many at once and we stop adding to them.
MAX_ABANDONED = 3
KEY_HEADER = "X-Laadwacht-Key"
DUPLICATE_HEADER = "X-Laadwacht-Possible-Duplicate"

JSON_SCHEMES = ("json", "jsons")
# Schemes whose host is a host; elsewhere it may be a token or a topic.
PLAIN_HOST_SCHEMES = ("json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos")
# Fields of Apprise's own JSON webhook (plugins/custom_json.py, 2.2.0).
APPRISE_FIELDS = frozenset({"version", "title", "message", "attachments", "type"})
# Shown on a locked phone: long text there is never read, whatever the service would take.
PUSH_SCHEMES = ("ntfy", "ntfys", "pover", "push", "prowl", "bark", "barks", "gotify", "gotifys")
PUSH_CHARACTERS = 300
SMS_CHARACTERS = 160  # one SMS in the GSM alphabet (3GPP TS 23.038)
SMALL_SERVICE = 640  # a service that takes no more than this is SMS, pager or the like

_REFUSED_PARAMETERS = {
    "retry": "the outbox retries, with the same key; remove it from the url",
    "wait": "the outbox waits between tries; remove it from the url",
    "optional": "it would report a failure as sent; remove it from the url",
    "redirect": "a redirect would carry the message to a place you did not name; remove it from the url",
    "cc": "give every recipient a destination of its own",
    "bcc": "give every recipient a destination of its own",
}


class _Letter(NamedTuple):
    subject: str
    body: str
    dedup_key: str
    possible_duplicate: bool
    reason: str
    payload: str | None


class Capacity(Struct, frozen=True, kw_only=True):
    """What the service behind a URL carries. `short`: characters of subject and body together where that is
    little, else None. `payload`: a JSON object of facts beside the words."""

    short: int | None = None
    payload: bool = False


class _Withhold(logging.Filter):
    """Lets no record through to any handler: what these libraries log holds webhook tokens and passwords.

    The lines of a send under way are kept for its own thread, for `classify`, and forgotten after it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._own = threading.local()

    @contextlib.contextmanager
    def listening(self) -> Iterator[list[str]]:
        lines: list[str] = []
        self._own.lines = lines
        try:
            yield lines
        finally:
            del self._own.lines

    def filter(self, record: logging.LogRecord) -> bool:
        lines: list[str] | None = getattr(self._own, "lines", None)
        if lines is not None:
            lines.append(record.getMessage())
        return False


_withhold = _Withhold()
_ready_lock = threading.Lock()
_ready: set[str] = set()


def prepare_library() -> frozenset[str]:
    """Load Apprise once and keep its and urllib3's own log lines inside this module; the schemes it knows.

    Apprise's lines are taken down to DEBUG: the difference between a refused connection and a read
    time-out, on which the class of an outcome hangs, is told nowhere else.
    """
    with _ready_lock:
        if _ready:
            return frozenset(_ready)
        logging.getLogger("apprise").setLevel(logging.DEBUG)
        # Tells the code with which a message was accepted.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.DEBUG)
        for name in ("apprise", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
            logging.getLogger(name).addFilter(_withhold)
        with warnings.catch_warnings():
            # Apprise 2.2.0 imports `imghdr` for its PGP support; Python 3.11 deprecates that module.
            warnings.simplefilter("ignore", DeprecationWarning)
            manager: Any = importlib.import_module("apprise").NotificationManager()
            _ready.update(manager.schemas())
        return frozenset(_ready)


def _service(url: str) -> NotifyBase | None:
    """A fresh service object: its throttle is a pause per object, so a kept one would sleep seconds."""
    prepare_library()
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(
        service_timeout=0,  # inline: the shared pool of Apprise lets one hung target starve the rest
        http_redirects=False,
        secure_logging=True,
        allow_templates=False,
        result_log_disk_size=0,
    )
    with contextlib.suppress(Exception):  # a plugin may raise anything on a bad url, with the url in its text
        return Apprise.instantiate(url, asset=asset, suppress_exceptions=False)
    return None


def capacity(url: str) -> Capacity:
    """By the service's own limits; a URL that cannot be used carries what a mail does."""
    service = _service(url.strip())
    scheme = url.strip().partition("://")[0].lower()
    if service is None:
        return Capacity()
    if scheme in PUSH_SCHEMES:
        return Capacity(short=PUSH_CHARACTERS)
    most = service.body_maxlen
    if isinstance(most, int) and most <= SMALL_SERVICE:
        return Capacity(short=min(most, SMS_CHARACTERS if most <= 2 * SMS_CHARACTERS else PUSH_CHARACTERS))
    return Capacity(payload=scheme in JSON_SCHEMES)


def service_name(url: str) -> str:
    """`E-Mail (mailto)`, and the host where the scheme keeps no secret there: for a person to read."""
    text = url.strip()
    scheme, separator, _ = text.partition("://")
    service = _service(text) if separator else None
    if service is None:
        return "unusable url"
    name = f"{service.service_name} ({scheme.lower()})"
    if scheme.lower() in PLAIN_HOST_SCHEMES and service.host:
        name += f" at {service.host}" + (f":{service.port}" if service.port else "")
    return name


def url_problems(url: str) -> list[str]:
    """What is wrong with an Apprise URL, one sentence with the remedy each.

    Never tells a part of the URL but its scheme. Empty list: one service with one recipient.
    """
    text = url.strip()
    problem = _form_problem(text)
    if problem is not None:
        return [problem]
    problems = _parameter_problems(text)
    if _port_impossible(text):
        problems.append("the port is out of range; use 1 to 65535")
    if problems:
        return problems
    service = _service(text)
    if service is None:
        scheme = text.partition("://")[0]
        return [
            f"the '{scheme}' url is incomplete or malformed; compare it with Apprise's page of that service"
        ]
    if len(service) != 1:
        return ["the url names several recipients; give every recipient a destination of its own"]
    return []


def _form_problem(text: str) -> str | None:
    """Why `text` is not one URL of one known service; None when it is."""
    if not text:
        return "the url is empty; set url, url_env or url_file"
    scheme, separator, _ = text.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,30}", scheme):
        return "the url has no scheme; write for example mailto://… or json://…"
    known = prepare_library()
    parse: Any = importlib.import_module("apprise.utils.parse").parse_urls
    if len(parse(text)) != 1 or re.search(r"[\s,;]\s*\w+://", text):
        return "the url holds several services; give each a destination of its own"
    if scheme.lower() not in known:
        return f"the scheme '{scheme}' is not known to Apprise; check its spelling"
    return None


def _parameter_problems(url: str) -> list[str]:
    query = url.partition("?")[2]
    names = [name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)]
    return [
        f"the url parameter '{name}' is not allowed: {why}"
        for name, why in _REFUSED_PARAMETERS.items()
        if name in names
    ]


def _port_impossible(url: str) -> bool:
    try:
        return urlsplit(url).port == 0
    except ValueError as error:
        return "out of range" in str(error)


class AppriseTarget:
    """Sends to one destination. Calls may come from one thread at a time: the destination's lane."""

    def __init__(self, config: DestinationConfig, abandoned: list[threading.Thread] | None = None) -> None:
        """`abandoned`: sends that did not end in time, of all targets of the same lane."""
        self._config = config
        self._abandoned = [] if abandoned is None else abandoned

    def send(
        self,
        subject: str,
        body: str,
        dedup_key: str,
        *,
        possible_duplicate: bool = False,
        reason: str = "",
        payload: str | None = None,
    ) -> Outcome:
        """Send plain text; returns after at most `timeout_s` seconds and never raises.

        `dedup_key` travels in a header where the service has headers, so that a receiver can merge.
        `reason` of the notice: a resolve is shown as good news where the service has colours. `payload`: a
        JSON object of facts, put into the body of a JSON webhook beside the words.
        """
        letter = _Letter(subject, body, dedup_key, possible_duplicate, reason, payload)
        started = time.monotonic()
        self._abandoned[:] = [thread for thread in self._abandoned if thread.is_alive()]
        if len(self._abandoned) >= MAX_ABANDONED:
            return Outcome(
                kind=Kind.TRANSIENT, detail_redacted="earlier sends have not ended; nothing was sent"
            )
        box: list[Outcome] = []
        thread = threading.Thread(
            target=self._attempt,
            args=(box, letter),
            name=f"send-{self._config.name}",
            daemon=True,  # a receiver that trickles for ever must not keep the process alive
        )
        thread.start()
        thread.join(self._config.timeout_s)
        took = time.monotonic() - started
        if not box:
            self._abandoned.append(thread)
            detail = f"no answer within {self._config.timeout_s:g} s; it may have arrived"
            return Outcome(kind=Kind.UNKNOWN, detail_redacted=detail, took_s=took)
        outcome = box[0]
        return Outcome(
            kind=outcome.kind, code=outcome.code, detail_redacted=outcome.detail_redacted, took_s=took
        )

    def _attempt(self, box: list[Outcome], letter: _Letter) -> None:
        try:
            box.append(self._deliver(letter))
        except Exception as error:  # the text of a library's exception may hold the url: name its type only
            box.append(
                Outcome(kind=Kind.TRANSIENT, detail_redacted=f"sending failed: {type(error).__name__}")
            )

    def _deliver(self, letter: _Letter) -> Outcome:
        from apprise import Apprise, NotifyFormat, NotifyType

        service = _service(self._config.url)
        if service is None:
            return Outcome(kind=Kind.PERMANENT, detail_redacted="the configured url cannot be used")
        self._prepare(service, letter)
        tone = {"resolved": NotifyType.SUCCESS, "test": NotifyType.INFO}.get(
            letter.reason, NotifyType.WARNING
        )
        with _withhold.listening() as lines:
            result = Apprise(service, asset=service.asset).notify(
                body=letter.body,
                title=letter.subject,
                notify_type=tone,
                body_format=NotifyFormat.TEXT,
            )
        return classify(bool(result), lines)

    def _prepare(self, service: Any, letter: _Letter) -> None:
        # A little less than our own deadline, so that the library's own time-out is normally the first.
        service.socket_connect_timeout = service.socket_read_timeout = self._config.timeout_s * 0.9
        headers = getattr(service, "headers", None)
        if isinstance(headers, dict):
            headers[KEY_HEADER] = letter.dedup_key
            if letter.possible_duplicate:
                headers[DUPLICATE_HEADER] = "yes"
        extras = getattr(service, "payload_extras", None)
        if letter.payload is not None and isinstance(extras, dict):
            _add_facts(extras, msgspec.json.decode(letter.payload))


def _add_facts(extras: dict[str, Any], facts: dict[str, Any]) -> None:
    """Facts beside what the url adds. As with Apprise's own fields, `:name=other` renames one and `:name=`
    leaves it out. A fact never takes the place of a field that Apprise sends itself."""
    for name, value in facts.items():
        if name in extras:
            other = extras.pop(name)
            if other:
                extras[other] = value
        elif name not in APPRISE_FIELDS:
            extras[name] = value
