"""splunk-sdk for JavaScript: its own suite, which its package holds, unmodified, under the test runner that it names."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from caltrop.splunkd.state.settings import Settings
from tests.clients.node import modules_with

PACKAGES = ("splunk-sdk@2.0.2", "mocha@7.2.0", "chai@4.3.6")
PASSWORD = "changed!"
SECONDS = 400
# Tests of the HTTP class alone: they ask a public web site, and never the server.
OUTSIDE = ("HTTP GET Tests", "HTTP POST Tests", "HTTP DELETE Tests")

pytestmark = [pytest.mark.slow, pytest.mark.client]


def test_its_own_suite(tmp_path: Path) -> None:
    folder = modules_with(PACKAGES)
    with Server(tmp_path / "splunkd", password=PASSWORD, settings=Settings(file_inputs=True, scripts=True)) as server:
        prepare(server)
        rc = {"scheme": "https", "host": "127.0.0.1", "port": str(server.port), "username": "admin",
              "password": PASSWORD, "version": "10.0"}  # fmt: skip
        (tmp_path / ".splunkrc").write_text("".join(f"{k}={v}\n" for k, v in rc.items()))
        command = [
            "node", "node_modules/mocha/bin/_mocha", "node_modules/splunk-sdk/tests/tests.js", "-t", "50000", "--allow-uncaught",
            "--exit", "--reporter", "json", "--quiet",
        ]  # fmt: skip
        environment = os.environ | {"HOME": str(tmp_path), "SPLUNK_HOME": str(tmp_path)}
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    start = run.stdout.find('{\n  "stats"')
    assert start >= 0, run.stdout[-2000:] + run.stderr[-2000:]
    told = json.loads(run.stdout[start:])
    ours = [t for t in told["tests"] if not any(kind in t["fullTitle"] for kind in OUTSIDE)]
    failed = {t["title"].rpartition(" - ")[2]: t["err"].get("message", "") for t in ours if t["err"]}
    assert failed == {}
    assert len(ours) >= 270


def prepare(server: Server) -> None:
    """What the suite finds on the instance that it is meant for: its app, and jobs of others.

    It gives a wrong password more often than an account survives by default, so accounts are not locked here.
    """
    admin = Client(server.daemon).basic("admin", PASSWORD)
    assert admin.post("apps/local", name="sdkappcollection").status == 201
    assert admin.post("search/jobs", search="| makeresults").status == 201
    assert admin.post("properties/authentication/splunk_auth", lockoutUsers="0").status == 200
