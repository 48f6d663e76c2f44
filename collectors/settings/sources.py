"""Gathers raw option values from the command line, the environment and one TOML file.

Decides which source wins (command line, then environment, then file) and which names exist; a name nobody
knows is a mistake, with the nearest known one suggested. Never judges a value: `settings_load` does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from collectors.settings.options import CONFIG_NAME, DEFAULT_DATA_DIR, SECTIONS

ENV_PREFIX = "LAADWACHT_"
# Told to the dashboard process by `laadwacht dashboard`; not options, so never mistakes.
RESERVED_ENV = frozenset(
    {
        "LAADWACHT_CONFIG",
        "LAADWACHT_READ_URL",
        "LAADWACHT_READ_TOKEN_FILE",
        "LAADWACHT_HTTP_URL",
        "LAADWACHT_CUSTOMER_MESSAGES",
    }
)
DESTINATION_KEYS = (
    *("party", "url", "url_env", "url_file", "language", "timeout_s", "form", "contact"),
    *("quiet_hours", "budget_per_hour"),
)
Path2 = tuple[str, ...]


class Raw(Struct, frozen=True):
    """A value as found. `is_text`: from a source that knows text only. `base`: relative paths start here."""

    value: Any
    where: str
    key: str
    is_text: bool
    base: Path

    def mistake(self, problem: str, remedy: str) -> str:
        return f"{self.where}: {self.key}: {problem}; {remedy}"


class Gathered(Struct):
    values: dict[Path2, Raw]
    mistakes: list[str]
    source: Path | None = None


def option_paths() -> dict[Path2, type[Any] | None]:
    """Every option but the destinations: (`data_dir`,) and (section, field)."""
    paths: dict[Path2, type[Any] | None] = {("data_dir",): Path}
    for section, struct in SECTIONS.items():
        for field in structs.fields(struct):
            paths[(section, field.name)] = field.type
    return paths


def env_name(path: Path2) -> str:
    return ENV_PREFIX + "_".join(re.sub(r"[^0-9A-Za-z]", "_", part).upper() for part in path)


def gather(arguments: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Gathered:
    """`arguments` maps dotted option names (`ocpp.port`, `config`) to values; None is not given."""
    given = {key: value for key, value in arguments.items() if value is not None}
    found = Gathered({}, [])
    config = _config_file(given, environ, cwd, found)
    if config is not None:
        _read_file(config, found)
    _read_environment(environ, cwd, found)
    known = option_paths()
    for dotted, value in given.items():
        if dotted == "config":
            continue
        path = tuple(dotted.split("."))
        spelled = isinstance(value, str)  # by --set; options of their own come typed
        flag = f"--set {dotted}" if spelled else "--" + "-".join(path).replace("_", "-")
        raw = Raw(value, "command line", flag, spelled, cwd)
        if path in known:
            found.values[path] = raw
        else:
            found.mistakes.append(raw.mistake("unknown option", _meant(path, known)))
    return found


def _config_file(
    given: Mapping[str, object], environ: Mapping[str, str], cwd: Path, found: Gathered
) -> Path | None:
    """The one file to read. A data directory that was named brings its own file; else ./laadwacht.toml."""
    named = given.get("config") or environ.get("LAADWACHT_CONFIG")
    if named:
        path = cwd / str(named)
        if path.is_file():
            return path
        place = "command line: --config" if given.get("config") else "environment: LAADWACHT_CONFIG"
        found.mistakes.append(f"{place}: there is no file {path}; name an existing TOML file or leave it out")
        return None
    data_dir = given.get("data_dir") or environ.get("LAADWACHT_DATA_DIR")
    beside = cwd / str(data_dir or DEFAULT_DATA_DIR) / CONFIG_NAME
    here = cwd / CONFIG_NAME
    for candidate in (beside, here) if data_dir else (here, beside):
        if candidate.is_file():
            return candidate
    return None


def _read_file(path: Path, found: Gathered) -> None:
    found.source = path
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        found.mistakes.append(f"{path}: cannot be read: {error.strerror}; check its owner and permissions")
        return
    except UnicodeDecodeError as error:
        found.mistakes.append(f"{path}: is not UTF-8 text at byte {error.start}; save it as UTF-8")
        return
    except tomllib.TOMLDecodeError as error:
        found.mistakes.append(f"{path}: is not valid TOML: {error}; correct that line")
        return
    known = option_paths()
    for key, value in document.items():
        if key == "destinations":
            _read_destinations(path, value, found)
        elif key in SECTIONS:
            if not isinstance(value, dict):
                found.mistakes.append(f"{path}: {key}: must be a section; write [{key}] on a line of its own")
                continue
            fields = [option[1] for option in known if option[0] == key and len(option) == 2]
            for name, inner in value.items():
                if name in fields:
                    found.values[(key, name)] = Raw(inner, str(path), f"{key}.{name}", False, path.parent)
                else:
                    found.mistakes.append(f"{path}: {key}.{name}: unknown option; {_nearest(name, fields)}")
        elif key == "data_dir":
            found.values[(key,)] = Raw(value, str(path), key, False, path.parent)
        else:
            names = ["data_dir", "destinations", *SECTIONS]
            found.mistakes.append(f"{path}: {key}: unknown section or option; {_nearest(key, names)}")


def _read_destinations(path: Path, value: Any, found: Gathered) -> None:
    if not isinstance(value, dict) or not all(isinstance(inner, dict) for inner in value.values()):
        found.mistakes.append(f"{path}: destinations: must be sections; write [destinations.helpdesk]")
        return
    for name, body in value.items():
        found.values[("destinations", name)] = Raw(
            name, str(path), f"destinations.{name}", False, path.parent
        )
        for key, inner in body.items():
            dotted = f"destinations.{name}.{key}"
            if key in DESTINATION_KEYS:
                found.values[("destinations", name, key)] = Raw(inner, str(path), dotted, False, path.parent)
            else:
                found.mistakes.append(f"{path}: {dotted}: unknown option; {_nearest(key, DESTINATION_KEYS)}")


def _read_environment(environ: Mapping[str, str], cwd: Path, found: Gathered) -> None:
    known = {env_name(path): path for path in option_paths()}
    names = {env_name((path[1],)): path[1] for path in found.values if path[0] == "destinations"}
    # Addresses may live under any name, ours included, when the file points there with url_env.
    pointed = {raw.value for path, raw in found.values.items() if path[-1] == "url_env"}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(ENV_PREFIX) or variable in RESERVED_ENV or variable in pointed:
            continue
        if not text.strip():  # container files set a variable to nothing to mean "not set"
            continue
        raw = Raw(text, "environment", variable, True, cwd)
        if variable in known:
            found.values[known[variable]] = raw
            continue
        path = _destination_of(variable, names)
        if path is None:
            found.mistakes.append(raw.mistake("unknown variable", _nearest(variable, list(known))))
            continue
        found.values.setdefault(path[:2], raw)
        found.values[path] = raw
        if path[2].startswith("url"):
            for other in ("url", "url_env", "url_file"):
                outdone = found.values.get((*path[:2], other))
                if outdone is not None and outdone.where != "environment":
                    del found.values[(*path[:2], other)]


def _destination_of(variable: str, names: Mapping[str, str]) -> Path2 | None:
    rest = variable.removeprefix(ENV_PREFIX + "DESTINATIONS_")
    if rest == variable:
        return None
    for key in sorted(DESTINATION_KEYS, key=len, reverse=True):
        stem = rest.removesuffix("_" + key.upper())
        if stem not in {rest, ""}:
            return ("destinations", names.get(ENV_PREFIX + stem, stem.lower()), key)
    return None


def _meant(path: tuple[str, ...], known: Iterable[tuple[str, ...]]) -> str:
    """What `--set` may have meant: the options of all sections are too many to list."""
    if path[0] == "destinations":
        return (
            "destinations are not set by --set: write [destinations.<name>] in the file, or "
            "LAADWACHT_DESTINATIONS_<NAME>_URL and _PARTY in the environment"
        )
    names = [".".join(option) for option in known]
    beside = [name for name in names if name.startswith(f"{path[0]}.")]
    if beside or get_close_matches(".".join(path), names, n=1, cutoff=0.6):
        return _nearest(".".join(path), beside or names)
    return f"the sections are {', '.join(sorted({name.partition('.')[0] for name in names if '.' in name}))}"


def _nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known))}"
