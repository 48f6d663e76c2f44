"""Every option of Laadwacht: its name, type, bounds, default and what it is for.

Decides which options exist and what a sound value is. Reads nothing itself (`settings_sources` does), is
built once at start and never changes afterwards; no other room sees the whole of it, only plain arguments.
A secret (a destination's address) never shows itself in text, logs or errors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from collectors.settings.delivery import DeliverySettings

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[int, Meta(ge=1, le=604_800)]
SecondsOrNone = Annotated[int, Meta(ge=0, le=604_800)]
Language = Literal["nl", "fr", "en"]

CONFIG_NAME = "laadwacht.toml"
DEFAULT_DATA_DIR = Path("laadwacht-data")


class SettingsError(Exception):
    """The configuration is unusable. `mistakes` holds every one found, each a line that names its place."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Secret:
    """A text that must not be shown. Only `reveal` gives it away; printing, formatting and repr do not."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class OcppSettings(Struct, frozen=True, kw_only=True):
    """The door that stations connect to."""

    host: Annotated[str, Meta(min_length=1, description="address stations connect to")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port stations connect to; 0 chooses a free one")] = 9000
    max_frame_bytes: Annotated[
        int, Meta(ge=1024, le=67_108_864, description="a longer frame closes the connection")
    ] = 1_048_576
    ping_interval_s: Annotated[
        SecondsOrNone, Meta(description="WebSocket ping to a station; 0 sends none")
    ] = 60
    call_timeout_s: Annotated[Seconds, Meta(description="how long a station may take to answer us")] = 30
    default_heartbeat_s: Annotated[Seconds, Meta(description="heartbeat interval asked of a station")] = 300
    authentication: Annotated[
        Literal["none", "basic"],
        Meta(description="basic: stations need their own secret (security profiles 1 and 2)"),
    ] = "none"
    allow_unauthenticated: Annotated[
        bool, Meta(description="let stations in without proof from beyond this machine")
    ] = False
    tls_certificate: Annotated[
        Path | None, Meta(description="PEM certificate chain: stations connect by wss:// (profile 2)")
    ] = None
    tls_key: Annotated[Path | None, Meta(description="its private key, where that is a file of its own")] = (
        None
    )
    tls_client_ca: Annotated[
        Path | None, Meta(description="PEM authorities of station certificates, then required (profile 3)")
    ] = None
    connections_per_address: Annotated[
        int, Meta(ge=0, le=1_000_000, description="open connections of one other address; 0 sets no limit")
    ] = 500
    frames_per_s: Annotated[
        int, Meta(ge=0, le=100_000, description="a station that sends more is read slower; 0 sets no limit")
    ] = 500
    tap: Annotated[
        str, Meta(description="address of the existing back end, for all stations: wss://…/{station}")
    ] = ""
    tap_stations: Annotated[
        tuple[str, ...], Meta(description="STATION=ADDRESS of single stations; no address: not tapped")
    ] = ()
    spool_mb: Annotated[
        int, Meta(ge=1, le=1_000_000, description="disk for tapped messages the database cannot take now")
    ] = 1024


class HttpSettings(Struct, frozen=True, kw_only=True):
    """The owner's HTTP door: metrics, health, and the commands of the pages."""

    host: Annotated[str, Meta(min_length=1, description="address of the HTTP door")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port of the HTTP door; 0 chooses a free one")] = 9100


class DashboardSettings(Struct, frozen=True, kw_only=True):
    """The pages people open."""

    host: Annotated[str, Meta(min_length=1, description="address of the pages")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port of the pages; 0 chooses a free one")] = 8501
    url: Annotated[
        str,
        Meta(
            pattern="^$|^https?://[^/ ]+", description="address people see in messages; empty: host and port"
        ),
    ] = ""

    def link(self) -> str:
        """The address to put in a message, without a closing slash."""
        return (self.url or f"http://{self.host}:{self.port}").rstrip("/")


class ReadDoorSettings(Struct, frozen=True, kw_only=True):
    """The database's read door. Always on loopback: its token is a file on this machine."""

    port: Annotated[Port, Meta(description="port of the read door, on loopback; 0 chooses a free one")] = 9495


class OfflineSettings(Struct, frozen=True, kw_only=True):
    """When silence means offline."""

    factor: Annotated[
        float, Meta(ge=1, le=100, description="heartbeat intervals without any frame before offline")
    ] = 3.0
    min_s: Annotated[Seconds, Meta(description="never offline before this many seconds of silence")] = 300
    tolerance_s: Annotated[SecondsOrNone, Meta(description="seconds allowed on top for a slow network")] = 10


class HoldSettings(Struct, frozen=True, kw_only=True):
    """How long a fault must last before it opens an incident, and be gone before it closes."""

    scale: Annotated[
        float, Meta(ge=0, le=100, description="multiplies every hold time of the catalogue; 0 opens at once")
    ] = 1.0
    clear_delay_s: Annotated[
        SecondsOrNone, Meta(description="seconds a fault must be gone before it is resolved")
    ] = 600
    boot_noise_s: Annotated[
        SecondsOrNone, Meta(description="seconds after a boot in which status changes are noise")
    ] = 30
    fixed_check_s: Annotated[
        Seconds, Meta(description="seconds after somebody said it is fixed until a fault that lasts is noted")
    ] = 1800
    site_window_s: Annotated[
        Seconds, Meta(description="stations of one site lost within this time are one incident")
    ] = 120


class MagicLinkSettings(Struct, frozen=True, kw_only=True):
    """The link in a message to an installer that works once, without a password."""

    hours: Annotated[
        int, Meta(ge=0, le=168, description="hours a link in a message may be used; 0 sends none")
    ] = 24
    session_minutes: Annotated[
        int, Meta(ge=5, le=1440, description="minutes that may be acted after a link was used")
    ] = 120


class RegistrationSettings(Struct, frozen=True, kw_only=True):
    """What a station hears that is not in the register."""

    unknown: Annotated[
        Literal["accept", "pending", "reject"],
        Meta(description="answer to the boot of a station not in the register"),
    ] = "accept"


class AuthorisationSettings(Struct, frozen=True, kw_only=True):
    """Which cards hear "no". Every other card is accepted: Laadwacht is no billing system."""

    blocked: Annotated[tuple[str, ...], Meta(description="card numbers that are refused (Blocked)")] = ()


class PrivacySettings(Struct, frozen=True, kw_only=True):
    """What is kept of the people who charge."""

    pseudonymise: Annotated[
        bool,
        Meta(description="replace card numbers by a keyed hash, mask SIM numbers, before anything is stored"),
    ] = True


class RulesSettings(Struct, frozen=True, kw_only=True):
    """Where the rules come from."""

    catalog_dir: Annotated[
        Path | None, Meta(description="folder of extra catalogue files, laid over the built-in ones")
    ] = None
    routing_file: Annotated[
        Path | None, Meta(description="YAML file of routes, chains and contracts, before the built-in ones")
    ] = None


class FirstAidSettings(Struct, frozen=True, kw_only=True):
    """What is tried from afar before somebody is sent. Without a file of policies nothing ever is."""

    policies: Annotated[
        Path | None,
        Meta(description="YAML file of remedies to try remotely, per fault; none: nothing is tried"),
    ] = None
    station_per_day: Annotated[
        int, Meta(ge=0, le=24, description="remedies tried at one station within a day, at most")
    ] = 3
    fleet_per_hour: Annotated[
        int, Meta(ge=0, le=1000, description="remedies tried in the whole fleet within an hour, at most")
    ] = 20
    local_list: Annotated[
        Path | None, Meta(description="JSON list of the cards that send_local_list sends")
    ] = None


class LogSettings(Struct, frozen=True, kw_only=True):
    """What the processes say on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="least level written to standard error"),
    ] = "info"


class DestinationSettings(Struct, frozen=True, kw_only=True):
    """One place messages go. `party` is `operator`, `installer:<name>` or `customer:<name>`.

    `quiet_hours`: as `rules.core.calendar.hours` reads them. `budget_per_hour`: None takes
    `delivery.budget_per_hour`.
    """

    name: str
    party: str
    url: Secret
    language: Language = "nl"
    contact: Annotated[int, Meta(ge=1, le=3, description="2 or 3: called when the one before is silent")] = 1
    timeout_s: Annotated[
        int, Meta(ge=1, le=120, description="how long the destination may take to accept")
    ] = 15
    form: Annotated[
        Literal["auto", "full", "short"],
        Meta(description="how long a message is; auto: short for SMS and push, full elsewhere"),
    ] = "auto"
    quiet_hours: tuple[str, ...] = ()
    budget_per_hour: Annotated[int, Meta(ge=0, le=10_000)] | None = None


class CustomerSettings(Struct, frozen=True, kw_only=True):
    """Messages to customers who subscribed to their own stations. Without an address there are none."""

    url: Annotated[
        Secret, Meta(description="Apprise address with {email} for the customer's: mailtos://…?to={email}")
    ] = Secret("")
    url_env: Annotated[str, Meta(description="name of the variable that holds that address")] = ""
    url_file: Annotated[Path | None, Meta(description="file that holds that address")] = None
    wait_s: Annotated[
        SecondsOrNone, Meta(description="seconds a fault must last before customers are told")
    ] = 300
    quiet_hours: Annotated[
        tuple[str, ...],
        Meta(description='hours in which customers hear nothing that can wait, as ["22:00-07:00"]'),
    ] = ()


class WatchdogSettings(Struct, frozen=True, kw_only=True):
    """The sign of life to a monitor outside, sent while all is well. `url` is the one that counts, wherever
    it came from."""

    url: Annotated[
        Secret, Meta(description="http(s) address called while all is well; its silence is the alarm")
    ] = Secret("")
    url_env: Annotated[str, Meta(description="name of the variable that holds that address")] = ""
    url_file: Annotated[Path | None, Meta(description="file that holds that address")] = None
    interval_s: Annotated[Seconds, Meta(description="seconds between two signs of life")] = 60


class Settings(Struct, frozen=True, kw_only=True):
    """All of it. `source` is the configuration file that was read, if any."""

    data_dir: Path = DEFAULT_DATA_DIR
    ocpp: OcppSettings = OcppSettings()
    http: HttpSettings = HttpSettings()
    dashboard: DashboardSettings = DashboardSettings()
    read_door: ReadDoorSettings = ReadDoorSettings()
    offline: OfflineSettings = OfflineSettings()
    hold: HoldSettings = HoldSettings()
    delivery: DeliverySettings = DeliverySettings()
    magic_links: MagicLinkSettings = MagicLinkSettings()
    registration: RegistrationSettings = RegistrationSettings()
    authorisation: AuthorisationSettings = AuthorisationSettings()
    privacy: PrivacySettings = PrivacySettings()
    rules: RulesSettings = RulesSettings()
    customers: CustomerSettings = CustomerSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    first_aid: FirstAidSettings = FirstAidSettings()
    log: LogSettings = LogSettings()
    destinations: tuple[DestinationSettings, ...] = ()
    source: Path | None = None

    @property
    def database(self) -> Path:
        return self.data_dir / "laadwacht.duckdb"

    @property
    def token_file(self) -> Path:
        """Secret shared with the pages and the command line; readable by this user only."""
        return self.data_dir / "read.token"

    @property
    def pseudonym_key_file(self) -> Path:
        return self.data_dir / "pseudonym.key"

    @property
    def link_key_file(self) -> Path:
        """The secret from which links in messages are made; readable by this user only."""
        return self.data_dir / "link.key"

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def http_url(self) -> str:
        return f"http://{reachable(self.http.host)}:{self.http.port}"

    @property
    def read_url(self) -> str:
        return f"quack:localhost:{self.read_door.port}"


def reachable(host: str) -> str:
    """The address by which this machine reaches a door bound to `host` (a wildcard is no address)."""
    if host in {"0.0.0.0", "::", ""}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


SECTIONS: dict[str, type[Struct]] = {
    "ocpp": OcppSettings,
    "http": HttpSettings,
    "dashboard": DashboardSettings,
    "read_door": ReadDoorSettings,
    "offline": OfflineSettings,
    "hold": HoldSettings,
    "delivery": DeliverySettings,
    "magic_links": MagicLinkSettings,
    "registration": RegistrationSettings,
    "authorisation": AuthorisationSettings,
    "privacy": PrivacySettings,
    "rules": RulesSettings,
    "customers": CustomerSettings,
    "watchdog": WatchdogSettings,
    "first_aid": FirstAidSettings,
    "log": LogSettings,
}
