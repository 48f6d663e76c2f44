"""The processes of Laadwacht as workers for the supervisor: how each is started and when it is ready.

Decides command lines and environment only. Passes every chosen port on, so that no process chooses again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
from rich.console import Console

from collectors.processes.supervise import Supervisor, Worker
from collectors.settings.options import Settings, reachable

HOUSE = Path(__file__).resolve().parent.parent.parent  # where app.py and .streamlit/ are


def serve_worker(settings: Settings, sets: Sequence[str] | None = None, *, log: Path | None = None) -> Worker:
    """The owner process, with the same configuration file and `--set` options as this one."""
    command = [sys.executable, "-m", "collectors", "serve", "--data-dir", str(settings.data_dir)]
    if settings.source is not None:
        command += ["--config", str(settings.source)]
    command += ["--ocpp-port", str(settings.ocpp.port), "--http-port", str(settings.http.port)]
    for text in sets or []:
        command += ["--set", text]
    command += ["--set", f"read_door.port={settings.read_door.port}"]
    command += ["--set", f"dashboard.port={settings.dashboard.port}"]
    return Worker("serve", command, ready=_answers(f"{settings.http_url}/healthz"), log=log, reloads=True)


def dashboard_worker(settings: Settings, *, log: Path | None = None, early: bool = False) -> Worker:
    """The pages. They are told where to read and where to ask for writes, and nothing else."""
    env = {
        "LAADWACHT_READ_URL": settings.read_url,
        "LAADWACHT_READ_TOKEN_FILE": str(settings.token_file),
        "LAADWACHT_HTTP_URL": settings.http_url,
        "LAADWACHT_CUSTOMER_MESSAGES": "1" if settings.customers.url.reveal() else "0",
        "LAADWACHT_DASHBOARD_HOST": settings.dashboard.host,
        "LAADWACHT_DASHBOARD_PORT": str(settings.dashboard.port),
        "STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "true",  # this command says itself where the pages are
    }
    ready = _answers(f"http://{reachable(settings.dashboard.host)}:{settings.dashboard.port}/healthz")
    # Streamlit looks for .streamlit/config.toml in the working directory.
    command = [sys.executable, str(HOUSE / "app.py")]
    return Worker("dashboard", command, env=env, cwd=HOUSE, ready=ready, log=log, early=early)


def run_together(settings: Settings, workers: list[Worker]) -> int:
    """Run `workers` until Ctrl-C, SIGTERM or the terminal's end; says on standard error where people and
    stations connect."""
    console = Console(stderr=True, highlight=False)

    def announce() -> None:
        names = {worker.name for worker in workers}
        if "serve" in names:
            scheme = "wss" if settings.ocpp.tls_certificate else "ws"
            console.print(f"stations   {scheme}://{settings.ocpp.host}:{settings.ocpp.port}/<station>")
            console.print(f"metrics    {settings.http_url}/metrics")
        if "dashboard" in names:
            console.print(f"dashboard  {settings.dashboard.link()}")

    def say(text: str) -> None:
        console.print(f"laadwacht: {text}", markup=False, soft_wrap=True)

    return Supervisor(workers, say).run(announce)


def _answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return httpx.get(url, timeout=1.0, trust_env=False).status_code < 500
        except httpx.HTTPError:
            return False

    return ready
