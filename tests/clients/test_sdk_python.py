"""splunk-sdk for Python, unmodified, old and new: its public API an area at a time (tests/clients/scripts/sdk_areas.py).

Its packages hold no tests; docs/rest.md has what its own suite gives.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from caltrop.splunkd.server import Server
from tests.clients.venv import ROOT, python_with

SCRIPT = ROOT / "tests" / "clients" / "scripts" / "sdk_areas.py"
PASSWORD = "correct horse"
TOKEN = "6a1c52f6-8cbd-4f6e-9d2e-0a4a5b2fd3a1"
SECONDS = 300

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("version", "release", "lacks"),
    [
        ("2.1.1", "", []),
        pytest.param("1.7.4", "", ["macros"], marks=pytest.mark.client),
        pytest.param("3.0.1", "3.13", [], marks=pytest.mark.client),
    ],
)
def test_every_area(tmp_path: Path, version: str, release: str, lacks: list[str]) -> None:
    python = python_with([f"splunk-sdk=={version}"], release)
    with Server(tmp_path / "splunkd", password=PASSWORD) as server:
        server.create_hec_token("sdk", TOKEN)
        hec_port = server.hec_url.rsplit(":", 1)[1]
        command = [str(python), str(SCRIPT), str(server.port), hec_port, PASSWORD, TOKEN]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout)
    assert {area: wrong for area, wrong in found.items() if wrong} == {}
    assert [area for area, wrong in found.items() if wrong is None] == lacks
    assert len(found) == 17
