"""A simulated station's OCPP 1.6J: the calls it makes and how it answers the back end's commands.

Must never touch a socket or a clock. Payloads follow the OCPP 1.6 schemas (Core, Firmware Management, Local
Auth List, Reservation, Remote Trigger, Smart Charging).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collectors.simulator.assets import VirtualStation
from collectors.simulator.dialect import Call, Intent, Plug, Reaction, Session, inner, soc_of, stamp
from collectors.simulator.faults import Fault

_UNLOCK_FAULT = "ConnectorLockFailure"
#: Accepted without any effect that a watcher could see.
_QUIETLY_ACCEPTED = frozenset(
    {
        "ClearCache",
        "SendLocalList",
        "SetChargingProfile",
        "ClearChargingProfile",
        "DataTransfer",
        "CertificateSigned",
    }
)
_REFUSED = frozenset({"ReserveNow", "CancelReservation", "GetCompositeSchedule"})


class Station16:
    subprotocol = "ocpp1.6"

    def __init__(self, station: VirtualStation) -> None:
        self._station = station
        self._make = station.make

    def boot(self, reason: str) -> Call:
        del reason  # 1.6 has no word for it
        payload: dict[str, Any] = {
            "chargePointVendor": self._make.vendor,
            "chargePointModel": self._make.model,
            "chargePointSerialNumber": self._station.serial,
            "firmwareVersion": self._station.firmware,
        }
        if self._make.has_sim:
            # 206 is Belgium's mobile country code, 99 no operator's network
            payload["iccid"] = f"893299{self._station.serial[3:]:0>13}"
            payload["imsi"] = f"20699{self._station.serial[3:]:0>10}"
        return "BootNotification", payload

    def heartbeat(self) -> Call:
        return "Heartbeat", {}

    def status(self, plug: Plug, at: datetime) -> list[Call]:
        payload: dict[str, Any] = {
            "connectorId": plug.connector,
            "errorCode": plug.fault.error_code if plug.fault else "NoError",
            "status": plug.status,
            "timestamp": stamp(at),
        }
        if plug.fault is not None:
            if plug.fault.info:
                payload["info"] = plug.fault.info
            if plug.fault.vendor_code:
                payload["vendorErrorCode"] = plug.fault.vendor_code
                payload["vendorId"] = self._make.vendor_id or self._make.vendor
        elif self._make.healthy_vendor_code:
            payload["vendorErrorCode"] = self._make.healthy_vendor_code
        return [("StatusNotification", payload)]

    def cleared(self, plug: Plug, fault: Fault, at: datetime) -> list[Call]:
        """1.6 clears a fault by the next status with NoError, so nothing more is said."""
        return []

    def authorize(self, token: str) -> Call:
        return "Authorize", {"idTag": token}

    def authorised(self, answer: Mapping[str, Any]) -> str:
        return inner(answer, "idTagInfo", "status")

    def start(self, session: Session, at: datetime) -> Call:
        return "StartTransaction", {
            "connectorId": session.connector,
            "idTag": session.visit.token,
            "meterStart": round(session.meter_start_wh),
            "timestamp": stamp(at),
        }

    def started(self, session: Session, answer: Mapping[str, Any]) -> bool:
        ref = answer.get("transactionId")
        session.ref = ref if isinstance(ref, int) else None
        return session.ref is not None and self.authorised(answer) == "Accepted"

    def charging(self, session: Session, at: datetime) -> list[Call]:
        return []

    def meter(self, session: Session, at: datetime) -> Call:
        payload: dict[str, Any] = {
            "connectorId": session.connector,
            "meterValue": [{"timestamp": stamp(at), "sampledValue": self._samples(session)}],
        }
        if session.ref is not None:
            payload["transactionId"] = session.ref
        return "MeterValues", payload

    def _samples(self, session: Session) -> list[dict[str, str]]:
        common = {"context": "Sample.Periodic", "location": "Outlet"}
        register = round(session.meter_start_wh + session.energy_wh)
        samples = [
            {"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh", **common},
            {"value": f"{session.power_w:.1f}", "measurand": "Power.Active.Import", "unit": "W", **common},
        ]
        soc = soc_of(session)
        if soc is not None:
            samples.append(
                {
                    "value": str(soc),
                    "measurand": "SoC",
                    "unit": "Percent",
                    "context": "Sample.Periodic",
                    "location": "EV",
                }
            )
        else:
            amps = session.power_w / (3 * 230.0)
            for phase in ("L1", "L2", "L3"):
                samples.append(
                    {
                        "value": f"{amps:.2f}",
                        "measurand": "Current.Import",
                        "unit": "A",
                        "phase": phase,
                        **common,
                    }
                )
        return samples

    def stop(self, session: Session, reason: str, at: datetime) -> Call:
        return "StopTransaction", {
            "transactionId": session.ref if session.ref is not None else 0,
            "idTag": session.visit.token,
            "meterStop": round(session.meter_start_wh + session.energy_wh),
            "timestamp": stamp(at),
            "reason": reason,
        }

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
        return _accepted(Intent(kind="reset", hard=payload.get("type") == "Hard"))

    def _on_TriggerMessage(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        wanted, connector = payload.get("requestedMessage"), payload.get("connectorId")
        chosen = [plug for number, plug in plugs.items() if connector in (None, number)]
        if not chosen:
            return Reaction(answer={"status": "Rejected"})
        calls: list[Call]
        if wanted == "StatusNotification":
            calls = [call for plug in chosen for call in self.status(plug, at)]
        elif wanted == "MeterValues":
            calls = [self.meter(plug.session, at) for plug in chosen if plug.session is not None]
        elif wanted == "BootNotification":
            calls = [self.boot("Triggered")]
        elif wanted == "Heartbeat":
            calls = [self.heartbeat()]
        else:
            return Reaction(answer={"status": "NotImplemented"})
        return _accepted(Intent(kind="say", calls=tuple(calls)))

    _on_ExtendedTriggerMessage = _on_TriggerMessage

    def _on_UnlockConnector(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        plug = plugs.get(payload.get("connectorId", -1))
        if plug is None or plug.connector == 0:
            return Reaction(answer={"status": "NotSupported"})
        if plug.fault is not None and plug.fault.error_code == _UNLOCK_FAULT:
            return Reaction(answer={"status": "UnlockFailed"})
        return Reaction(answer={"status": "Unlocked"}, intent=Intent(kind="unlock", connector=plug.connector))

    def _on_RemoteStartTransaction(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        wanted = payload.get("connectorId")
        for plug in plugs.values():
            if plug.connector and plug.free and wanted in (None, plug.connector):
                return _accepted(
                    Intent(kind="start", connector=plug.connector, token=str(payload.get("idTag", "")))
                )
        return Reaction(answer={"status": "Rejected"})

    def _on_RemoteStopTransaction(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        for plug in plugs.values():
            if plug.session is not None and plug.session.ref == payload.get("transactionId"):
                return _accepted(Intent(kind="stop", connector=plug.connector))
        return Reaction(answer={"status": "Rejected"})

    def _on_ChangeAvailability(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        plug = plugs.get(payload.get("connectorId", 0))
        if plug is None:
            return Reaction(answer={"status": "Rejected"})
        if plug.session is not None:
            return Reaction(answer={"status": "Scheduled"})
        kind = "inoperative" if payload.get("type") == "Inoperative" else "operative"
        return _accepted(Intent(kind=kind, connector=plug.connector))

    def _on_GetConfiguration(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        known = {
            "NumberOfConnectors": str(len(plugs) - 1),
            "MeterValueSampleInterval": "60",
            "SupportedFeatureProfiles": "Core,FirmwareManagement,RemoteTrigger,SmartCharging",
        }
        asked = payload.get("key") or list(known)
        entries = [{"key": key, "readonly": True, "value": known[key]} for key in asked if key in known]
        return Reaction(
            answer={"configurationKey": entries, "unknownKey": [key for key in asked if key not in known]}
        )

    def _on_ChangeConfiguration(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        value = str(payload.get("value", ""))
        if payload.get("key") != "HeartbeatInterval":
            return Reaction(answer={"status": "NotSupported"})
        if not value.isdecimal() or int(value) == 0:
            return Reaction(answer={"status": "Rejected"})
        return _accepted(Intent(kind="heartbeat_interval", seconds=int(value)))

    def _on_GetLocalListVersion(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        return Reaction(answer={"listVersion": 0})

    def _on_UpdateFirmware(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        steps = ("Downloading", "Downloaded", "Installing", "Installed")
        calls = tuple(("FirmwareStatusNotification", {"status": step}) for step in steps)
        return Reaction(answer={}, intent=Intent(kind="say", calls=calls))

    def _on_GetDiagnostics(
        self, payload: Mapping[str, Any], plugs: Mapping[int, Plug], at: datetime
    ) -> Reaction:
        calls = tuple(
            ("DiagnosticsStatusNotification", {"status": step}) for step in ("Uploading", "Uploaded")
        )
        return Reaction(
            answer={"fileName": f"{self._station.serial}.zip"}, intent=Intent(kind="say", calls=calls)
        )


def _accepted(intent: Intent) -> Reaction:
    return Reaction(answer={"status": "Accepted"}, intent=intent)
