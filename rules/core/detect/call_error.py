"""CALLERRORs: refused by our own back end, or the same command refused by the station again and again.

A back end that answers with an internal error is at fault by its own word. `NotImplemented` and
`NotSupported` are honest answers and no fault. A station that twice calls the form of a command wrong is at
odds with the back end, whoever of them misreads the standard.
"""

from __future__ import annotations

from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import CallErrored
from rules.core.signals import Raise, Signal
from rules.core.state import StationState

RULE_OUT = "call_error.back_end"
RULE_IN = "call_error.station"
BACK_END = "backend.call_errors"
REFUSED = "backend.commands_refused"
WINDOW_S = 3600.0
OWN_FAULT = ("internalerror", "genericerror")  # OCPP-J: something went wrong while handling it
POLITE = ("notimplemented", "notsupported")
# OCPP-J: the message itself is malformed; 1.6 misspells two of them.
FORM = frozenset({
    *("formationviolation", "formatviolation", "typeconstraintviolation", "propertyconstraintviolation"),
    *("occurenceconstraintviolation", "occurrenceconstraintviolation", "protocolerror", "rpcframeworkerror"),
})  # fmt: skip
FORM_LIMIT = 2
AGAIN = 3  # refusals within the window that make it certain
ONCE_DISCOUNT = 0.2
IN_LIMIT = 10
# Commands whose failure leaves somebody without a charge.
VITAL = (
    *("remotestarttransaction", "remotestoptransaction", "requeststarttransaction", "requeststoptransaction"),
    *("unlockconnector", "changeavailability", "setchargingprofile", "reset"),
)
KEEP = 100  # kinds of error remembered for one station


def detect(obs: CallErrored, station: StationState, ctx: Context) -> list[Signal]:
    code = obs.code.casefold()
    name = f"{obs.direction}|{code[:50]}|{obs.action or ''}"
    if len(station.call_errors) > KEEP:
        station.call_errors.clear()
    times = keep_recent(station.call_errors.get(name, []), obs.at, WINDOW_S)[-50:]
    station.call_errors[name] = times
    outward = obs.direction == "out"
    if outward and code in POLITE:
        return []
    vital = not outward and code not in POLITE and (obs.action or "").casefold() in VITAL
    if not outward and not vital and len(times) < (FORM_LIMIT if code in FORM else IN_LIMIT):
        return []
    # A single refusal of a message may be a slip.
    slip = len(times) < AGAIN and (vital or code not in OWN_FAULT)
    fault = BACK_END if outward else REFUSED
    return [
        Raise(
            fault=fault,
            rule=RULE_OUT if outward else RULE_IN,
            station=obs.station,
            suffix=obs.action,
            confidence=ctx.catalog.fault(fault).confidence - ONCE_DISCOUNT if slip else None,
            evidence=(
                proof(
                    obs,
                    "call_error_out" if outward else "call_error_in",
                    code=obs.code,
                    action=obs.action,
                    times=len(times),
                    info=obs.description,
                ),
            ),
        )
    ]
