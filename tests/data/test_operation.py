"""The files for those who run it: Prometheus accepts the rules, and each metric in them is served."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from data.metrics import Metrics

OPERATION = Path(__file__).resolve().parents[2] / "data" / "operation"
RULES = OPERATION / "prometheus_rules.yaml"


def test_promtool_accepts_the_alert_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_metric_of_the_alert_rules_is_served() -> None:
    served = Metrics("0.1.0", duckdb_version="1.5.5").render().decode()
    known = set(re.findall(r"^# TYPE (\w+)", served, re.MULTILINE))
    named = set(re.findall(r"laadwacht_\w+", RULES.read_text(encoding="utf-8")))
    assert named
    assert named <= known


def test_the_unit_runs_the_command_as_no_privileged_user() -> None:
    unit = (OPERATION / "laadwacht.service").read_text(encoding="utf-8")
    assert re.search(
        r"^ExecStart=\S+/laadwacht up --config \S+ --data-dir /var/lib/laadwacht$", unit, re.MULTILINE
    )
    assert "\nExecReload=/bin/kill -HUP $MAINPID\n" in unit
    assert "DynamicUser=yes" in unit
