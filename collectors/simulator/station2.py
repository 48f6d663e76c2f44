"""A simulated station's OCPP 2.0.1: the calls it makes and how it answers the back end's commands.

Must never touch a socket or a clock. A connector is EVSE N, connector 1. The cause of a fault is told in
NotifyEvent, never in StatusNotification.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collectors.simulator.assets import VirtualStation
from collectors.simulator.dialect import Call, Intent, Plug, Reaction, Session, inner, soc_of, stamp
from collectors.simulator.faults import Fault

_OCCUPIED = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
_CHARGING_STATE = {"SuspendedEV": "SuspendedEV", "SuspendedEVSE": "SuspendedEVSE", "Charging": "Charging"}
#: What ends a session in 1.6's words, in 2.0.1's stoppedReason and triggerReason.
_STOPPED = {
    "SoftReset": ("ImmediateReset", "ResetCommand"),
    "HardReset": ("ImmediateReset", "ResetCommand"),
    "UnlockCommand": ("Other", "UnlockCommand"),
    "Remote": ("Remote", "RemoteStop"),
    "EVDisconnected": ("EVDisconnected", "EVDeparted"),
    "Local": ("Local", "StopAuthorized"),
    "EmergencyStop": ("EmergencyStop", "AbnormalCondition"),
    "PowerLoss": ("PowerLoss", "AbnormalCondition"),
    "Reboot": ("Reboot", "AbnormalCondition"),
    "DeAuthorized": ("DeAuthorized", "Deauthorized"),
}
_QUIETLY_ACCEPTED = frozenset(
    {
        "ClearCache",
        "SendLocalList",
        "SetChargingProfile",
        "ClearChargingProfile",
        "DataTransfer",
        "GetLog",
        "UpdateFirmware",
    }
)
_REFUSED = frozenset(
    {"ReserveNow", "CancelReservation", "GetReport", "CustomerInformation", "GetCompositeSchedule"}
)


class Station2:
    subprotocol = "ocpp2.0.1"

    def __init__(self, station: VirtualStation) -> None:
        self._station = station
        self._make = station.make
        self._events = 0

    def boot(self, reason: str) -> Call:
        about: dict[str, Any] = {
            "vendorName": self._make.vendor,
            "model": self._make.model,
            "serialNumber": self._station.serial,
            "firmwareVersion": self._station.firmware,
        }
        if self._make.has_sim:
            about["modem"] = {
                "iccid": f"893299{self._station.serial[3:]:0>13}",
                "imsi": f"20699{self._station.serial[3:]:0>10}",
            }
        return "BootNotification", {"reason": reason, "chargingStation": about}

    def heartbeat(self) -> Call:
        return "Heartbeat", {}

    def status(self, plug: Plug, at: datetime) -> list[Call]:
        """The connector's status (the station itself has none in 2.x), and its fault as an event."""
        calls: list[Call] = []
        if plug.connector:
            status = "Occupied" if plug.status in _OCCUPIED else plug.status
            calls.append(
                (
                    "StatusNotification",
                    {
                        "timestamp": stamp(at),
                        "connectorStatus": status,
                        "evseId": plug.connector,
                        "connectorId": 1,
                    },
                )
            )
        if plug.fault is not None:
            calls.append(self._event(plug, plug.fault, at, cleared=False))
        return calls

    def cleared(self, plug: Plug, fault: Fault, at: datetime) -> list[Call]:
        return [self._event(plug, fault, at, cleared=True)]

    def _event(self, plug: Plug, fault: Fault, at: datetime, *, cleared: bool) -> Call:
        self._events += 1
        component: dict[str, Any] = {"name": fault.component}
        if plug.connector:
            component["evse"] = {"id": plug.connector, "connectorId": 1}
        event: dict[str, Any] = {
            "eventId": self._events,
            "timestamp": stamp(at),
            "trigger": "Alerting",
            "actualValue": "false" if cleared else fault.value,
            "cleared": cleared,
            "eventNotificationType": "HardWiredNotification",
            "component": component,
            "variable": {"name": fault.variable},
        }
        if fault.tech_code:
            event["techCode"] = fault.tech_code
        if fault.info:
            event["techInfo"] = fault.info
        return "NotifyEvent", {"generatedAt": stamp(at), "seqNo": 0, "eventData": [event]}

    def authorize(self, token: str) -> Call:
        return "Authorize", {"idToken": _token(token)}

    def authorised(self, answer: Mapping[str, Any]) -> str:
        return inner(answer, "idTokenInfo", "status")

    def start(self, session: Session, at: datetime) -> Call:
        """Started by a card. The transaction id is the station's own: serial, plug and instant."""
        session.ref = f"{self._station.serial}-{session.connector}-{int(at.timestamp())}"
        return self._transaction(session, at, "Started", "Authorized", state="EVConnected", token=True)

    def started(self, session: Session, answer: Mapping[str, Any]) -> bool:
        return self.authorised(answer) in ("Accepted", "")

    def charging(self, session: Session, at: datetime) -> list[Call]:
        return [self._transaction(session, at, "Updated", "ChargingStateChanged", state="Charging")]

    def meter(self, session: Session, at: datetime) -> Call:
        state = "Charging" if session.power_w else "SuspendedEV"
        return self._transaction(session, at, "Updated", "MeterValuePeriodic", state=state)

    def stop(self, session: Session, reason: str, at: datetime) -> Call:
        stopped, trigger = _STOPPED.get(reason, ("Other", "AbnormalCondition"))
        return self._transaction(session, at, "Ended", trigger, stopped=stopped)

    def _transaction(
        self,
        session: Session,
        at: datetime,
        kind: str,
        trigger: str,
        *,
        state: str | None = None,
        stopped: str | None = None,
        token: bool = False,
    ) -> Call:
        info: dict[str, Any] = {"transactionId": str(session.ref)}
        if state:
            info["chargingState"] = state
        if stopped:
            info["stoppedReason"] = stopped
        context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": stamp(at),
            "triggerReason": trigger,
            "seqNo": session.seq,
            "transactionInfo": info,
            "evse": {"id": session.connector, "connectorId": 1},
            "meterValue": [{"timestamp": stamp(at), "sampledValue": self._samples(session, context)}],
        }
        if token:
            payload["idToken"] = _token(session.visit.token)
        session.seq += 1
        return "TransactionEvent", payload

    def _samples(self, session: Session, context: str) -> list[dict[str, Any]]:
        register = round(session.meter_start_wh + session.energy_wh)
        samples: list[dict[str, Any]] = [
            {
                "value": register,
                "measurand": "Energy.Active.Import.Register",
                "context": context,
                "unitOfMeasure": {"unit": "Wh"},
            },
            {
                "value": session.power_w,
                "measurand": "Power.Active.Import",
                "context": context,
                "unitOfMeasure": {"unit": "W"},
            },
        ]
        soc = soc_of(session)
        if soc is not None:
            samples.append({"value": soc, "measurand": "SoC", "context": context, "location": "EV"})
        return samples

    def react(
        self, action: str, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        """The answer to a command of the back end, and what to do after it is sent."""
        if action in _QUIETLY_ACCEPTED:
            return Reaction(answer={"status": "Accepted"})
        if action in _REFUSED:
            return Reaction(answer={"status": "Rejected"})
        handler = getattr(self, f"_on_{action}", None)
        if handler is None:
            return Reaction()
        reaction: Reaction = handler(payload, plugs, at)
        return reaction

    def _on_Reset(self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime) -> Reaction:
        return _accepted(Intent(kind="reset", hard=payload.get("type") == "Immediate"))

    def _on_TriggerMessage(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        evse = payload.get("evse")
        number = evse.get("id") if isinstance(evse, Mapping) else None
        chosen = [plug for plug in plugs.values() if number in (None, plug.connector)]
        wanted = payload.get("requestedMessage")
        if not chosen:
            return Reaction(answer={"status": "Rejected"})
        calls: list[Call]
        if wanted == "StatusNotification":
            calls = [call for plug in chosen for call in self.status(plug, at)]
        elif wanted in ("MeterValues", "TransactionEvent"):
            calls = [self.meter(plug.session, at) for plug in chosen if plug.session is not None]
        elif wanted == "BootNotification":
            calls = [self.boot("Triggered")]
        elif wanted == "Heartbeat":
            calls = [self.heartbeat()]
        else:
            return Reaction(answer={"status": "NotImplemented"})
        return _accepted(Intent(kind="say", calls=tuple(calls)))

    def _on_UnlockConnector(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        plug = plugs.get(payload.get("evseId", -1))
        if plug is None or plug.connector == 0:
            return Reaction(answer={"status": "UnknownConnector"})
        if plug.fault is not None and plug.fault.error_code == "ConnectorLockFailure":
            return Reaction(answer={"status": "UnlockFailed"})
        if plug.session is not None:
            return Reaction(answer={"status": "OngoingAuthorizedTransaction"})
        return Reaction(answer={"status": "Unlocked"})

    def _on_RequestStartTransaction(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        wanted, token = payload.get("evseId"), inner(payload, "idToken", "idToken")
        for plug in plugs.values():
            if plug.connector and plug.free and wanted in (None, plug.connector):
                return _accepted(Intent(kind="start", connector=plug.connector, token=token))
        return Reaction(answer={"status": "Rejected"})

    def _on_RequestStopTransaction(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        for plug in plugs.values():
            if plug.session is not None and str(plug.session.ref) == payload.get("transactionId"):
                return _accepted(Intent(kind="stop", connector=plug.connector))
        return Reaction(answer={"status": "Rejected"})

    def _on_ChangeAvailability(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        evse = payload.get("evse")
        plug = plugs.get(evse.get("id", 0) if isinstance(evse, Mapping) else 0)
        if plug is None:
            return Reaction(answer={"status": "Rejected"})
        if plug.session is not None:
            return Reaction(answer={"status": "Scheduled"})
        kind = "inoperative" if payload.get("operationalStatus") == "Inoperative" else "operative"
        return _accepted(Intent(kind=kind, connector=plug.connector))

    def _on_GetBaseReport(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        report = {
            "requestId": payload.get("requestId", 0),
            "generatedAt": stamp(at),
            "seqNo": 0,
            "reportData": [
                {
                    "component": {"name": "ChargingStation"},
                    "variable": {"name": "Model"},
                    "variableAttribute": [{"value": self._make.model}],
                }
            ],
        }
        return _accepted(Intent(kind="say", calls=(("NotifyReport", report),)))

    def _on_GetVariables(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        asked = payload.get("getVariableData") or []
        results = [{**_named(entry), "attributeStatus": "UnknownVariable"} for entry in asked]
        return Reaction(answer={"getVariableResult": results})

    def _on_SetVariables(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        intent = None
        results = []
        for entry in payload.get("setVariableData") or []:
            seconds = str(entry.get("attributeValue", ""))
            known = (
                inner(entry, "variable", "name") == "HeartbeatInterval"
                and seconds.isdecimal()
                and int(seconds) > 0
            )
            if known:
                intent = Intent(kind="heartbeat_interval", seconds=int(seconds))
            results.append({**_named(entry), "attributeStatus": "Accepted" if known else "UnknownVariable"})
        return Reaction(answer={"setVariableResult": results}, intent=intent)

    def _on_GetLocalListVersion(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        return Reaction(answer={"versionNumber": 0})

    def _on_GetTransactionStatus(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        return Reaction(answer={"messagesInQueue": False})


def _accepted(intent: Intent) -> Reaction:
    return Reaction(answer={"status": "Accepted"}, intent=intent)


def _token(token: str) -> dict[str, str]:
    return {"idToken": token, "type": "ISO14443"}


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"component": entry.get("component", {}), "variable": entry.get("variable", {})}
