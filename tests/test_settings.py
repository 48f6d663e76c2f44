"""Settings: which source wins, and that every mistake is named with its place and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.settings.load import load_settings
from collectors.settings.options import Secret, Settings, SettingsError
from collectors.settings.sources import env_name, option_paths
from tests.readme_table import settings_table

CASES = sorted((Path(__file__).parent / "cases" / "bad_config").glob("*.toml"))
ENOUGH_CASES = 25
HELPDESK = '[destinations.helpdesk]\nparty = "operator"\n'


def mistakes_of(arguments: dict[str, object], environ: dict[str, str], cwd: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(arguments, environ, cwd)
    return caught.value.mistakes


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_each_bad_file_gives_exactly_its_one_mistake(case: Path, tmp_path: Path) -> None:
    first = case.read_text(encoding="utf-8").splitlines()[0]
    expected = first.removeprefix("# expect: ").replace("{folder}", str(case.parent))
    assert mistakes_of({"config": str(case)}, {}, tmp_path) == [f"{case}: {expected}"]


def test_the_folder_of_bad_files_is_really_read() -> None:
    assert len(CASES) >= ENOUGH_CASES


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings({}, {}, tmp_path)
    assert (settings.ocpp.port, settings.http.port, settings.dashboard.port) == (9000, 9100, 8501)
    assert settings.data_dir == tmp_path / "laadwacht-data"
    assert settings.source is None


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text("[ocpp]\nport = 1001\nhost = '::1'\nping_interval_s = 7\n")
    environ = {"LAADWACHT_OCPP_PORT": "1002", "LAADWACHT_OCPP_HOST": "0.0.0.0"}
    settings = load_settings({"ocpp.port": 1003, "http.port": None}, environ, tmp_path)
    assert settings.ocpp.port == 1003
    assert settings.ocpp.host == "0.0.0.0"
    assert settings.ocpp.ping_interval_s == 7
    assert settings.http.port == 9100


@pytest.mark.parametrize("path", sorted(option_paths()), ids=".".join)
def test_every_option_can_be_set_by_its_variable(path: tuple[str, ...], tmp_path: Path) -> None:
    odd = {
        "allow_unauthenticated": ("true", True),
        "authentication": ("basic", "basic"),
        "blocked": ("04AA, 04BB", ("04AA", "04BB")),
        "catalog_dir": ("extra", tmp_path / "extra"),
        "policies": ("aid.yaml", tmp_path / "aid.yaml"),
        "local_list": ("cards.json", tmp_path / "cards.json"),
        "station_per_day": ("5", 5),
        "quiet_hours": ("22:00-07:00", ("22:00-07:00",)),
        "service_hours": ("Mo-Fr 08:00-18:00", "Mo-Fr 08:00-18:00"),
        "idle_hours": ("Mo-Fr 08:00-18:00", "Mo-Fr 08:00-18:00"),
        "routing_file": ("routing.yaml", tmp_path / "routing.yaml"),
        "data_dir": ("elsewhere", tmp_path / "elsewhere"),
        "host": ("10.0.0.1", "10.0.0.1"),
        "level": ("debug", "debug"),
        "max_frame_bytes": ("4096", 4096),
        "min_confidence": ("0.25", 0.25),
        "pseudonymise": ("false", False),
        "tap": ("wss://x/{station}", "wss://x/{station}"),
        "tap_stations": ("A=wss://x, B=", ("A=wss://x", "B=")),
        "tls_certificate": ("chain.pem", tmp_path / "chain.pem"),
        "tls_client_ca": ("ca.pem", tmp_path / "ca.pem"),
        "tls_key": ("key.pem", tmp_path / "key.pem"),
        "unknown": ("reject", "reject"),
        "url": ("https://wacht.example.org/", "https://wacht.example.org/"),
        "url_env": ("WACHT", "WACHT"),
        "url_file": (__file__, Path(__file__)),
        "min_s": ("444", 444),
        "default_heartbeat_s": ("77", 77),
    }
    text, expected = odd.get(path[-1], ("33", 33))
    settings: object = load_settings({}, {env_name(path): text, "WACHT": "https://x"}, tmp_path)
    for part in path:
        settings = getattr(settings, part)
    assert (settings.reveal() if isinstance(settings, Secret) else settings) == expected


def test_a_variable_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    assert load_settings({}, {"LAADWACHT_OCPP_PORT": " "}, tmp_path).ocpp.port == 9000


def test_an_unknown_variable_is_a_mistake_with_the_nearest_name(tmp_path: Path) -> None:
    assert mistakes_of({}, {"LAADWACHT_OCPP_PROT": "1"}, tmp_path) == [
        "environment: LAADWACHT_OCPP_PROT: unknown variable; did you mean LAADWACHT_OCPP_PORT?"
    ]


def test_a_bad_variable_is_named_as_the_variable(tmp_path: Path) -> None:
    assert mistakes_of({}, {"LAADWACHT_PRIVACY_PSEUDONYMISE": "perhaps"}, tmp_path) == [
        'environment: LAADWACHT_PRIVACY_PSEUDONYMISE: "perhaps" is not true or false; the default is true'
    ]


def test_mistakes_of_all_sources_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text("[ocpp]\nprot = 1\n[http]\nport = -1\n")
    found = mistakes_of({"dashboard.port": 9000}, {"LAADWACHT_OFFLINE_FACTOR": "x"}, tmp_path)
    assert [line.split(": ")[1] for line in found] == [
        "ocpp.prot",
        "http.port",
        "LAADWACHT_OFFLINE_FACTOR",
        "--dashboard-port",
    ]


def test_a_data_directory_that_was_named_brings_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text("[ocpp]\nport = 1001\n")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "laadwacht.toml").write_text("[ocpp]\nport = 1002\n")
    assert load_settings({}, {}, tmp_path).ocpp.port == 1001
    assert load_settings({"data_dir": "store"}, {}, tmp_path).ocpp.port == 1002


def test_a_configuration_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes_of({"config": "gone.toml"}, {}, tmp_path) == [
        f"command line: --config: there is no file {tmp_path}/gone.toml; "
        "name an existing TOML file or leave it out"
    ]
    assert mistakes_of({}, {"LAADWACHT_CONFIG": "gone.toml"}, tmp_path)[0].startswith(
        "environment: LAADWACHT_CONFIG: there is no file"
    )


def test_an_address_comes_from_a_variable_or_a_file_and_never_shows(tmp_path: Path) -> None:
    (tmp_path / "address").write_text("json://127.0.0.1:1/geheim\n")
    config = tmp_path / "laadwacht.toml"
    config.write_text(HELPDESK + 'url_file = "address"\n')
    by_file = load_settings({}, {}, tmp_path)
    config.write_text(HELPDESK + 'url_env = "HELPDESK"\n')
    by_env = load_settings({}, {"HELPDESK": "json://127.0.0.1:1/geheim"}, tmp_path)
    for settings in (by_file, by_env):
        assert settings.destinations[0].url.reveal() == "json://127.0.0.1:1/geheim"
        assert "geheim" not in repr(settings)


def test_a_variable_replaces_the_address_that_the_file_gives(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text(HELPDESK.replace("helpdesk", "help-desk") + 'url_env = "GONE"\n')
    settings = load_settings({}, {"LAADWACHT_DESTINATIONS_HELP_DESK_URL": "json://x"}, tmp_path)
    assert [(one.name, one.url) for one in settings.destinations] == [("help-desk", Secret("json://x"))]


def test_the_address_of_the_watchdog_comes_from_three_places_and_never_shows(tmp_path: Path) -> None:
    (tmp_path / "address").write_text("https://hc.example/geheim\n")
    config = tmp_path / "laadwacht.toml"
    for text in ('url = "https://hc.example/geheim"', 'url_env = "HC"', 'url_file = "address"'):
        config.write_text(f"[watchdog]\n{text}\n")
        settings = load_settings({}, {"HC": "https://hc.example/geheim"}, tmp_path)
        assert settings.watchdog.url.reveal() == "https://hc.example/geheim"
        assert "geheim" not in repr(settings)
    config.write_text('[watchdog]\nurl = "https://hc.example/geheim"\nurl_env = "HC"\n')
    assert mistakes_of({}, {"HC": "x"}, tmp_path) == [
        f"{config}: watchdog: has its address twice, by url and url_env; keep one of them"
    ]
    outdone = load_settings({}, {"LAADWACHT_WATCHDOG_URL": "https://hc.example/ander"}, tmp_path)
    assert outdone.watchdog.url.reveal() == "https://hc.example/ander"


def test_a_destination_can_live_in_the_environment_alone(tmp_path: Path) -> None:
    environ = {
        "LAADWACHT_DESTINATIONS_NIGHT_URL": "json://x",
        "LAADWACHT_DESTINATIONS_NIGHT_PARTY": "installer:Elektro Peeters",
        "LAADWACHT_DESTINATIONS_NIGHT_LANGUAGE": "fr",
    }
    (night,) = load_settings({}, environ, tmp_path).destinations
    assert (night.name, night.party, night.language) == ("night", "installer:Elektro Peeters", "fr")


def test_no_mistake_ever_repeats_an_address(tmp_path: Path) -> None:
    secret = "mailto://user:geheim@example.org"
    for key in ("url_env", "url_file"):
        (tmp_path / "laadwacht.toml").write_text(HELPDESK + f'{key} = "{secret}"\n')
        assert "geheim" not in "".join(mistakes_of({}, {}, tmp_path))


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        Settings().ocpp.port = 1  # type: ignore[misc]


def test_the_readme_lists_every_option_with_its_variable_and_default() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert settings_table() in readme
