"""Everything that can be told to be wrong before anything starts.

Decides what must stop a start (`problems_of`) and what a person should merely know (`warnings_of`). Sends
nothing, opens no port, touches no database. Never shows an address of a destination.
"""

from __future__ import annotations

from collectors.remote.first_aid import ListTrouble, read_local_list
from collectors.settings.options import OcppSettings, Settings
from collectors.settings.rooms import aided_policy_from, delivery_configs_from
from collectors.stations.tls import TlsTrouble, is_loopback, server_context
from collectors.tap.address import stations_from, template_mistake
from data.catalog_files import load_catalog
from data.parties import name_doubt
from rules.core.aid_policy import Remedy
from rules.core.catalog.entries import Catalog, CatalogError
from rules.core.catalog.routes import NOBODY, Routing
from rules.core.catalog.routes_reader import KINDS
from rules.core.first_aid.policy_reader import AidPlanError
from rules.core.subscription import LANE
from rules.dispatch import destinations, heartbeat, subscribers


def problems_of(settings: Settings) -> list[str]:
    """One line each, with its place and remedy; empty when all is sound."""
    problems = list(destinations.check(delivery_configs_from(settings)))
    problems += door_problems(settings.ocpp)
    problems += subscribers.problems(settings.customers.url.reveal())
    problems += [
        f"destination '{one.name}': this name is taken by [customers]; give it another"
        for one in settings.destinations
        if one.name == LANE
    ]
    if address := settings.watchdog.url.reveal():
        trouble = heartbeat.address_problem(address)
        problems += [f"watchdog.url: {trouble}"] if trouble else []
    extra = settings.rules.catalog_dir
    if extra is not None and not extra.is_dir():
        problems.append(f"rules.catalog_dir: there is no directory {extra}; correct it or leave it out")
        return problems
    try:
        catalog = load_catalog(extra, settings.rules.routing_file)
    except CatalogError as error:
        return problems + str(error).splitlines()
    problems += _strange_destinations(catalog.routing, settings)
    return problems + first_aid_problems(settings, catalog)


def warnings_of(settings: Settings) -> list[str]:
    """What works, but hardly as meant."""
    return door_warnings(settings.ocpp) + _destination_warnings(settings)


def register_warnings(settings: Settings, installers: list[str], customers: list[str]) -> list[str]:
    """Where the names of register and destinations do not meet: messages go to the helpdesk instead.

    `installers` and `customers` are the names in the register; without any there is nothing to compare.
    """
    told = []
    names = {"installer": sorted(set(installers)), "customer": sorted(set(customers))}
    reached = set()
    for one in settings.destinations:
        kind, _, name = one.party.partition(":")
        reached.add(one.party.casefold())
        doubt = name_doubt(kind, name, names[kind]) if names.get(kind) else None
        if doubt:
            told.append(
                f"destinations.{one.name}.party: {doubt}; nothing is sent there by the built-in rules"
            )
    silent = [name for name in names["installer"] if f"installer:{name}".casefold() not in reached]
    if silent and settings.destinations:
        told.append(
            f"the helpdesk gets what is for {', '.join(silent)}: no destination has "
            f'party = "installer:{silent[0]}"' + (" and so on" if len(silent) > 1 else "")
        )
    return told


def _strange_destinations(routing: Routing, settings: Settings) -> list[str]:
    """Rules and chains that name a destination which the settings do not have."""
    known = {one.name for one in settings.destinations}
    named = [(rule.where, word) for rule in routing.rules for word in (*rule.to, *rule.inform)]
    named += [(chain.where, step.to) for chain in routing.chains.values() for step in chain.steps]
    return [
        f"{where}: there is no destination {word!r}; add [destinations.{word}] or name another"
        for where, word in named
        if ":" not in word and word not in (*KINDS, NOBODY) and word not in known
    ]


def first_aid_problems(settings: Settings, catalog: Catalog) -> list[str]:
    """What is wrong with the policies of first aid, and with the list of cards that one of them sends."""
    try:
        plan = aided_policy_from(settings, catalog).first_aid
    except AidPlanError as error:
        return str(error).splitlines()
    if not any(policy.do is Remedy.SEND_LOCAL_LIST for policy in plan.policies):
        return []
    try:
        read_local_list(settings.first_aid.local_list)
    except ListTrouble as error:
        return [f"first_aid.local_list: {error}"]
    return []


def door_problems(ocpp: OcppSettings) -> list[str]:
    """What is wrong with the stations' door: tap addresses, certificates, proof of identity."""
    problems = []
    mistake = template_mistake(ocpp.tap) if ocpp.tap else None
    if mistake is not None:
        problems.append(f"ocpp.tap: {mistake}; write for example wss://csms.example/ocpp/{{station}}")
    try:
        stations_from(ocpp.tap_stations)
    except ValueError as error:
        problems.append(f"ocpp.tap_stations: {error}; write for example BE-1=wss://csms.example/{{station}}")
    if ocpp.tls_certificate is None:
        for name in ("tls_key", "tls_client_ca"):
            if getattr(ocpp, name) is not None:
                problems.append(f"ocpp.{name}: there is no ocpp.tls_certificate to go with it; add that one")
    else:
        try:
            server_context(ocpp.tls_certificate, ocpp.tls_key, ocpp.tls_client_ca)
        except TlsTrouble as error:
            problems.append(str(error))
    # The back end behind a tap asks its stations for proof; stations outside the tap it never sees.
    all_tapped = ocpp.tap and all(entry.partition("=")[2].strip() for entry in ocpp.tap_stations)
    proof = ocpp.authentication != "none" or ocpp.tls_client_ca is not None or all_tapped
    if not (proof or ocpp.allow_unauthenticated or is_loopback(ocpp.host)):
        problems.append(
            f"ocpp.host: at {ocpp.host} anybody could pose as a station; set ocpp.authentication = basic or "
            "ocpp.tls_client_ca, or ocpp.allow_unauthenticated = true where the network itself is closed"
        )
    return problems


def door_warnings(ocpp: OcppSettings) -> list[str]:
    """What works at the stations' door, but trusts more than it should."""
    told = []
    if ocpp.allow_unauthenticated and ocpp.authentication == "none" and ocpp.tls_client_ca is None:
        told.append("ocpp.allow_unauthenticated: anybody who reaches the port can pose as a station")
    if ocpp.authentication == "basic" and ocpp.tls_certificate is None and not is_loopback(ocpp.host):
        told.append("ocpp.authentication: without ocpp.tls_certificate secrets of stations travel in clear")
    return told


def _destination_warnings(settings: Settings) -> list[str]:
    parties = {one.party for one in settings.destinations}
    if "operator" in parties:
        return []
    return [
        'no destination has party = "operator": software faults and unrouted ones show on the pages only, '
        "no message leaves; add [destinations.helpdesk]"
    ]
