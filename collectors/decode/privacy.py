"""Cards become pseudonyms before anything is stored; credentials disappear, numbers of SIM cards are masked.

The same card gives the same pseudonym under one key, in every OCPP version and spelling (tokens are
case-insensitive), so that sessions of one card can be told from those of another without knowing whose it
is. Without the key nobody can compute a pseudonym from a card. Must never raise on what a station sends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec

from collectors.decode.frame import CALL, CALLERROR, CALLRESULT, SEND, Frame

_PSEUDONYM: Final = re.compile(r"tok_[0-9a-f]{16}")
HIDDEN: Final = "hidden"
"""What stands in place of a password."""

# Lower case, without _ and -. Vendor data (DataTransfer) names cards in its own ways.
_TOKEN_MEMBERS: Final = frozenset(
    {
        "idtag",
        "parentidtag",
        "idtoken",
        "groupidtoken",
        "additionalidtoken",
        "parentidtoken",
        "rfid",
        "rfidtag",
        "rfidcard",
        "taguid",
        "tagid",
        "carduid",
        "cardid",
        "cardno",
        "cardnumber",
        "emaid",
        "evccid",
        "contractid",
    }
)
_SECRET_WORDS: Final = (
    r"password|passwd|passphrase|secret|authorizationkey|privatekey|api_?key|credential|psk|sim_?pin|pin_?code"
    r"|(?:access|auth|bearer|api|session|refresh|web)_?token"
)
_SECRET_NAME: Final = re.compile(_SECRET_WORDS)
_SIM_NAME: Final = re.compile(r"(?:iccid|imsi)\d?$")
_CARD_NAME: Final = re.compile(r"id(?:tag|token)$")
_SIM_SHOWN: Final = {"imsi": 5, "iccid": 7}
"""Digits that name country and operator (ITU-T E.212) or card issuer (E.118); the rest names one SIM card."""
_VALUES: Final = frozenset({"value", "attributevalue", "actualvalue", "variableattribute"})
_SQUEEZE: Final = str.maketrans("", "", "_- ")

# Cheap test whether a text can hold anything to hide; lower case. Not "tag" alone: "voltage" has it.
_HINTS: Final = (
    "idt",
    "id_t",
    "id-t",
    "rfid",
    "card",
    "taguid",
    "tag_",
    "tag-",
    "tagid",
    "emaid",
    "evcc",
    "contract",
)
_SECRET_HINTS: Final = (
    "passw",
    "passphrase",
    "secret",
    "credential",
    "key",
    "token",
    "variable",
    "psk",
    "simpin",
    "@",
)
_SIM_HINTS: Final = ("imsi", "iccid")
# An escape may stand for a letter of any of these.
_KEYLESS_HINTS: Final = (*_SECRET_HINTS, *_SIM_HINTS, "\\u")
_ALL_HINTS: Final = (*_HINTS, *_KEYLESS_HINTS)

_NAME: Final = (
    r"(?<![a-z])(?:(?:parent|group|additional)?[_-]?id[_-]?(?:tag|token)|rfid[_-]?(?:tag|card)?|tag[_-]?u?id"
    r"|card[_-]?(?:uid|id|no|number)|emaid|evcc[_-]?id|contract[_-]?id)"
)
# "idTag":"..." in text that is no JSON; the value may be cut off at the end.
_QUOTED: Final = re.compile(
    rf"""({_NAME}["']?\s*[:=]?\s*)(["'])((?:\\.|(?!\2)[^\\])*)(\2|\\?\Z)""", re.IGNORECASE | re.DOTALL
)
# The same in JSON that was packed into a JSON string: its quotes carry backslashes.
_NESTED: Final = re.compile(
    rf"""({_NAME}\\+["']?\s*[:=]?\s*)(\\+["'])((?:(?!\2).)*)(\2|\Z)""", re.IGNORECASE | re.DOTALL
)
_BARE: Final = re.compile(rf"""({_NAME}\\*["']?\s*[:=]\s*)([^\s"'\\,;:{{}}\[\]&<>]+)""", re.IGNORECASE)
# From the name of a key or variable to its value, within one entry of a list.
_BETWEEN: Final = r"(?:[^{}]|\}\s*,|\[\s*\{){0,100}?"
_SECRET_TEXT: Final = re.compile(
    rf"""((?:[a-z]*password\\*["']?\s*[:=]|(?:{_SECRET_WORDS}){_BETWEEN}value\\*["']\s*:)"""
    r"""\s*\\*["'])((?:\\[^"']|[^"'\\])*)""",
    re.IGNORECASE,
)
_SIM_TEXT: Final = re.compile(
    rf"""((iccid|imsi)\d?\\*["']?(?:{_BETWEEN}value\\*["'])?\s*[:=]\s*\\*["']?)(\d{{8,22}})""", re.IGNORECASE
)
_URL_LOGIN: Final = re.compile(r"(://)[^/\s:@\"']+:[^/\s@\"']+@")
_TRACED: Final = re.compile(r"(?=.*\d)(?=.*\D).{6,}", re.DOTALL)
"""A card like this is hidden wherever it appears in a frame; "Central" or "100000" would hit by chance."""


def is_pseudonym(token: str) -> bool:
    return _PSEUDONYM.fullmatch(token) is not None


class Pseudonymiser:
    """`key` is 16 to 64 bytes of secret; None leaves cards as they are (passwords are hidden regardless)."""

    def __init__(self, key: bytes | None) -> None:
        if key is not None and not 16 <= len(key) <= 64:
            raise ValueError("a pseudonym key has 16 to 64 bytes")
        self._key = key
        self._known: dict[str, str] = {}

    def token(self, token: str) -> str:
        """The pseudonym of a card: `tok_` and 16 hexadecimal digits. A pseudonym stays as it is."""
        known = self._known.get(token)
        if known is not None:
            return known
        if self._key is None or _PSEUDONYM.fullmatch(token):
            return token
        plain = token.strip().casefold().encode("utf-8", "replace")
        pseudonym = "tok_" + blake2b(plain, key=self._key, digest_size=8).hexdigest()
        if len(self._known) >= 10_000:
            self._known.clear()
        self._known[token] = pseudonym
        return pseudonym

    def frame(self, frame: Frame) -> Frame:
        """`frame` with every card and password replaced, in the payload and in the text.

        The text is written anew only if something was replaced in it.
        """
        if not frame.payload and not frame.findings and frame.error_description is None:
            return frame
        raw = frame.raw
        lowered = raw.lower()
        for hint in _ALL_HINTS if self._key is not None else _KEYLESS_HINTS:
            if hint in lowered:
                break
        else:
            return frame
        work = _Replacing(self)
        payload = work.walk(frame.payload)
        description = frame.error_description
        if description is not None:
            description = work.text(description)
        text = work.text(raw) if frame.findings else raw
        if work.found:
            payload = work.walk_traced(payload)
            description = None if description is None else work.traced(description)
        anew = payload is not frame.payload or description != frame.error_description
        if anew or text != raw:
            written = _written_anew(frame, payload, description)
            text = work.traced(work.text(raw)) if written is None else written
        if text == raw:
            return frame
        return msgspec.structs.replace(frame, payload=payload, raw=text, error_description=description)


def _written_anew(frame: Frame, payload: dict[str, Any], description: str | None) -> str | None:
    """The frame's JSON with what was replaced; None where that would lose or repair what was sent."""
    if frame.findings:
        return None
    parts: list[Any]
    if frame.type in (CALL, SEND):
        parts = [frame.type, frame.message_id, frame.action, payload]
    elif frame.type == CALLRESULT:
        parts = [frame.type, frame.message_id, payload]
    elif frame.type == CALLERROR:
        parts = [frame.type, frame.message_id, frame.error_code or "", description or "", payload]
    else:
        return None
    return msgspec.json.encode(parts).decode()


class _Replacing:
    """One frame's replacements: what was found once is hidden everywhere in that frame."""

    def __init__(self, owner: Pseudonymiser) -> None:
        self.owner = owner
        self.found: dict[str, str] = {}
        # What stood alone as a value: in text that is no JSON it is looked for with its quotes only.
        self.gone: dict[str, str] = {}

    def hide(self, token: str) -> str:
        pseudonym = self.owner.token(token)
        if pseudonym != token and _TRACED.fullmatch(token.strip()):
            self.found[token.strip()] = pseudonym
        return pseudonym

    def walk(self, value: Any) -> Any:
        """A copy of `value` with cards and secrets replaced; `value` itself if there were none."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            items = [self.walk(item) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        if not isinstance(value, dict):
            return value
        treat = self.treatment(_name_of(value))
        members = {}
        changed = False
        for name, old in value.items():
            squeezed = name.translate(_SQUEEZE).lower()
            new: Any
            if treat is not None and squeezed in _VALUES:
                new = self.each(old, treat)
            elif squeezed.endswith(("password", "simpin")) or (squeezed == "key" and "server" in value):
                new = self.conceal(old)
            elif squeezed in _SIM_SHOWN:
                new = self.sim(old, squeezed)
            elif squeezed in _TOKEN_MEMBERS:
                new = self.member(old)
            else:
                new = self.walk(old)
            changed = changed or new is not old
            members[name] = new
        return members if changed else value

    def treatment(self, name: str | None) -> Callable[[Any], Any] | None:
        """What is to be done with the value of a configuration key or variable of this name."""
        if name is None:
            return None
        squeezed = name.translate(_SQUEEZE).lower()
        if is_secret_name(name):
            return self.conceal
        if (sim := _SIM_NAME.search(squeezed)) is not None:
            kind = sim[0].rstrip("0123456789")
            return lambda value: self.sim(value, kind)
        return self.member if _CARD_NAME.search(squeezed) else None

    def each(self, value: Any, treat: Callable[[Any], Any]) -> Any:
        """`treat` on a value, or on that of each attribute of a reported variable (2.x variableAttribute)."""
        if not isinstance(value, list):
            return treat(value)
        items = [
            {**item, "value": treat(item["value"])} if isinstance(item, dict) and "value" in item else item
            for item in value
        ]
        return items if items != value else value

    def conceal(self, value: Any) -> Any:
        """What stands for a secret; a secret not set, or hidden already, stays as it is."""
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value in {"", HIDDEN}:
            return value
        self.gone[str(value)] = HIDDEN
        return HIDDEN

    def sim(self, value: Any, kind: str) -> Any:
        """A SIM card's number with all but country and operator masked."""
        if self.owner.token("0") == "0" or not isinstance(value, str | int) or isinstance(value, bool):
            return value
        text, shown = str(value).strip(), _SIM_SHOWN[kind]
        masked = text[:shown] + "x" * (len(text) - shown)
        if len(text) <= shown or masked == value:
            return value
        self.gone[text] = masked
        return masked

    def member(self, value: Any) -> Any:
        """The value of a member that names a card: text, a number, a list of them, or an object of 2.x."""
        if isinstance(value, str):
            return self.hide(value) if value.strip() else value
        if isinstance(value, bool) or value is None or self.owner.token("0") == "0":
            return value if not isinstance(value, dict | list) else self.walk(value)
        if isinstance(value, int | float):
            return self.hide(str(value))
        if isinstance(value, list):
            return [self.member(item) for item in value]
        return self.walk(value)

    def text(self, text: str) -> str:
        """Cards and secrets inside text: nested JSON, broken JSON, log lines, addresses with a login."""
        lowered = text.lower()
        if self.owner.token("0") != "0" and any(hint in lowered for hint in _HINTS):
            text = _QUOTED.sub(self._quoted, text)
            text = _NESTED.sub(self._quoted, text)
            text = _BARE.sub(self._bare, text)
        if any(hint in lowered for hint in _SECRET_HINTS):
            text = _SECRET_TEXT.sub(rf"\g<1>{HIDDEN}", text)
            text = _URL_LOGIN.sub(rf"\1{HIDDEN}@", text)
        if self.owner.token("0") != "0" and any(hint in lowered for hint in _SIM_HINTS):
            text = _SIM_TEXT.sub(lambda match: match[1] + self.sim(match[3], match[2].lower()), text)
        return text

    def _quoted(self, match: re.Match[str]) -> str:
        inner = match[3]
        if not inner.strip():
            return match[0]
        return f"{match[1]}{match[2]}{self.hide(_unescaped(inner))}{match[4]}"

    def _bare(self, match: re.Match[str]) -> str:
        if match[2] in {"null", "true", "false"}:
            return match[0]
        quote = '"' if '"' in match[1] and "\\" not in match[1] else ""
        return f"{match[1]}{quote}{self.hide(match[2])}{quote}"

    def traced(self, text: str) -> str:
        """`text` without any card found elsewhere in this frame."""
        for token, pseudonym in self.found.items():
            if token in text:
                text = text.replace(token, pseudonym)
        for value, instead in self.gone.items():
            text = text.replace(f'"{value}"', f'"{instead}"')
        return text

    def walk_traced(self, value: Any) -> Any:
        """`value` without any card found elsewhere in this frame; numbers and member names stay."""
        if isinstance(value, str):
            return self.traced(value)
        if isinstance(value, list):
            return [self.walk_traced(item) for item in value]
        if isinstance(value, dict):
            return {name: self.walk_traced(item) for name, item in value.items()}
        return value


def _unescaped(text: str) -> str:
    """A JSON string's inner text as it reads, so that a card has one pseudonym however it was escaped."""
    if "\\" not in text:
        return text
    try:
        plain: str = msgspec.json.decode(f'"{text}"', type=str)
    except msgspec.DecodeError:
        return text
    return plain


def is_secret_name(name: str) -> bool:
    """Whether a configuration key or variable of this name holds a password, a key or another credential."""
    squeezed = name.translate(_SQUEEZE).lower()
    return squeezed == "pin" or _SECRET_NAME.search(squeezed) is not None


def _name_of(value: dict[str, Any]) -> str | None:
    """What `value` sets or tells: 1.6 {key, value}, 2.x {variable: {name}, attributeValue}."""
    name = value.get("key")
    variable = value.get("variable")
    if isinstance(variable, dict):
        name = variable.get("name")
    return name if isinstance(name, str) else None
