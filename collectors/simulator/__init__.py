"""A fleet of virtual stations that speak real OCPP over real sockets, for the demo, tests and measurements.

Must never be imported by the listener's path: it stands outside, as stations do.
"""

from collectors.simulator.assets import VirtualStation, demo_assets, stations_of
from collectors.simulator.command import run_simulator
from collectors.simulator.fleet import Fleet, FleetReport
from collectors.simulator.script import ScriptError, Step, demo_blocked_tokens, demo_script

__all__ = [
    "Fleet",
    "FleetReport",
    "ScriptError",
    "Step",
    "VirtualStation",
    "demo_assets",
    "demo_blocked_tokens",
    "demo_script",
    "run_simulator",
    "stations_of",
]
