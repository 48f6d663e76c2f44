"""The actions of OCPP 1.6 (with its security extension), 2.0.1 and 2.1: those that may become metric labels.

Decides nothing. Source: the message schemas published by the Open Charge Alliance for these versions.
"""

_NAMES = """
    AFRRSignal AdjustPeriodicEventStream Authorize BatterySwap BootNotification CancelReservation
    CertificateSigned ChangeAvailability ChangeConfiguration ChangeTransactionTariff ClearCache
    ClearChargingProfile ClearDERControl ClearDisplayMessage ClearTariffs ClearVariableMonitoring
    ClearedChargingLimit ClosePeriodicEventStream CostUpdated CustomerInformation DataTransfer
    DeleteCertificate DiagnosticsStatusNotification ExtendedTriggerMessage
    FirmwareStatusNotification Get15118EVCertificate GetBaseReport GetCertificateChainStatus
    GetCertificateStatus GetChargingProfiles GetCompositeSchedule GetConfiguration GetDERControl
    GetDiagnostics GetDisplayMessages GetInstalledCertificateIds GetLocalListVersion GetLog
    GetMonitoringReport GetPeriodicEventStream GetReport GetTariffs GetTransactionStatus
    GetVariables Heartbeat InstallCertificate LogStatusNotification MeterValues
    NotifyAllowedEnergyTransfer NotifyChargingLimit NotifyCustomerInformation NotifyDERAlarm
    NotifyDERStartStop NotifyDisplayMessages NotifyEVChargingNeeds NotifyEVChargingSchedule
    NotifyEvent NotifyMonitoringReport NotifyPeriodicEventStream NotifyPriorityCharging NotifyReport
    NotifySettlement NotifyWebPaymentStarted OpenPeriodicEventStream PublishFirmware
    PublishFirmwareStatusNotification PullDynamicScheduleUpdate RemoteStartTransaction
    RemoteStopTransaction ReportChargingProfiles ReportDERControl RequestBatterySwap
    RequestStartTransaction RequestStopTransaction ReservationStatusUpdate ReserveNow Reset
    SecurityEventNotification SendLocalList SetChargingProfile SetDERControl SetDefaultTariff
    SetDisplayMessage SetMonitoringBase SetMonitoringLevel SetNetworkProfile SetVariableMonitoring
    SetVariables SignCertificate SignedFirmwareStatusNotification SignedUpdateFirmware
    StartTransaction StatusNotification StopTransaction TransactionEvent TriggerMessage
    UnlockConnector UnpublishFirmware UpdateDynamicSchedule UpdateFirmware UsePriorityCharging
    VatNumberValidation
"""
OCPP_ACTIONS = frozenset(_NAMES.split())
