"""The command line as a person meets it: a process, its output, its exit code."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store import Store

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    *(
        "serve",
        "dashboard",
        "up",
        "demo",
        "import",
        "export",
        "triage",
        "score",
        "backtest",
        "explain-frame",
        "check",
        "stations",
        "user",
    ),
    *("simulate", "version", "command"),
)
FREE = ("--ocpp-port", "0", "--http-port", "0", "--set", "read_door.port=0")
HEADER = (
    "station,site,address,latitude,longitude,make,model,customer,installer,"
    "installed_on,warranty_until,rated_kw,connectors\n"
)


def laadwacht(
    *arguments: str, cwd: Path, text: str = "", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAADWACHT_")}
    return subprocess.run(
        [sys.executable, "-m", "collectors", *arguments],
        cwd=cwd,
        env={**env, **(environ or {}), "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"},
        input=text,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


def complaint_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error of a command that gave up."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("laadwacht: ")
    return line.removeprefix("laadwacht: ")


def test_help_names_every_command(tmp_path: Path) -> None:
    done = laadwacht("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", done.stdout)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(command: str, tmp_path: Path) -> None:
    done = laadwacht(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("serve", {"--data-dir", "--ocpp-port", "--http-port"}),
        ("dashboard", {"--data-dir", "--http-port", "--dashboard-port"}),
        ("up", {"--data-dir", "--ocpp-port", "--http-port", "--dashboard-port"}),
        ("demo", {"--data-dir", "--ocpp-port", "--http-port", "--dashboard-port"}),
        ("import", {"--data-dir", "--http-port"}),
        ("check", {"--data-dir"}),
    ],
)
def test_fixed_option_names_are_where_they_make_sense(
    command: str, options: set[str], tmp_path: Path
) -> None:
    assert options <= set(re.findall(r"--[a-z-]+", laadwacht(command, "--help", cwd=tmp_path).stdout))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sevre"], "No such command 'sevre'"),
        (["serve", "--prot", "1"], "No such option: --prot"),
        (["serve", "--ocpp-port", "many"], "Invalid value for '--ocpp-port'"),
        (["stations", "import"], "Missing argument 'FILE.csv'"),
        (["serve", "--set", "ocpp.port"], "is not section.name=value"),
        (["serve", "--set", "ocpp.prot=1"], "did you mean ocpp.port?"),
        (["user", "add", "a@example.org", "--role", "boss"], "'--role': 'boss' is not one of"),
        (["serve", "--ocpp-port", "70000"], "--ocpp-port: 70000 is not a whole number from 0 to 65535"),
        (["up", "--http-port", "9000"], "port 9000 is also ocpp.port"),
        (["user", "add", "a@example.org", "--role", "installer"], "--party"),
        (["simulate", "--url", "http://x"], "is no WebSocket address"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_clear_line_and_exit_code_two(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    assert expected in complaint_of(laadwacht(*arguments, cwd=tmp_path))


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text("[ocpp]\nprot = 1\n[http]\nport = -1\n")
    done = laadwacht("check", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"laadwacht: {tmp_path}/laadwacht.toml: ocpp.prot: unknown option; did you mean port?",
        f"laadwacht: {tmp_path}/laadwacht.toml: http.port: -1 is not a whole number from 0 to 65535; "
        "the default is 9100",
    ]


def test_check_is_content_with_a_sound_configuration(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text(
        '[destinations.helpdesk]\nparty = "operator"\nurl = "json://127.0.0.1:1/"\n'
    )
    done = laadwacht("check", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 destination(s) are sound" in done.stdout
    assert not (tmp_path / "laadwacht-data").exists()


def test_an_unknown_scheme_is_named_without_the_address(tmp_path: Path) -> None:
    (tmp_path / "laadwacht.toml").write_text(
        '[destinations.helpdesk]\nparty = "operator"\nurl = "maillto://user:geheim@example.org"\n'
    )
    line = complaint_of(laadwacht("check", cwd=tmp_path))
    assert "destination 'helpdesk'" in line
    assert "maillto" in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("faults: [\n", "own.yaml:2: "),
        ('faults:\n  - id: "x"\n    colour: red\n', "own.yaml:3: unknown key 'colour'"),
    ],
    ids=["no YAML", "unknown key"],
)
def test_check_names_file_and_line_of_a_bad_catalogue(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(text)
    assert expected in complaint_of(laadwacht("check", "--set", "rules.catalog_dir=rules", cwd=tmp_path))


@pytest.mark.parametrize("option", ["--ocpp-port", "--http-port"])
def test_a_port_in_use_is_named_with_the_option_that_changes_it(
    option: str, taken_port: int, tmp_path: Path
) -> None:
    line = complaint_of(laadwacht("serve", *FREE, option, str(taken_port), cwd=tmp_path))
    assert f"127.0.0.1:{taken_port} is in use by another program" in line
    assert option in line


def test_a_second_owner_of_one_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "laadwacht-data").mkdir()
    with Store.open(tmp_path / "laadwacht-data" / "laadwacht.duckdb"):
        line = complaint_of(laadwacht("serve", *FREE, cwd=tmp_path))
    assert "laadwacht.duckdb is in use by process" in line


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "laadwacht-data" / "laadwacht.duckdb"
    path.parent.mkdir()
    with Store.open(path) as store:
        store.transact(
            lambda cursor: cursor.execute(
                "INSERT INTO schema_version SELECT max(version) + 1, 'later', 'x', now() FROM schema_version"
            )
        )
    before = path.read_bytes()
    line = complaint_of(laadwacht("serve", *FREE, cwd=tmp_path))
    assert "newer" in line
    assert path.read_bytes() == before


def test_every_mistake_of_the_options_is_told_at_once(tmp_path: Path) -> None:
    done = laadwacht("check", "--set", "nothing", "--set", "ocpp.prot=1", cwd=tmp_path)
    assert done.returncode == 2
    malformed, unknown = done.stderr.splitlines()
    assert "--set nothing" in malformed
    assert "did you mean ocpp.port?" in unknown


def test_a_malformed_register_is_refused_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text(HEADER + "BE-1,,,51.0,3.7,,,,,,,22,2\nBE-2,,,north,3.7,,,,,,,22,2\n")
    line = complaint_of(laadwacht("stations", "import", str(file), cwd=tmp_path))
    assert "line 3" in line
    assert "latitude" in line


def test_the_register_is_taken_in_and_listed(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text(HEADER + "BE-1,Depot,,51.0,3.7,Alfen,Eve,,Elektro Claes,2024-01-02,,22,2\n")
    done = laadwacht("stations", "import", str(file), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 station(s) in the register: 1 new, 0 changed\n")
    assert "Elektro Claes" in laadwacht("stations", "list", cwd=tmp_path).stdout


def test_a_user_is_added_with_a_generated_password_shown_once(tmp_path: Path) -> None:
    done = laadwacht("user", "add", "an@example.org", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^password, shown once: \S{12,}$", done.stdout, re.MULTILINE)


def test_a_password_from_standard_input_is_not_repeated(tmp_path: Path) -> None:
    done = laadwacht(
        "user", "add", "an@example.org", "--password-stdin", cwd=tmp_path, text="paard-batterij-niet\n"
    )
    assert done.returncode == 0, done.stderr
    assert "paard" not in done.stdout + done.stderr


def test_a_user_that_exists_already_is_refused(tmp_path: Path) -> None:
    laadwacht("user", "add", "an@example.org", cwd=tmp_path)
    assert "an@example.org" in complaint_of(laadwacht("user", "add", "an@example.org", cwd=tmp_path))


def test_a_user_gets_a_new_password_and_is_shut_out(tmp_path: Path) -> None:
    laadwacht("user", "add", "an@example.org", cwd=tmp_path)
    done = laadwacht("user", "password", "an@example.org", cwd=tmp_path)
    assert re.search(r"^password, shown once: \S{12,}$", done.stdout, re.MULTILINE), done.stderr
    done = laadwacht("user", "disable", "an@example.org", cwd=tmp_path)
    assert done.stdout == "an@example.org may no longer sign in, and is signed out\n"
    assert "no user bo@" in complaint_of(laadwacht("user", "disable", "bo@example.org", cwd=tmp_path))


def test_the_data_directory_is_private(tmp_path: Path) -> None:
    laadwacht("user", "add", "an@example.org", "--data-dir", "store", cwd=tmp_path)
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


LOG = """\
{"t":"2026-11-01T10:00:00Z","station":"BE-1","event":"connected","version":"1.6"}
{"t":"2026-11-01T10:00:01Z","station":"BE-1","dir":"in","raw":[2,"1","Heartbeat",{}]}
{"t":"2026-11-01T10:00:02Z","station":"BE-1","dir":"in","raw":
{"t":"2026-11-01T10:00:03Z","station":"BE-1","dir":"in","raw":"[2,no json"}
"""


def test_a_log_is_imported_once_and_its_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_text(LOG)
    first = laadwacht("import", "day.jsonl", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("3 records read, 3 stored, 0 there already, 1 bad line(s) skipped\n")
    assert first.stderr.startswith("laadwacht: day.jsonl: line 3: ")
    again = laadwacht("import", "-", cwd=tmp_path, text=LOG)
    assert again.stdout.startswith("3 records read, 0 stored, 3 there already, 1 bad line(s) skipped\n")
    assert again.stderr.startswith("laadwacht: standard input: line 3: ")


def test_a_log_that_is_not_there_stops_the_import_before_it_begins(tmp_path: Path) -> None:
    line = complaint_of(laadwacht("import", "gone.jsonl", cwd=tmp_path))
    assert line == "gone.jsonl: cannot be read: No such file or directory"
    assert not (tmp_path / "laadwacht-data").exists()


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("ocpp.prt=1", "did you mean ocpp.port?"),
        ("delivry.group_wait_s=1", "did you mean delivery.group_wait_s?"),
        ("destinations.helpdesk.url=x", "write [destinations.<name>] in the file"),
        ("nope.x=1", "the sections are authorisation, customers, "),
    ],
)
def test_an_option_that_is_none_is_answered_with_a_short_remedy(
    given: str, remedy: str, tmp_path: Path
) -> None:
    said = complaint_of(laadwacht("check", "--set", given, cwd=tmp_path))
    assert remedy in said
    assert len(said) < 400
