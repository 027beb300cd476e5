"""Command lines that people publish for Splunk, unmodified: each command succeeds, and finds what earlier ones made."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from tests.clients.venv import python_with

PASSWORD = "correct horse"
SECONDS = 60
INDEXED = "search index=main"
# Words of each command of splunk-as, and a word of what it prints.
COMMANDS: list[tuple[list[str], str]] = [
    (["admin", "info"], "caltrop"),
    (["admin", "health"], ""),
    (["admin", "status"], ""),
    (["admin", "list-roles"], "power"),
    (["admin", "list-users"], "admin"),
    (["admin", "rest-get", "/services/server/info"], "version"),
    (["app", "list"], "search"),
    (["app", "get", "search"], "search"),
    (["alert", "create", "--name", "a1", "--search", INDEXED, "--cron", "0 0 1 1 *"], ""),
    (["alert", "get", "a1"], "a1"),
    (["alert", "list"], "a1"),
    (["alert", "triggered"], ""),
    (["dashboard", "list"], ""),
    (["input", "hec", "create", "made"], ""),
    (["input", "hec", "list"], "made"),
    (["input", "hec", "delete", "made", "-f"], ""),
    (["input", "monitor", "list"], ""),
    (["input", "script", "list"], ""),
    (["input", "summary"], ""),
    (["job", "create", INDEXED], ""),
    (["job", "list"], ""),
    (["kvstore", "create", "things", "--app", "search"], ""),
    (["kvstore", "insert", "things", '{"_key": "a", "n": 1}', "--app", "search"], ""),
    (["kvstore", "get", "things", "a", "--app", "search"], "n"),
    (["kvstore", "update", "things", "a", '{"n": 2}', "--app", "search"], ""),
    (["kvstore", "query", "things", "--app", "search"], "2"),
    (["kvstore", "delete-record", "things", "a", "--app", "search"], ""),
    (["kvstore", "truncate", "things", "--app", "search", "-f"], ""),
    (["kvstore", "delete", "things", "--app", "search", "-f"], ""),
    (["lookup", "upload", "people.csv"], ""),
    (["lookup", "list"], "people.csv"),
    (["lookup", "get", "people.csv"], "ann"),
    (["lookup", "download", "people.csv"], ""),
    (["lookup", "transforms"], ""),
    (["lookup", "delete", "people.csv", "-f"], ""),
    (["metadata", "indexes"], "main"),
    (["metadata", "index-info", "main"], "main"),
    (["metadata", "sources"], "http-simple"),
    (["metadata", "sourcetypes"], "seen"),
    (["metadata", "search", "hosts"], ""),
    (["metrics", "indexes"], ""),
    (["metrics", "list"], ""),
    (["metrics", "mcatalog"], ""),
    (["savedsearch", "create", "--name", "s1", "--search", INDEXED, "--app", "search"], ""),
    (["savedsearch", "run", "s1", "--app", "search"], ""),
    (["savedsearch", "history", "s1", "--app", "search"], ""),
    (["savedsearch", "disable", "s1", "--app", "search"], ""),
    (["savedsearch", "enable", "s1", "--app", "search"], ""),
    (["savedsearch", "list"], "s1"),
    (["savedsearch", "delete", "s1", "--app", "search", "-f"], ""),
    (["search", "oneshot", f"{INDEXED} | head 10"], "ann"),
    (["search", "blocking", f"{INDEXED} | stats count"], "1"),
    (["search", "normal", f"{INDEXED} | stats count"], ""),
    (["search", "validate", f"{INDEXED} | stats count"], ""),
    (["security", "whoami"], "admin"),
    (["security", "capabilities"], "edit_user"),
    (["security", "list-roles"], "power"),
    (["security", "list-users"], "admin"),
    (["security", "create-token", "--name", "admin", "--audience", "x"], ""),
    (["security", "list-tokens"], ""),
    (["security", "check", "search"], ""),
    (["tag", "add", "host=web1", "prod"], ""),
    (["tag", "list"], ""),
]  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.client]


def test_splunk_as(tmp_path: Path) -> None:
    program = python_with(["splunk-as==1.2.0"]).with_name("splunk-as")
    (tmp_path / "people.csv").write_text("user,team\nann,red\n")
    with Server(tmp_path / "splunkd", password=PASSWORD) as server:
        admin = Client(server.daemon).basic("admin", PASSWORD)
        admin.request("POST", "receivers/simple", {"index": "main", "sourcetype": "seen"}, b"user=ann action=login")
        told = {
            "SPLUNK_SITE_URL": "https://localhost", "SPLUNK_MANAGEMENT_PORT": str(server.port), "SPLUNK_VERIFY_SSL": "false",
            "SPLUNK_USERNAME": "admin", "SPLUNK_PASSWORD": PASSWORD,
        }  # fmt: skip
        # Named bundles of certificates would win over what the client is told of them.
        environment = {k: v for k, v in os.environ.items() if not k.endswith("CA_BUNDLE")} | told

        def run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(program), *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )  # fmt: skip

        wrong = []
        for words, expected in COMMANDS:
            done = run(words)
            if done.returncode or expected not in done.stdout:
                wrong.append((words, done.returncode, (done.stdout + done.stderr)[-300:]))
    assert wrong == []
