"""Hands each room its part of the settings, in that room's own types.

Decides nothing. Keeps addresses of destinations away from judgement: `route_targets` carries none.
"""

from __future__ import annotations

from msgspec import structs

from collectors.settings.options import Settings
from data.first_aid_file import load_plan
from rules.core.calendar.hours import parse_quiet
from rules.core.catalog.entries import Catalog
from rules.core.policy import Policy
from rules.core.routing.route import Destination
from rules.dispatch.destinations import DestinationConfig


def policy_from(settings: Settings) -> Policy:
    """The thresholds of judgement, seconds throughout."""
    return Policy(
        offline_factor=settings.offline.factor,
        offline_min_s=settings.offline.min_s,
        silence_tolerance_s=settings.offline.tolerance_s,
        default_heartbeat_s=settings.ocpp.default_heartbeat_s,
        clear_delay_s=settings.hold.clear_delay_s,
        hold_scale=settings.hold.scale,
        boot_noise_s=settings.hold.boot_noise_s,
        site_window_s=settings.hold.site_window_s,
        fixed_check_s=settings.hold.fixed_check_s,
        **structs.asdict(settings.delivery),
        customer_wait_s=settings.customers.wait_s if settings.customers.url.reveal() else None,
        customer_quiet=tuple(parse_quiet(entry) for entry in settings.customers.quiet_hours),
    )


def aided_policy_from(settings: Settings, catalog: Catalog) -> Policy:
    """As `policy_from`, with the operator's first aid: for the owner process, and for what looks back at it.

    Raises `AidPlanError` with every mistake in the file.
    """
    aid = settings.first_aid
    plan = load_plan(
        aid.policies, catalog, station_per_day=aid.station_per_day, fleet_per_hour=aid.fleet_per_hour
    )
    return structs.replace(policy_from(settings), first_aid=plan)


def destinations_from(settings: Settings) -> list[Destination]:
    """Destinations as judgement knows them: name, party and language, no address."""
    return [
        Destination(
            name=one.name,
            party=one.party,
            language=one.language,
            contact=one.contact,
            quiet=tuple(parse_quiet(entry) for entry in one.quiet_hours),
            budget_per_hour=one.budget_per_hour,
        )
        for one in settings.destinations
    ]


def delivery_configs_from(settings: Settings) -> list[DestinationConfig]:
    """Destinations as delivery needs them, addresses included."""
    return [
        DestinationConfig(
            name=one.name,
            party=one.party,
            url=one.url.reveal(),
            language=one.language,
            timeout_s=float(one.timeout_s),
            form=one.form,
        )
        for one in settings.destinations
    ]
