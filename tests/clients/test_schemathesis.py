"""schemathesis, unmodified, against the OpenAPI description that the server publishes: no request makes it fail."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from caltrop.splunkd.server import Server
from tests.clients.venv import python_with

SCHEMATHESIS = "schemathesis==4.32.5"
PASSWORD = "correct horse"
SECONDS = 600

pytestmark = pytest.mark.slow


def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    python = python_with([SCHEMATHESIS])
    # 503 is what a standalone Splunk says of roles that it does not play.
    (tmp_path / "schemathesis.toml").write_text(
        '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", "503"]\n'
    )
    with Server(tmp_path / "splunkd", password=PASSWORD) as server:
        done = subprocess.run(
            [str(python.with_name("schemathesis")), "run", f"{server.url}/services/openapi", "--tls-verify=false", "--auth",
             f"admin:{PASSWORD}", "--checks", "not_a_server_error", "--max-examples", "2", "--phases", "fuzzing",
             "--exclude-path-regex", "server/control|httpauth"],
            capture_output=True, text=True, cwd=tmp_path, timeout=SECONDS, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert passed is not None and int(passed[1]) == int(passed[2]) > 500
