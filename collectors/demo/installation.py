"""`laadwacht demo`: a whole installation in one directory, played by simulated stations.

Decides what the demo holds: its configuration, register, users, history and mailbox. Never touches a
directory that holds a database already, and never listens beyond loopback unless told to.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from collectors.demo.mailbox import Mailbox
from collectors.demo.store import Person, fill, people_for
from collectors.processes.ports import taken_ports, with_free_ports
from collectors.processes.supervise import Supervisor, Worker
from collectors.processes.workers import dashboard_worker, serve_worker
from collectors.settings.load import load_settings
from collectors.settings.options import CONFIG_NAME, Settings, SettingsError
from collectors.simulator import demo_assets, demo_blocked_tokens
from rules.core.model import Asset

# Short, so that faults of both sides, a site outage and a recovery are all seen within two minutes.
QUICK = """
[ocpp]
default_heartbeat_s = 5

[offline]
min_s = 20
tolerance_s = 2

[hold]
scale = 0.05
clear_delay_s = 15
boot_noise_s = 3
site_window_s = 30

[delivery]
group_wait_s = 3
group_interval_s = 20
"""

# How many times faster drivers come, charge and leave than in the field.
SPEED = 60
# They take the energy of a whole visit, so registers run as much faster; the catalogue's own limit would call
# every session a leap of the meter.
LIMITS = f"""
patterns:
  meter.jump_factor: {{limit: {1.5 * SPEED:g}, why: "the demo's sessions are {SPEED} times shorter"}}
"""
LIMITS_DIR = "catalog"

MAILBOX = "mailbox.jsonl"


class DemoError(Exception):
    """The demo cannot start; `lines` say why and name the remedy."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class DemoPlan(Struct, frozen=True, kw_only=True):
    """What was asked. A port of None is the usual one, or a free one where that is taken."""

    data_dir: Path | None
    ports: dict[str, int | None]
    stations: int = 40
    days: int = 90
    seed: int = 1
    sets: tuple[str, ...] = ()


def run_demo(plan: DemoPlan) -> int:
    """Until Ctrl-C or SIGTERM; the exit code is the supervisor's. Raises DemoError."""
    console = Console(highlight=False)
    assets = demo_assets(plan.stations, plan.seed)
    people = people_for(assets)
    with (
        _directory(plan.data_dir) as place,
        Mailbox(place / MAILBOX, lambda message: _show(console, message)) as mailbox,
    ):
        settings = _settings(plan, place, assets, mailbox)

        def prepare(between: Callable[[], None]) -> None:
            fill(settings, assets, people, days=plan.days, seed=plan.seed, console=console, between=between)

        def say(text: str) -> None:
            console.print(f"laadwacht: {text}", markup=False, soft_wrap=True)

        supervisor = Supervisor(_workers(settings, plan, place / "logs"), say)
        return supervisor.run(lambda: console.print(_welcome(settings, people, plan, place)), prepare)


@contextmanager
def _directory(named: Path | None) -> Iterator[Path]:
    """The named directory, kept, or a temporary one, removed at the end."""
    if named is not None:
        if (named / "laadwacht.duckdb").exists():
            raise DemoError(
                f"--data-dir: {named} holds a database already; name an empty directory, "
                f"or go on with it by `laadwacht up --data-dir {named}`"
            )
        try:
            named.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DemoError(f"--data-dir: {named} cannot be made: {error.strerror}") from error
        yield named
        return
    place = Path(tempfile.mkdtemp(prefix="laadwacht-demo-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _settings(plan: DemoPlan, place: Path, assets: Sequence[Asset], mailbox: Mailbox) -> Settings:
    """Writes the demo's configuration file and reads it back as any process would."""
    config = place / CONFIG_NAME
    blocked = ", ".join(f'"{token}"' for token in demo_blocked_tokens())
    limits = place / LIMITS_DIR
    limits.mkdir(exist_ok=True)
    (limits / "demo.yaml").write_text(LIMITS, encoding="utf-8")
    parts = [f"data_dir = '{place}'", QUICK, f"[rules]\ncatalog_dir = '{limits}'\n"]
    parts.append(f"[authorisation]\nblocked = [{blocked}]\n")
    installers = sorted({asset.installer for asset in assets if asset.installer})
    boxes = [("helpdesk", "operator")]
    boxes += [(f"installer-{number}", f"installer:{name}") for number, name in enumerate(installers, 1)]
    for name, party in boxes:
        parts.append(f'[destinations.{name}]\nparty = "{party}"\nurl = "{mailbox.address_for(name)}"\n')
    config.write_text("\n".join(parts), encoding="utf-8")
    arguments: dict[str, object] = {"config": str(config), "read_door.port": "0"}
    for text in plan.sets:
        name, _, value = text.partition("=")
        arguments[name.strip()] = value.strip()
    arguments.update({f"{door}.port": port for door, port in plan.ports.items()})
    try:
        settings = load_settings(arguments, {}, place)
        for door, port in plan.ports.items():
            if port is None and taken_ports(settings, [door]):
                settings = load_settings({**arguments, f"{door}.port": 0}, {}, place)
                arguments[f"{door}.port"] = 0
    except SettingsError as error:
        raise DemoError(*error.mistakes) from error
    settings = with_free_ports(settings)
    problems = taken_ports(settings, ("ocpp", "http", "dashboard", "read_door"))
    if problems:
        raise DemoError(*problems)
    # Written down, so that `import`, `stations` and `user` find this owner by --data-dir.
    doors = ("ocpp", "http", "dashboard", "read_door")
    chosen = {door: getattr(settings, door).port for door in doors}
    text = config.read_text(encoding="utf-8").replace("[ocpp]\n", f"[ocpp]\nport = {chosen['ocpp']}\n", 1)
    for door in doors[1:]:
        text += f"\n[{door}]\nport = {chosen[door]}\n"
    config.write_text(text, encoding="utf-8")
    return settings


def _workers(settings: Settings, plan: DemoPlan, logs: Path) -> list[Worker]:
    logs.mkdir(exist_ok=True)
    workers = [
        serve_worker(settings, plan.sets, log=logs / "serve.log"),
        dashboard_worker(settings, log=logs / "dashboard.log", early=True),
        _simulator(settings, plan, logs / "simulator.log"),
    ]
    for worker in workers:  # all the demo needs is in its file: the shell's own options are not meant for it
        ours = {name for name in os.environ if name.startswith("LAADWACHT_")}
        told = {name for name in worker.env if worker.env[name] != os.environ.get(name)}
        worker.env = {name: text for name, text in worker.env.items() if name not in ours - told}
    return workers


def _simulator(settings: Settings, plan: DemoPlan, log: Path) -> Worker:
    url = f"ws://127.0.0.1:{settings.ocpp.port}"
    command = [sys.executable, "-m", "collectors", "simulate", "--url", url, "--demo-script"]
    command += ["--stations", str(plan.stations), "--seed", str(plan.seed), "--speed", str(SPEED)]
    return Worker("simulator", command, log=log)


def _show(console: Console, message: dict[str, Any]) -> None:
    """One line a message: the fleet has much to tell. The whole text is in the mailbox file."""
    console.print(f"message to {message['destination']}: {message['subject']}", markup=False, soft_wrap=True)


def _welcome(settings: Settings, people: Sequence[Person], plan: DemoPlan, place: Path) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_row("dashboard", settings.dashboard.link())
    table.add_row("stations", f"ws://127.0.0.1:{settings.ocpp.port}/<station>")
    table.add_row("metrics", f"{settings.http_url}/metrics")
    table.add_row("mailbox", f"{place / MAILBOX}")
    table.add_row("files", f"{place}" + ("" if plan.data_dir else " (removed at the end)"))
    for person in people:
        table.add_row(f"{person.role}", f"{person.email}  password {person.password}")
        if person.party:
            table.add_row("", f"of {person.party}")
    return Panel(table, title="Laadwacht demo", subtitle="Ctrl-C ends it", expand=False)
