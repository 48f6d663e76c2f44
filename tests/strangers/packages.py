"""The npm packages that play charge points, installed once beside the virtual environment.

Exact versions and their checksums are in package-lock.json; where to get them is npm's own configuration.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / ".venv" / "strangers"


def installed() -> Path:
    """The folder `node_modules`. Fails with one sentence where that cannot be had."""
    lock = HERE / "package-lock.json"
    stamp = PLACE / "installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    modules = PLACE / "node_modules"
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return modules
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise AssertionError(
            "tests with other people's charge points need Node.js 18 or later and npm: install both"
            " (Debian: apt-get install nodejs npm)"
        )
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, PLACE / name)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=PLACE,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "npm_config_update_notifier": "false"},
    )
    if done.returncode:
        raise AssertionError(
            "npm ci could not install the charge points of tests/strangers/package-lock.json;"
            f" it needs npm's registry:\n{done.stderr[-2000:]}"
        )
    stamp.write_text(wanted, encoding="ascii")
    return modules
