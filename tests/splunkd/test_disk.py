"""A disk without room, files that cannot be written, a clock that jumps: said, and nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from caltrop.cli.serve import command as serve
from caltrop.errors import CaltropError
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from tests.patience import PATIENCE

from .conftest import Raw

TOKEN = "55555555-0000-0000-0000-000000000000"
# A tmpfs needs root; a limit on the size of files refuses writes in the middle of a record just as a full disk does.
FULL = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000));"
    "from caltrop.cli import main; sys.exit(main(sys.argv[1:]))"
)


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path, root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FULL, "serve", "--port", "0", "--hec-port", "0", "--web-port", "-1", "--no-addons", "--password",
         "pw", "--hec-token", TOKEN, "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE, text=True, cwd=root,
    )  # fmt: skip
    acknowledged: list[str] = []
    refused = 0
    try:
        assert process.stdout is not None
        port = next(int(line.rsplit(":", 1)[1]) for line in process.stdout if line.startswith("hec"))
        assert any(line == "ready\n" for line in process.stdout)
        collector = Raw(port, {"Authorization": f"Splunk {TOKEN}"})
        for number in range(200):
            text = f"n={number} {'x' * 9_000}"
            answer = collector("POST", "/services/collector/event", json.dumps({"event": text, "sourcetype": "full"}))
            if answer.status == 200:
                acknowledged.append(str(number))
            else:
                refused += 1
                assert answer.status in {500, 503}
            if refused > 3:
                break
    finally:
        process.kill()
        process.wait(PATIENCE)
    assert acknowledged and refused
    with Server(tmp_path, password="pw", addons=()) as server:
        client = Client(server.daemon).basic("admin", "pw")
        search = 'search sourcetype=full | rex "n=(?<n>\\d+)" | stats count by n'
        rows = client.post("search/jobs", search=search, exec_mode="oneshot", count=0).json()["results"]
    assert {row["n"] for row in rows} >= set(acknowledged)
    assert {row["count"] for row in rows} == {"1"}


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_directory_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("")
    where = file if place == "a file" else file / "below"
    done = CliRunner().invoke(
        serve, ["--port", "0", "--hec-port", "0", "--web-port", "-1", "--data-dir", str(where), "--password", "pw"]
    )
    assert done.exit_code != 0
    if isinstance(done.exception, CaltropError):
        assert "cannot serve from" in str(done.exception)
    else:
        assert "is a file" in done.output


def test_a_clock_that_jumps_takes_no_events_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    daemon = Daemon(tmp_path, password="pw", addons=(), clock=lambda: now)
    try:
        admin = Client(daemon).basic("admin", "pw")
        admin.request("POST", "receivers/simple", {"sourcetype": "s"}, b"an event")
        for jump in (50 * 366 * 86_400, -50 * 366 * 86_400):
            now += jump
            daemon._retain()
            assert daemon.state.store.info("main").count == 1
            assert any("jumped" in name["content"]["message"] for name in admin.get("messages").entries)
        now += 50 * 366 * 86_400
        daemon._retain()
        monkeypatch.setattr(daemon, "_trusted", 0.0)  # an hour later
        daemon._retain()
        assert daemon.state.store.info("main").count == 0
    finally:
        daemon.stop()
