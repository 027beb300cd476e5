"""Senders of events that people use, unmodified: what each sends is in the index once, whole and as it was meant."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from tests.clients.node import modules_with
from tests.clients.venv import ROOT, python_with
from tests.patience import PATIENCE

SCRIPTS = ROOT / "tests" / "clients" / "scripts"
PASSWORD = "correct horse"
TOKEN = "4cf0ac84-3bb2-4b17-a5b4-1d7d2e2e6f60"
ACKNOWLEDGING = "a9aa4f63-7a94-4c6c-8d1b-90d9f9bb1d2c"
INDEX = "sent"
SECONDS = 120
MESSAGES = ['first "quoted" message', "second Üü \\ message"]

pytestmark = [pytest.mark.slow, pytest.mark.client]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("splunkd"), password=PASSWORD) as running:
        admin = Client(running.daemon).basic("admin", PASSWORD)
        assert admin.post("data/indexes", name=INDEX).status == 201
        running.create_hec_token("senders", TOKEN)
        running.create_hec_token("acknowledging", ACKNOWLEDGING, useACK="1")
        yield running


def port_of(server: Server) -> str:
    return server.hec_url.rsplit(":", 1)[1]


def arrived(server: Server, search: str, count: int) -> list[dict[str, Any]]:
    """The events, oldest first; waits for senders that go on when they have ended."""
    admin = Client(server.daemon).basic("admin", PASSWORD)
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = admin.post(
            "search/jobs", search=f"search index={INDEX} {search} | sort 0 _time", exec_mode="oneshot", count=0
        )
        rows: list[dict[str, Any]] = answer.json()["results"]
        if len(rows) >= count or time.monotonic() > deadline:
            return rows
        time.sleep(0.1)


def text_of(raw: str) -> str:
    """The message, wherever a sender puts it: alone, or in an object under a name of its own."""
    while raw.startswith("{"):
        told = json.loads(raw)
        found = next(told[key] for key in ("message", "Message", "msg", "line") if key in told)
        raw = json.dumps(found) if isinstance(found, dict) else str(found)
    return raw


def run(command: list[str], folder: Path) -> None:
    # Named bundles of certificates would win over what the senders are told of them.
    environment = {k: v for k, v in os.environ.items() if not k.endswith("CA_BUNDLE")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]


@pytest.mark.parametrize(
    ("sender", "requirements"),
    [
        ("splunk_handler", ["splunk-handler==3.0.0"]),
        ("splunk_hec_handler", ["splunk-hec-handler==1.2.0"]),
        ("python_splunk_logging", ["python-splunk-logging==1.2.0"]),
        ("splunk_hec", ["Splunk-HEC==1.11", "urllib3<2"]),
        ("splunk_hec_ftf", ["splunk-hec-ftf==1.0.3", "requests==2.32.5"]),
        ("splunkhecwriter", ["splunkhecwriter==0.4"]),
        ("splunk_hec_logger", ["splunk-hec-logger==0.1.5", "requests==2.32.5"]),
    ],
)
def test_python_senders(server: Server, tmp_path: Path, sender: str, requirements: list[str]) -> None:
    token = ACKNOWLEDGING if sender in ("python_splunk_logging", "splunk_hec_ftf") else TOKEN
    run([str(python_with(requirements)), str(SCRIPTS / "senders.py"), sender, port_of(server), token, INDEX], tmp_path)
    rows = arrived(server, f"source={sender}", 2)
    assert sorted(text_of(row["_raw"]) for row in rows) == sorted(MESSAGES)


def test_a_python_sender_of_raw_text(server: Server, tmp_path: Path) -> None:
    python = python_with(["Splunk-HEC==1.11", "urllib3<2"])
    run([str(python), str(SCRIPTS / "senders.py"), "splunk_hec_raw", port_of(server), TOKEN, INDEX], tmp_path)
    rows = arrived(server, "sourcetype=splunk_hec_raw", 2)
    assert sorted(row["_raw"].strip() for row in rows) == [
        # It writes Latin-1, and what is no UTF-8 is told byte by byte.
        f"source=splunk_hec_raw {message}".encode("latin-1").decode("utf-8", "backslashreplace")
        for message in MESSAGES
    ]


def test_a_replayed_file(server: Server, tmp_path: Path) -> None:
    python = python_with(["requests==2.32.5"])
    run([str(python), str(SCRIPTS / "senders.py"), "replay", port_of(server), TOKEN, INDEX], tmp_path)
    rows = arrived(server, "source=replay sourcetype=replayed host=attack.example | fields number | sort 0 number", 200)
    assert len(rows) == 200 and {row["_time"][:17] for row in rows} == {"2026-11-20T10:00:"}


NODE = ("splunk-logging@0.11.1", "splunk-bunyan-logger@0.11.0", "bunyan@1.8.15", "winston@3.17.0",
        "winston-splunk-httplogger@3.1.8")  # fmt: skip


@pytest.mark.parametrize("sender", ["splunk-logging", "splunk-bunyan-logger", "winston-splunk-httplogger"])
def test_senders_in_javascript(server: Server, sender: str) -> None:
    folder = modules_with(NODE)
    run(["node", str(SCRIPTS / "senders.js"), str(folder), sender, port_of(server), TOKEN, INDEX], folder)
    rows = arrived(server, f"source={sender}", 2)
    assert sorted(text_of(row["_raw"]) for row in rows) == sorted(MESSAGES)
