"""The owner process: the one that has the database open, hears stations, judges, sends notices and answers.

Decides the order of starting and ending, so that nothing arrives before it can be kept and nothing is closed
before it was written. It judges nothing itself. What goes wrong at the start is one clear line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from collectors import garbage
from collectors.commits import LiveIntake
from collectors.decode.privacy import Pseudonymiser
from collectors.owner.answers import OwnerAnswers
from collectors.owner.command_desk import CommandDesk
from collectors.owner.customers import customer_config_from, customer_of, ending_link
from collectors.owner.door import Door, application
from collectors.owner.error import OwnerError
from collectors.owner.kept_key import kept_key
from collectors.owner.latest_register import JudgeWithRegister
from collectors.owner.magic_desk import MagicDesk
from collectors.owner.reload import Reloading
from collectors.owner.stations import access_of, certificates_of, secret_book, spooling_store, tap_of
from collectors.remote.commands import StationCommands
from collectors.remote.desk import RemoteDesk
from collectors.remote.first_aid import FirstAider
from collectors.settings.options import Settings
from collectors.settings.rooms import aided_policy_from, delivery_configs_from, destinations_from, policy_from
from collectors.stations.listener import Desk, Listener, ListenerError, port_trouble
from collectors.stations.tls import Certificates, TlsTrouble
from collectors.tap.spool_store import SpoolingStore
from collectors.terminal import SETTLE_S, Terminal
from data.catalog_files import load_catalog
from data.errors import StoreError
from data.metrics import Metrics
from data.register import load_register
from data.store import Store
from data.uptime_upkeep import UptimeUpkeep
from rules.core.catalog.entries import CatalogError
from rules.core.first_aid.policy_reader import AidPlanError
from rules.core.judge import Judge
from rules.core.model import Asset, FirstAidRow
from rules.dispatch.delivery import Delivery
from rules.dispatch.destinations import addressee_of
from rules.dispatch.engine import Engine
from rules.dispatch.heartbeat import Heartbeat
from rules.dispatch.magic_link import MagicLinks
from rules.dispatch.message import Renderer
from rules.dispatch.watchdog import DeliveryHealth

log = logging.getLogger(__name__)

# A thread that computes keeps the interpreter for 5 ms by default, which a message in passing would wait.
SWITCH_INTERVAL_S = 0.0005
# OCPP 1.6 transaction ids are 32-bit signed integers.
LAST_TRANSACTION_ID = 2**31 - 1


def utc_now() -> datetime:
    return datetime.now(UTC)


def product_version() -> str:
    """As installed; run from a folder there is none to tell."""
    try:
        return version("laadwacht")
    except PackageNotFoundError:
        return "unknown"


class Owner:
    """Everything of one data directory. `start`, then `stop`, once each, on one event loop."""

    store: Store
    intake: LiveIntake
    listener: Listener
    engine: Engine
    delivery: Delivery
    door: Door
    spooling: SpoolingStore | None = None
    first_aider: FirstAider | None = None
    certificates: Certificates | None = None

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.register: Mapping[str, Asset] = {}
        self.reload_trouble: str | None = None
        self.metrics = Metrics(product_version(), duckdb_version=version("duckdb"))
        self._ending = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Open, restore, listen. After a failure everything opened is closed again. Raises `OwnerError`."""
        try:
            with readable_errors(self.settings):
                await self._open_store()
                await self._start_judging()
                await self._open_doors()
        except BaseException:
            await self._ending.aclose()
            raise

    async def stop(self) -> None:
        """End in the reverse order: no new requests, stations told (1001), all written, lock released."""
        await self._ending.aclose()

    async def _open_store(self) -> None:
        settings = self.settings
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = await asyncio.to_thread(
            Store.open, settings.database, read_port=settings.read_door.port, token_file=settings.token_file
        )
        self._ending.push_async_callback(asyncio.to_thread, self.store.close)
        self.store.subscribe(self.metrics.observed)
        self.store.watch_commits(self.metrics.commit)
        self.metrics.restore(self.store)
        self.register = load_register(self.store)
        self.catalog = load_catalog(settings.rules.catalog_dir, settings.rules.routing_file)

    async def _start_judging(self) -> None:
        settings, store = self.settings, self.store
        self.policy = policy_from(settings)  # for imports: what is past is never treated
        policy = aided_policy_from(settings, self.catalog)
        self.destinations = destinations_from(settings)
        self.link_key = kept_key(settings.link_key_file)
        renderer = Renderer(
            self.catalog,
            lambda: self.register,
            {one.name: addressee_of(one) for one in delivery_configs_from(settings)},
            settings.dashboard.link(),
            customer=lambda destination: customer_of(settings, store, destination),
            unsubscribe=lambda destination: ending_link(settings, self.link_key, destination),
        )
        self.delivery = Delivery(
            store,
            delivery_configs_from(settings),
            self.clock,
            renderer.mark_duplicate,
            customers=customer_config_from(settings),
            undelivered=renderer.undelivered,
            ended=renderer.ended,
            links=links_of(settings, store, self.clock),
            engine=lambda: self.engine.stats(),  # noqa: PLW0108 (the engine is made after delivery)
            on_look=self._looked,
            on_sent=lambda sent: self.metrics.notice(sent.destination, sent.kind, sent.latency_s),
        )

        def judge_of_now(state: bytes | None) -> Judge:
            """On the thread that judges, and renders: so both change between two messages."""
            catalog, configs = self.catalog, delivery_configs_from(self.settings)
            judge = Judge(catalog, self.register, policy, self.destinations, state)
            renderer.use(catalog, {one.name: addressee_of(one) for one in configs})
            return judge

        self.engine = Engine(
            store,
            lambda state: JudgeWithRegister(
                judge_of_now, state, lambda: self.register, lambda: self.catalog, self.reloaded
            ),
            self.clock,
            renderer,
            on_notices=self.delivery.wake,
            on_first_aid=self._treat,
            of_work=renderer.of_work,
            # A tapped station whose messages wait in the spool only looks silent.
            held=lambda: self.spooling is not None and not self.spooling.spool.empty,
        )
        await asyncio.to_thread(self.engine.start)
        self._ending.push_async_callback(asyncio.to_thread, self.engine.stop)
        await asyncio.to_thread(self.delivery.start)
        self._ending.push_async_callback(asyncio.to_thread, self.delivery.stop)

    async def _open_doors(self) -> None:
        settings, ocpp = self.settings, self.settings.ocpp
        self.pseudonymiser = pseudonymiser = Pseudonymiser(
            kept_key(settings.pseudonym_key_file) if settings.privacy.pseudonymise else None
        )
        blocked = frozenset(pseudonymiser.token(card) for card in settings.authorisation.blocked)
        self.spooling = spooling_store(settings, self.store)
        self.intake = LiveIntake(self.spooling or self.store, pseudonymiser)
        if self.spooling is not None:
            self._ending.push_async_callback(self.spooling.close)
            self.spooling.start(self.intake)
        self.secrets = secret_book(self.store)
        self.desk = Desk(
            self.intake,
            clock=self.clock,
            is_registered=lambda station: station in self.register,
            unknown=settings.registration.unknown,
            new_transaction=lambda: self.store.next_record_id() % LAST_TRANSACTION_ID + 1,
            heartbeat_s=ocpp.default_heartbeat_s,
            authorise=lambda token: "Blocked" if pseudonymiser.token(token) in blocked else "Accepted",
            frames_per_s=ocpp.frames_per_s,
        )
        self.certificates = certificates_of(settings)
        self.listener = Listener(
            self.desk,
            host=ocpp.host,
            port=ocpp.port,
            max_frame_bytes=ocpp.max_frame_bytes,
            ping_interval_s=ocpp.ping_interval_s,
            tap=tap_of(settings, self.intake, self.clock),
            access=access_of(settings, self.secrets),
            tls=self.certificates.context if self.certificates is not None else None,
        )
        seen = self.store.query("stations_last_seen")
        self.listener.left_at.update(zip(seen["station"], seen[seen.columns[1]], strict=True))
        token = settings.token_file.read_text(encoding="ascii").strip()
        self.door = Door(
            application(OwnerAnswers(self), token), host=settings.http.host, port=settings.http.port
        )
        try:
            self.door.bind()
        except OSError as error:
            raise OwnerError(port_trouble("HTTP", settings.http.host, settings.http.port, error)) from error
        self._ending.push_async_callback(self.door.stop)
        stations = StationCommands(
            self.listener.connected.get, self.listener.left_at.get, ocpp.call_timeout_s
        )
        remote = RemoteDesk(self.store, stations, pseudonymiser, self.clock)
        self.commands = CommandDesk(self.store, self.intake, remote, lambda: self.register, self.clock)
        self.commands.subscriptions.able = bool(settings.customers.url.reveal())
        self.first_aider = FirstAider(
            self.store, remote, self.intake, self.clock, settings.first_aid.local_list
        )
        self._ending.push_async_callback(self.first_aider.stop)
        await self.listener.start()
        self._ending.push_async_callback(self.listener.stop)
        self._watch_certificates()
        self.magic = MagicDesk(
            self.store,
            self.commands,
            self.catalog,
            self.clock,
            session_minutes=settings.magic_links.session_minutes,
        )
        await self.door.start()
        upkeep = UptimeUpkeep(self.store, self.clock)
        upkeep.start()
        self._ending.push_async_callback(asyncio.to_thread, upkeep.stop)
        self._start_heartbeat()

    def _watch_certificates(self) -> None:
        if self.certificates is None:
            return
        watching = asyncio.get_running_loop().create_task(self.certificates.watch())

        async def end() -> None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

        self._ending.push_async_callback(end)

    def _start_heartbeat(self) -> None:
        """Last of all, so that it is sent only once everything runs."""
        watchdog = self.settings.watchdog
        if not watchdog.url.reveal():
            return
        answers = OwnerAnswers(self)
        heartbeat = Heartbeat(
            watchdog.url.reveal(),
            every_s=watchdog.interval_s,
            troubles=lambda: [*answers.not_ready(), *self.delivery.health().mute],
            on_beat=self.metrics.heartbeat,
        )
        heartbeat.start()
        self._ending.push_async_callback(asyncio.to_thread, heartbeat.stop)

    def reloaded(self, trouble: str | None) -> None:
        """What came of the last time that settings were read anew; None: they hold. From any thread."""
        self.reload_trouble = trouble
        self.metrics.reloaded(trouble is None)

    def _looked(self, health: DeliveryHealth) -> None:
        self.metrics.delivery(health.oldest_unsent_s, health.ok)
        for lane in health.lanes:
            self.metrics.destination(lane.destination, lane.failures_in_row)

    def _treat(self, rows: list[FirstAidRow]) -> None:
        """What is asked before the doors are open is not carried out; judgement then waits in vain."""
        for row in rows:
            if row.ended_at is not None:
                self.metrics.first_aid(row)
        if self.first_aider is not None:
            self.first_aider.asked(rows)


def links_of(settings: Settings, store: Store, clock: Callable[[], datetime]) -> MagicLinks | None:
    """What puts links into messages to installers; None when the settings want none."""
    hours = settings.magic_links.hours
    if not hours:
        return None
    return MagicLinks(
        store,
        kept_key(settings.link_key_file),
        clock,
        dashboard_url=settings.dashboard.link(),
        lasts=timedelta(hours=hours),
    )


@contextlib.contextmanager
def readable_errors(settings: Settings) -> Iterator[None]:
    """What can go wrong at the start becomes an `OwnerError` in words."""
    try:
        yield
    except (StoreError, ListenerError, CatalogError, AidPlanError, TlsTrouble) as error:
        raise OwnerError(str(error)) from error
    except OSError as error:
        where = error.filename or settings.data_dir
        raise OwnerError(
            f"{where}: {error.strerror or error}: check the data directory's permissions"
        ) from error


async def run_owner(
    settings: Settings,
    *,
    started: Callable[[Owner], None] | None = None,
    again: Callable[[], Settings] | None = None,
) -> int:
    """Run until SIGTERM, SIGINT or the end of the terminal, then end cleanly and return 0.

    Raises `OwnerError` at a failed start.
    `again` reads the settings anew: at SIGHUP its rules, routes and destinations are taken up. Raises
    `reload.NotTaken`."""
    ended, hung_up = asyncio.Event(), asyncio.Event()
    terminal = Terminal()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if again is not None and hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    owner = Owner(settings)
    await owner.start()
    garbage.calm()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    reloading = Reloading(owner, again or (lambda: settings))
    heeding = asyncio.create_task(_heed(hung_up, reloading, terminal, ended))
    try:
        if started is not None:
            started(owner)
        await ended.wait()
    finally:
        ended.set()
        hung_up.set()  # a reload that runs comes to its end first
        await heeding
        await owner.stop()
    return 0


async def _heed(
    hung_up: asyncio.Event, reloading: Reloading, terminal: Terminal, ended: asyncio.Event
) -> None:
    """Each SIGHUP, one that came during the start too, until the end: a reload, or the terminal's end."""
    while await hung_up.wait() and not ended.is_set():
        hung_up.clear()
        await asyncio.sleep(SETTLE_S)
        if terminal.gone():
            ended.set()
        elif not ended.is_set():
            await reloading.reload()
