"""What a real Splunk answered, asked of a server of ours by the checker that came with the answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from caltrop.splunkd.server import Server
from tests.patience import PATIENCE

DIFFERS = {"spl-seed-raw-row-lean"}  # docs/rest.md says why


@pytest.mark.slow
@pytest.mark.shared
def test_the_measured_facts_hold(tmp_path: Path, shared: Path) -> None:
    with Server(tmp_path, password="Changed-123") as server:
        done = subprocess.run(
            [sys.executable, str(shared / "measured" / "check.py"), "--mgmt", server.url, "--hec", server.hec_url,
             "--password", "Changed-123"],
            capture_output=True, text=True, timeout=10 * PATIENCE, check=False,
        )  # fmt: skip
    *failed, total = done.stdout.splitlines()
    assert {line.split()[1] for line in failed} == DIFFERS, done.stdout + done.stderr
    assert int(total.split()[0]) > 400
