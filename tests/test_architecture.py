"""The house keeps its shape: format, lint, types, import walls, sizes, and documents that do not lie.

These run the real tools on the whole tree, so that the one test command of the README is the whole check.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("collectors", "rules", "data", "pages")
LONGEST, USUAL = 400, 200
TOOLS = Path(sys.executable).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Spelled apart, so that this file does not hold what it forbids.
LEFT_OPEN = ("TO" + "DO", "FIX" + "ME", "XX" + "X")


def modules(*tops: str) -> list[Path]:
    found = [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]
    return [path for path in found if "__pycache__" not in path.parts]


def outcome(command: Sequence[str]) -> str:
    """What a tool complains of; empty when it is content."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_every_file_is_formatted() -> None:
    assert outcome([str(TOOLS / "ruff"), "format", "--check", "."]) == ""


@pytest.mark.timeout(300)
def test_no_lint_is_left() -> None:
    assert outcome([str(TOOLS / "ruff"), "check", "."]) == ""


@pytest.mark.timeout(900)
def test_types_hold_strictly() -> None:
    assert outcome([sys.executable, "-m", "mypy"]) == ""


@pytest.mark.timeout(300)
def test_imports_go_only_where_the_house_allows() -> None:
    assert outcome([str(TOOLS / "lint-imports")]) == ""


def test_the_dashboard_door_imports_pages_and_its_web_frameworks_only() -> None:
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert roots <= {"pages", "starlette", "streamlit"}


def test_no_module_is_too_long_and_most_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(*ROOMS, "tests")}
    too_long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LONGEST}
    assert too_long == {}
    product = [n for path, n in lengths.items() if "tests" not in path.parts and n > 0]
    assert statistics.median(product) <= USUAL


@pytest.mark.parametrize("path", [ROOT / "app.py", *modules(*ROOMS)], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_decides(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if not source.strip():
        assert path.name == "__init__.py"
        return
    assert ast.get_docstring(ast.parse(source)), f"{path} has no module docstring"


def test_nothing_is_left_open_in_the_code() -> None:
    pattern = re.compile(rf"\b({'|'.join(LEFT_OPEN)})\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [ROOT / "app.py", *modules(*ROOMS, "tests")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_test_is_switched_off() -> None:
    pattern = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
    here = Path(__file__)
    found = [
        path.name for path in modules("tests") if path != here and pattern.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_test_names_are_sentences() -> None:
    short = [
        f"{path.name}: {node.name}"
        for path in modules("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and node.name.count("_") < 3
    ]
    assert short == []


def test_constraints_give_one_exact_version_of_everything_and_no_place_to_get_it() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in entries if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in entries}
    assert len(pinned) == len(entries)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    named = {re.sub(r"[-_.]+", "-", re.split(r"[\s=;<>\[]", text)[0]).lower() for text in wanted}
    assert named - pinned == set()


def command_ending_in(ending: str) -> str:
    lines = [
        line for line in README.splitlines() if line.startswith("python3 -m venv") and line.endswith(ending)
    ]
    assert len(lines) == 1, f"README needs exactly one command line that ends in {ending!r}"
    return lines[0]


def test_the_readme_has_the_two_commands_and_ci_runs_its_test_command() -> None:
    for ending in ("laadwacht demo", "-m pytest"):
        command = command_ending_in(ending)
        assert "-c constraints.txt" in command
        assert outcome(["bash", "-n", "-c", command]) == ""
    ci = ROOT / ".ci" / "run"
    assert ci.stat().st_mode & 0o100
    assert outcome(["bash", "-n", str(ci)]) == ""
    pattern = re.search(r"grep -m1 -E '([^']+)' README.md", ci.read_text(encoding="utf-8"))
    assert pattern is not None
    assert re.findall(pattern.group(1), README, re.MULTILINE) == [command_ending_in("-m pytest")]


def test_every_file_the_readme_points_at_exists() -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
