"""solnlib, unmodified: every area of it that speaks to a server (tests/clients/scripts/solnlib_areas.py, run in its environment)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from tests.clients.venv import ROOT, python_with

SCRIPT = ROOT / "tests" / "clients" / "scripts" / "solnlib_areas.py"
PASSWORD = "correct horse"
SECONDS = 300

pytestmark = [pytest.mark.slow, pytest.mark.client]


@pytest.mark.parametrize("version", ["6.2.1", "8.2.0"])
def test_every_area(tmp_path: Path, version: str) -> None:
    python = python_with([f"solnlib=={version}", "requests==2.32.5"])
    with Server(tmp_path / "splunkd", password=PASSWORD) as server:
        login = Client(server.daemon).post("auth/login", username="admin", password=PASSWORD, output_mode="json")
        hec_port = server.hec_url.rsplit(":", 1)[1]
        command = [str(python), str(SCRIPT), str(server.port), hec_port, login.json()["sessionKey"]]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout)
    assert {area: wrong for area, wrong in found.items() if wrong} == {}
    assert len(found) == 15
