"""The installers and customers that configuration names, beside those of the register.

Decides nothing: reads destinations and the routing file's rules and chains.
"""

from __future__ import annotations

from collectors.settings.options import Settings
from rules.core.catalog.routes import Routing


def named_parties(settings: Settings, routing: Routing) -> set[str]:
    """As `installer:Volt` or `customer:Shop`."""
    words = [one.party for one in settings.destinations]
    words += [word for rule in routing.rules for word in (*rule.to, *rule.inform)]
    words += [step.to for chain in routing.chains.values() for step in chain.steps]
    return {word for word in words if ":" in word}
