"""From a signal to a verdict: fault, side, cause, owner, task, severity and how sure we are.

Decides by the catalogue first and by what else is known of the place second. Contradiction lowers the
confidence; nothing here raises it above what the proof carries. Never routes.
"""

from __future__ import annotations

from datetime import date, datetime

from rules.core.catalog.entries import Catalog
from rules.core.model import Asset, Owner, Side, Verdict
from rules.core.signals import WEAK, Raise

COMMISSIONING_DAYS = 30  # problems found in the first weeks belong to the installation itself
COMMISSIONING_TASK = "ins.commission.fix"
LEAST, MOST = 0.05, 0.99


def verdict(signal: Raise, catalog: Catalog, asset: Asset | None, at: datetime) -> Verdict:
    """The verdict of one signal. Raises `KeyError` for a fault that the catalogue does not have."""
    fault = catalog.fault(signal.fault)
    owner = signal.owner or fault.owner
    task = signal.task or fault.task
    side = signal.side or fault.side
    maintenance = owner is Owner.INSTALLER and side is Side.HARDWARE and task.startswith("ins.maintain.")
    if maintenance and _commissioning(asset, at):
        task = COMMISSIONING_TASK
    confidence = fault.confidence if signal.confidence is None else signal.confidence
    if signal.weak:
        confidence = min(confidence, WEAK)
    return Verdict(
        fault=fault.id,
        side=side,
        cause=signal.cause or fault.cause,
        owner=owner,
        task=task,
        severity=fault.severity,
        confidence=bounded(confidence),
        rule_id=signal.rule,
        rule_version=catalog.version,
        imminent=fault.imminent,
        safety=fault.safety,
        evidence=signal.evidence,
    )


def bounded(confidence: float) -> float:
    """Nothing is quite certain, and nothing that was seen is worth nothing."""
    return round(min(MOST, max(LEAST, confidence)), 3)


def _commissioning(asset: Asset | None, at: datetime) -> bool:
    """Whether the station was installed in the weeks before; an unreadable date says no."""
    if asset is None or not asset.installed_on:
        return False
    try:
        installed = date.fromisoformat(asset.installed_on[:10])
    except ValueError:
        return False
    return 0 <= (at.date() - installed).days <= COMMISSIONING_DAYS
