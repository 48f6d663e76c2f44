"""Why an incident is not spoken of. Recording never stops; only notifying does.

Decides the list of reasons; an empty list means that nothing holds the notices back.
"""

from __future__ import annotations

from rules.core.model import IncidentState, Suppression


def reasons(*, parent: IncidentState | None, imported: bool, flapping: bool = False) -> list[str]:
    """`parent`: state of the wider incident this one belongs to, None when there is none."""
    found: list[str] = []
    if parent is not None and parent is not IncidentState.RESOLVED:
        found.append(Suppression.INHIBITED.value)
    if flapping:
        found.append(Suppression.FLAPPING.value)
    if imported:
        found.append(Suppression.IMPORTED.value)
    return found
