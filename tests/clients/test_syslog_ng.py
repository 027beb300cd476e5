"""syslog-ng of Debian, unmodified: its HTTP destination sends what comes in by syslog to the collector."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from tests.clients.debian import environment, unpacked

PASSWORD = "correct horse"
TOKEN = "0b0a2b57-2b7b-4a53-8a26-f4c1b4a5ea1c"
EVENTS = 500
SECONDS = 60.0
CONFIGURATION = """\
@version: 3.38
source incoming { network(transport("tcp") ip("127.0.0.1") port(%(port)d)); };
destination events {
  http(url("%(url)s/services/collector/event") method("POST") headers("Authorization: Splunk %(token)s") tls(peer-verify(no))
    batch-lines(50) batch-bytes(64Kb) batch-timeout(200) workers(2) persist-name("events")
    body("$(format-json time=$S_UNIXTIME host=$HOST source=syslog_ng_event sourcetype=syslog event.program=$PROGRAM event.message=$MSG)"));
};
destination lines {
  http(url("%(url)s/services/collector/raw?source=syslog_ng_raw&sourcetype=lines&index=main") method("POST") user("syslog") password("%(token)s")
    tls(peer-verify(no)) batch-lines(50) batch-timeout(200) delimiter("\\n") body("$ISODATE $HOST $MSGHDR$MSG") persist-name("lines"));
};
log { source(incoming); destination(events); destination(lines); };
"""

pytestmark = [pytest.mark.slow, pytest.mark.client]


def test_syslog_becomes_events(tmp_path: Path) -> None:
    root = unpacked(["syslog-ng-core", "syslog-ng-mod-http"])
    with Server(tmp_path / "splunkd", password=PASSWORD) as server, socket.socket() as free:
        server.create_hec_token("syslog", TOKEN)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        conf = tmp_path / "syslog-ng.conf"
        conf.write_text(CONFIGURATION % {"port": port, "url": server.hec_url, "token": TOKEN})
        log = tmp_path / "log.txt"
        command = [
            str(root / "usr/sbin/syslog-ng"), "--foreground", "--stderr", "--no-caps", "--cfgfile", str(conf),
            "--module-path", str(root / "usr/lib/syslog-ng/3.38"), "--persist-file", str(tmp_path / "persist"),
            "--pidfile", str(tmp_path / "pid"), "--control", str(tmp_path / "control"),
        ]  # fmt: skip
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=environment(root), stdout=output, stderr=output)
        try:
            send(port, process)
            admin = Client(server.daemon).basic("admin", PASSWORD)
            events, lines = (settled(admin, f"source=syslog_ng_{kind}") for kind in ("event", "raw"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)
    told = log.read_text()
    assert len(events) == EVENTS, told[-2000:]
    assert sorted(json.loads(raw)["message"] for raw in events) == sorted(
        f'number {n} says "Ünï"' for n in range(EVENTS)
    )
    assert len(lines) == EVENTS and all("trial[7]: number" in raw for raw in lines), told[-2000:]


def send(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        assert process.poll() is None, "syslog-ng ended by itself"
        try:
            with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
                for number in range(EVENTS):
                    connection.sendall(f'<13>Nov 27 10:00:00 gate trial[7]: number {number} says "Ünï"\n'.encode())
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "syslog-ng does not listen"
            time.sleep(0.1)


def settled(admin: Client, search: str) -> list[str]:
    """What has arrived when nothing more does."""
    deadline = time.monotonic() + SECONDS
    rows: list[str] = []
    while time.monotonic() < deadline and len(rows) < EVENTS:
        time.sleep(0.3)
        answer = admin.post("search/jobs", search=f"search index=main {search}", exec_mode="oneshot", count=0)
        rows = [row["_raw"].strip() for row in answer.json()["results"]]
    return rows
