"""The table of remote commands: what each becomes per OCPP version, who may ask it, and what it can break.

Decides all of that in one place, `ACTIONS`: another command is one row here, with its options in
`remote_options` and its payloads in `remote_payloads`. It sends nothing and knows no station.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from collectors.remote import payloads as say
from collectors.remote.options import (
    AvailabilityOptions,
    BaseReportOptions,
    ConfigurationOptions,
    DiagnosticsOptions,
    LocalListOptions,
    Options,
    Place,
    ResetOptions,
    SettingOptions,
    StartOptions,
    StopOptions,
    TriggerOptions,
)
from collectors.remote.payloads import Call, CannotSay

VERSIONS = ("1.6", "2.0.1", "2.1")

HELPDESK = frozenset({"helpdesk"})
ON_SITE = frozenset({"helpdesk", "installer"})

# Statuses that mean "done" or "will be done", in all versions.
DONE = frozenset({"Accepted", "AcceptedCanceled", "Scheduled", "Unlocked"})

ENDS_SESSION = "a session is running there and this ends it"
LOSES_STOP = (
    "a hard reset can lose a StopTransaction (the end of a session and its energy) that the station has not "
    "sent yet; try a soft one first"
)


class Situation(Struct, frozen=True):
    """What a command would meet: the station's OCPP version, and whether a session runs where it aims."""

    version: str
    in_session: bool


class Verdict(Struct, frozen=True):
    accepted: bool
    detail: str


def no_risk(_options: Any, _situation: Situation) -> str | None:
    return None


def by_status(payload: dict[str, Any]) -> Verdict:
    status = payload.get("status")
    if not isinstance(status, str):
        return Verdict(False, "without a status")
    reason = payload.get("statusInfo")
    code = reason.get("reasonCode") if isinstance(reason, dict) else None
    return Verdict(status in DONE, f"{status} ({code})" if code else status)


class RemoteAction(Struct, frozen=True):
    """One row. `calls`: version -> what makes the request; a version that is absent cannot be asked this.

    `limit` says why somebody in a role may not ask it with these options. `risk` says what a person must
    confirm first, None when nothing; `confirm_when` tells it beforehand. `verdict` reads the answer.
    """

    name: str
    about: str
    options: type[Options]
    calls: Mapping[str, Callable[[Any, int], Call]]
    roles: frozenset[str] = HELPDESK
    limit: Callable[[str, Any], str | None] = lambda _role, _options: None
    risk: Callable[[Any, Situation], str | None] = no_risk
    confirm_when: str = ""
    verdict: Callable[[dict[str, Any]], Verdict] = by_status
    aliases: tuple[str, ...] = ()
    instead: str = ""

    def build(self, version: str, options: Options, request_id: int) -> Call:
        """The OCPP action and its payload. Raises `CannotSay`."""
        make = self.calls.get(version)
        if make is None:
            raise CannotSay(f"OCPP {version} has no {self.name}{self.instead}")
        return make(options, request_id)

    def read(self, options: Any) -> Options:
        """Options as typed ones. Raises `CannotSay` naming the wrong one."""
        try:
            return msgspec.convert(options, self.options)
        except msgspec.ValidationError as error:
            raise CannotSay(f"{self.name}: {error}") from error


def reset_risk(options: ResetOptions, at: Situation) -> str | None:
    if options.kind == "hard":
        return LOSES_STOP
    # OnIdle of 2.x waits for the end of the session; Soft of 1.6 stops it (OCPP 1.6, 5.14).
    return ENDS_SESSION if at.in_session and at.version == "1.6" else None


def reset_limit(role: str, options: ResetOptions) -> str | None:
    if role == "helpdesk" or options.kind == "soft":
        return None
    return "a hard reset is for the helpdesk: it can lose a running session"


def in_session_risk(_options: Any, at: Situation) -> str | None:
    return ENDS_SESSION if at.in_session else None


def availability_risk(options: AvailabilityOptions, at: Situation) -> str | None:
    if options.to == "operative" or not at.in_session:
        return None
    return "a session is running there; after it, or at once on some stations, nobody can charge"


def diagnostics_verdict(payload: dict[str, Any]) -> Verdict:
    """1.6 names a file and has no status; without a file there is nothing to send (OCPP 1.6, 6.24)."""
    if "status" in payload:
        return by_status(payload)
    name = payload.get("fileName")
    return Verdict(True, f"uploads {name}") if name else Verdict(False, "it has nothing to upload")


def configuration_verdict(payload: dict[str, Any]) -> Verdict:
    results = payload.get("getVariableResult")
    if isinstance(results, list):
        told = [one for one in results if isinstance(one, dict) and one.get("attributeStatus") == "Accepted"]
        return Verdict(bool(told), f"{len(told)} of {len(results)} told")
    keys, unknown = payload.get("configurationKey") or [], payload.get("unknownKey") or []
    if not isinstance(keys, list) or not isinstance(unknown, list):
        return Verdict(False, "an answer of another form")
    return Verdict(bool(keys) or not unknown, f"{len(keys)} told, {len(unknown)} unknown")


def setting_risk(_options: Any, _situation: Situation) -> str | None:
    return "a wrong setting can take a station off its back end, for good"


def setting_verdict(payload: dict[str, Any]) -> Verdict:
    """1.6 has one status, 2.x a list of one; both know settings that hold after a restart only."""
    results = payload.get("setVariableResult")
    if isinstance(results, list) and results and isinstance(results[0], dict):
        payload = {**results[0], "status": results[0].get("attributeStatus")}
        payload["statusInfo"] = results[0].get("attributeStatusInfo")
    said = by_status(payload)
    later = payload.get("status") == "RebootRequired"
    return Verdict(True, "RebootRequired: it holds after a restart") if later else said


def list_version_verdict(payload: dict[str, Any]) -> Verdict:
    """1.6: -1 is "no local lists here" (OCPP 1.6, 5.10)."""
    number = payload.get("versionNumber", payload.get("listVersion"))
    if not isinstance(number, int):
        return Verdict(False, "without a version")
    return Verdict(number >= 0, f"version {number}" if number >= 0 else "it has no local list")


def versions(of_16: Callable[[Any, int], Call] | None, of_2: Callable[[Any, int], Call]) -> dict[str, Any]:
    """2.1 changed none of these requests against 2.0.1, so both share `of_2`."""
    return {**({"1.6": of_16} if of_16 else {}), "2.0.1": of_2, "2.1": of_2}


_ROWS = (
    RemoteAction(
        "Reset",
        "restart, gently unless hard",
        ResetOptions,
        versions(say.reset_16, say.reset_2),
        roles=ON_SITE,
        limit=reset_limit,
        risk=reset_risk,
        confirm_when="hard; soft of 1.6 in a session",
    ),
    RemoteAction(
        "UnlockConnector",
        "let go of a cable",
        Place,
        versions(say.unlock_16, say.unlock_2),
        roles=ON_SITE,
        risk=in_session_risk,
        confirm_when="in a session",
    ),
    RemoteAction(
        "TriggerMessage",
        "have a message sent now",
        TriggerOptions,
        versions(say.trigger_16, say.trigger_2),
        roles=ON_SITE,
    ),
    RemoteAction(
        "ChangeAvailability",
        "take out of use, or back",
        AvailabilityOptions,
        versions(say.availability_16, say.availability_2),
        risk=availability_risk,
        confirm_when="inoperative in a session",
    ),
    RemoteAction(
        "GetDiagnostics",
        "have logs uploaded",
        DiagnosticsOptions,
        versions(say.diagnostics_16, say.log_2),
        roles=ON_SITE,
        verdict=diagnostics_verdict,
        aliases=("GetLog",),
    ),
    RemoteAction(
        "GetConfiguration",
        "read settings",
        ConfigurationOptions,
        versions(say.configuration_16, say.variables_2),
        roles=ON_SITE,
        verdict=configuration_verdict,
        aliases=("GetVariables",),
    ),
    RemoteAction(
        "ChangeConfiguration",
        "change one setting",
        SettingOptions,
        versions(say.setting_16, say.setting_2),
        risk=setting_risk,
        confirm_when="always",
        verdict=setting_verdict,
        aliases=("SetVariables",),
    ),
    RemoteAction(
        "ClearCache", "forget remembered cards", Options, versions(say.clear_cache, say.clear_cache)
    ),
    RemoteAction(
        "RemoteStart",
        "start a session for a card",
        StartOptions,
        versions(say.start_16, say.start_2),
        aliases=("RemoteStartTransaction", "RequestStartTransaction"),
    ),
    RemoteAction(
        "RemoteStop",
        "end a session",
        StopOptions,
        versions(say.stop_16, say.stop_2),
        aliases=("RemoteStopTransaction", "RequestStopTransaction"),
    ),
    RemoteAction(
        "SendLocalList",
        "set the cards known offline",
        LocalListOptions,
        versions(say.local_list_16, say.local_list_2),
    ),
    RemoteAction(
        "GetLocalListVersion",
        "which list of cards it has",
        Options,
        versions(say.list_version, say.list_version),
        verdict=list_version_verdict,
    ),
    RemoteAction(
        "GetBaseReport",
        "have all settings reported",
        BaseReportOptions,
        versions(None, say.base_report_2),
        instead=": GetConfiguration without keys tells all",
    ),
)

ACTIONS: Mapping[str, RemoteAction] = {row.name: row for row in _ROWS}
_BY_NAME = {name.casefold(): row for row in _ROWS for name in (row.name, *row.aliases)}


def action_named(name: str) -> RemoteAction | None:
    """A row by its name, or by the name one OCPP version has for it; upper and lower case are one."""
    return _BY_NAME.get(name.casefold())
