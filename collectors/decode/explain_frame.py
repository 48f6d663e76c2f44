"""What exactly is wrong with one frame, field by field, by the JSON schemas of its OCPP version.

For people who ask, never for the receiving of frames: a schema check costs a hundred times what reading does.
Decides nothing about a station and never raises on what one sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final

from jsonschema import Draft4Validator, FormatChecker
from msgspec import Struct
from ocpp.messages import get_validator

from collectors.decode import findings
from collectors.decode.decoder import is_modern
from collectors.decode.frame import CALL, CALLERROR, CALLRESULT, SEND, Frame, parse
from collectors.decode.repair import read_broken
from data.finding_texts import finding_texts

VERSIONS: Final = ("1.6", "2.0.1", "2.1")
MOST: Final = 100
"""Remarks on one frame; a report of a thousand entries may break the same rule in each."""
SHOWN: Final = 60
"""Characters of a value that are repeated in a sentence."""

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or _INSTANT.fullmatch(value) is not None


class Remark(Struct, frozen=True):
    """`path` is the field, as `meterValue[0].timestamp`; empty where the frame as a whole is meant."""

    path: str
    expected: str
    came: str

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{place}expected {self.expected}; came {self.came}"


class Explained(Struct, frozen=True):
    """`findings` are ids of `data/catalog/findings.yaml` about the text; `remarks` are about its fields.

    `schema` names what the payload was held against, None where there is no such schema.
    """

    frame: Frame
    schema: str | None
    findings: tuple[str, ...]
    remarks: tuple[Remark, ...]

    def sentences(self, language: str = "en") -> list[str]:
        """Everything that is wrong, the text first; empty when nothing is. Fields are told in English."""
        known = finding_texts()
        texts = [known[name].what[language] for name in self.findings if name in known]
        return [*texts, *map(str, self.remarks)]


def explain_frame(raw: str | bytes, version: str | None = None, action: str | None = None) -> Explained:
    """`version` is what the connection agreed on (1.6, 2.0.1, 2.1; None: by the payload's own words).

    `action` is needed for an answer only, which does not name it. Never raises.
    """
    frame = parse(raw)
    remarks = list(_text(frame))
    schema = None
    action = frame.action or action
    if frame.type in (CALL, SEND, CALLRESULT) and action is not None:
        words = _version(version, action, frame)
        validator = _validator(CALLRESULT if frame.type == CALLRESULT else CALL, action, words)
        if validator is None:
            if re.search(r"\w", action) and frame.type != CALLRESULT:
                remarks.append(Remark("", f"an action of OCPP {words}", _shown(action)))
        else:
            schema = f"{action} {'answer' if frame.type == CALLRESULT else 'request'}, OCPP {words}"
            try:
                errors = sorted(validator.iter_errors(_exact(frame)), key=lambda e: _path(e.absolute_path))
                remarks.extend(remark for error in errors for remark in _remarks(error))
            except RecursionError:
                remarks.append(Remark("", "a message", "values nested without end"))
    elif frame.type == CALLERROR and frame.error_code is None:
        remarks.append(Remark("", "an error code as the third element", "none"))
    return Explained(frame, schema, frame.findings, tuple(dict.fromkeys(remarks))[:MOST])


def _version(version: str | None, action: str, frame: Frame) -> str:
    if frame.type == CALLRESULT:
        return version if version in VERSIONS else "1.6"
    if is_modern(version, action, frame.payload):
        return version if version in VERSIONS[1:] else "2.0.1"
    return "1.6"


@cache
def _validator(kind: int, action: str, version: str) -> Any:
    """None where that version has no such message. A name from a station never becomes a path."""
    if not action.isascii() or not action.isalnum():
        return None
    try:
        schema = getattr(get_validator(kind, action, version, parse_float=Decimal), "schema", {})
    except OSError:
        return None
    return Draft4Validator(schema, format_checker=_formats)


def _exact(frame: Frame) -> Any:
    """The payload with decimals as written: 0.1 is no multiple of 0.1 once it is a binary number."""
    if frame.findings:
        return json.loads(json.dumps(frame.payload), parse_float=Decimal)
    document = json.loads(frame.raw, parse_float=Decimal)
    return document[3 if frame.type != CALLRESULT else 2]


def _text(frame: Frame) -> Iterator[Remark]:
    """Where text that is no JSON goes wrong first, and what could still be read of it."""
    try:
        json.loads(frame.raw, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        rest = frame.raw[error.pos : error.pos + 20]
        yield Remark("", f"JSON ({error.msg.lower()} at {where})", _shown(rest) if rest else "the end")
        if read_broken(frame.raw)[0] is None:
            yield Remark("", "a message of which something can be read", "nothing that can be used")
    except (ValueError, RecursionError) as error:
        yield Remark("", "JSON", str(error)[:SHOWN])
    if findings.MESSAGE_ID_TOO_LONG in frame.findings:
        yield Remark("message id", "36 characters at most", f"{len(frame.message_id or '')} characters")


def _no_number(word: str) -> None:
    raise ValueError(f"{word}, which is no JSON number")


def _remarks(error: Any) -> Iterator[Remark]:
    path, rule, given = _path(error.absolute_path), error.validator_value, error.instance
    match error.validator:
        case "required":
            for name in rule:
                if name not in given:
                    yield Remark(_path([*error.absolute_path, name]), "a value: it is required", "nothing")
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for name in given:
                if name not in known:
                    yield Remark(
                        _path([*error.absolute_path, name]), "no field of this name", _shown(given[name])
                    )
        case "enum":
            yield Remark(path, "one of " + ", ".join(map(str, rule)), _shown(given))
        case "type":
            kinds = rule if isinstance(rule, list) else [rule]
            yield Remark(path, " or ".join(_KINDS.get(kind, str(kind)) for kind in kinds), _shown(given))
        case "format":
            yield Remark(path, "a time stamp of RFC 3339, as 2026-11-22T10:00:00Z", _shown(given))
        case "minItems" | "maxItems":
            yield Remark(path, _LIMITS[error.validator].format(rule), str(len(given)))
        case _:
            limit = _LIMITS.get(str(error.validator), f"{error.validator} {{}}")
            yield Remark(path, limit.format(rule)[:SHOWN], _shown(given))


_LIMITS: Final = {
    "maxLength": "{} characters at most",
    "minLength": "{} characters at least",
    "minItems": "a list of {} or more",
    "maxItems": "a list of {} at most",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "multipleOf": "a multiple of {}",
}
_KINDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _path(parts: Any) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text[:200]


def _shown(value: Any) -> str:
    """A value as JSON, cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
