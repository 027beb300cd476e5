"""Starting, stopping, starting again; many at once; the command line."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import splunklib.client as client
import splunklib.results as results
from click.testing import CliRunner

from caltrop.cli.install import command as install_command
from caltrop.errors import CaltropError
from caltrop.splunkd import server as server_module
from caltrop.splunkd.server import Server
from tests.patience import PATIENCE, ends, runs, until
from tests.testing.test_edited import ODD, sample_repository

from .conftest import PASSWORD, Raw


def connect(server: Server, password: str = "pw") -> client.Service:
    return client.connect(host="127.0.0.1", port=server.port, username="admin", password=password)


def count(service: client.Service, search: str) -> int:
    return sum(isinstance(r, dict) for r in results.JSONResultsReader(service.jobs.oneshot(search, output_mode="json")))


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path, password="pw") as server:
        service = connect(server)
        service.indexes.create("kept").submit("2024-01-01T00:00:00Z an event", host="h")
        service.indexes.create("dropped")
        service.indexes.delete("dropped")
        service.saved_searches.create("kept", "search index=kept")
        service.macros.create("kept", "index=kept")
        service.users.create("kept", "secret word", roles=["user"])
        service.storage_passwords.create("text", "kept")
        service.post("data/inputs/http", name="kept", index="kept", token="11111111-1111-1111-1111-1111111111113")
        service.namespace["app"] = "search"
        service.kvstore.create("kept")
        service.kvstore["kept"].data.insert({"_key": "1", "a": 1})
    with Server(tmp_path) as server:
        service = connect(server)
        assert count(service, "search `kept`") == 1
        assert "dropped" not in service.indexes
        assert service.saved_searches["kept"]["search"] == "search index=kept"
        assert client.connect(host="127.0.0.1", port=server.port, username="kept", password="secret word")
        assert [p.clear_password for p in service.storage_passwords] == ["text"]
        assert Raw(server.hec_port, {})(
            "POST", "/services/collector", '{"event":"x"}', Authorization="Splunk 11111111-1111-1111-1111-1111111111113"
        ).status == 200  # fmt: skip
        service.namespace["app"] = "search"
        assert service.kvstore["kept"].data.query_by_id("1")["a"] == 1
        assert len(service.jobs.list()) <= 1


def test_one_directory_one_server(tmp_path: Path) -> None:
    with Server(tmp_path, password="pw"), pytest.raises(CaltropError, match="another process"):
        Server(tmp_path, password="pw")


def test_stop_is_idempotent_and_a_temporary_directory_goes() -> None:
    server = Server(password="pw").start()
    folder = server.daemon.state.data_dir
    assert folder.is_dir()
    server.stop()
    server.stop()
    assert not folder.exists()


def test_idle_connections_do_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STOP_SECONDS", 10 * PATIENCE)  # what is given to work under way
    server = Server(password="pw").start()
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=ssl._create_unverified_context())
    connection.request("GET", "/services/messages")
    assert connection.getresponse().read()
    assert server.daemon.state.store.indexes()
    done = threading.Thread(target=server.stop)
    done.start()
    done.join(PATIENCE)
    assert not done.is_alive()
    connection.close()


def test_what_answers_is_loaded_for_the_first_that_connects() -> None:
    with Server(password="pw", asleep=True) as server:
        assert server._listeners is None
        for port in (server.port, server.hec_port):
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context())
            connection.request("GET", "/services/collector/health")
            assert connection.getresponse().status in (200, 401)
            connection.close()
        assert server._listeners is not None and server._listeners.started


def test_a_server_that_nobody_connects_to_ends_at_once() -> None:
    server = Server(password="pw", asleep=True).start()
    server.stop()
    assert server._thread is not None and not server._thread.is_alive() and server._listeners is None
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def test_a_port_in_use(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="cannot listen"):
        Server(tmp_path, port=server.port, password="pw").start()
    with Server(tmp_path, password="pw") as another:  # the folder is not held, either
        assert client.connect(host="127.0.0.1", port=another.port, username="admin", password="pw").info["version"]


def test_many_at_once(server: Server, service: client.Service) -> None:
    """A hundred requests from many threads: reads, writes, searches and events."""
    service.indexes.create("crowd")
    own = client.connect(host="127.0.0.1", port=server.port, username="admin", password=PASSWORD)

    def act(n: int) -> bool:
        if n % 4 == 0:
            own.indexes["crowd"].submit(f"2024-01-01T00:00:00Z n={n}", host=f"h{n}")
            return True
        if n % 4 == 1:
            own.saved_searches.create(f"crowd {n}", f"index=crowd n={n}")
            return True
        if n % 4 == 2:
            return count(own, f"| makeresults count={n}") == n
        return bool(own.get("apps/local").status == 200)

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(act, range(100)))
    assert count(service, "search index=crowd") == 25
    names = [s.name for s in service.saved_searches.list(count=-1, search="name=crowd*")]
    assert len(names) == 25
    for name in names:
        service.saved_searches.delete(name)
    service.indexes.delete("crowd")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command(number: signal.Signals, tmp_path: Path, root: Path) -> None:
    app = tmp_path / "an_app" / "default"
    app.mkdir(parents=True)
    (app / "app.conf").write_text("[launcher]\nversion = 7\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "caltrop", "serve", "--port", "0", "--hec-port", "0", "--web-port", "0", "--app", str(app.parent)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "CALTROP_PASSWORD": "from the environment"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        facts = {}
        for line in process.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.strip().partition(" ")
            facts[name] = value
        assert set(facts) == {"management", "hec", "web", "username", "password"}
        port = int(re.sub(r".*:", "", facts["management"]))
        service = client.connect(host="127.0.0.1", port=port, username=facts["username"], password=facts["password"])
        assert service.apps["an_app"]["version"] == "7"
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()


def test_the_command_hands_in_the_content_that_is_edited(tmp_path: Path, root: Path) -> None:
    content = tmp_path / "content"
    sample_repository(content)
    process, ports = serving(root, "--content", str(content))
    try:
        service = connect_to(ports["management"])
        told = json.loads(service.get("caltrop/content").body.read())
        assert told["root"] == str(content) and [d["file"] for d in told["detections"]] == [ODD]
        told = json.loads(service.post("caltrop/content", file=ODD).body.read())
        assert told["running"]["file"] == ODD

        def over() -> Any:
            now = json.loads(service.get("caltrop/content", file=ODD).body.read())
            return now["running"] is None and now

        told = until(over, "the end of the run", 120)
        (one,) = told["detections"]
        assert one["last"]["status"] == "passed" and one["last"]["tests"][0]["hits"], told
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()


HANGING = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[0] + ".pid", "w").write(str(child.pid))
time.sleep(600)
"""


def serving(root: Path, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """The command, and its ports by name, once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "caltrop", "serve", "--port", "0", "--hec-port", "0", "--web-port", "-1", "--password", "pw",
         "--no-addons", *arguments],
        stdout=subprocess.PIPE, text=True, cwd=root,
    )  # fmt: skip
    ports: dict[str, int] = {}
    assert process.stdout is not None
    for line in process.stdout:
        name, _, value = line.strip().partition(" ")
        if name == "ready":
            return process, ports
        if ":" in value:
            ports[name] = int(value.rsplit(":", 1)[1])
    raise AssertionError("it did not start")


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    """An app whose command starts another process and never ends."""
    app = tmp_path / "hangs"
    for path, text in {
        "default/app.conf": "[launcher]\nversion = 1\n",
        "default/commands.conf": "[hangs]\nchunked = true\nfilename = hangs.py\n",
        "bin/hangs.py": HANGING,
    }.items():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_text(text)
    return app


def busy(port: int, app: Path, data: Path, *, searches: int) -> int:
    """Keep a server busy with a script that hangs and with large searches; the process that the script started."""
    service = connect_to(port)
    service.jobs.create("| makeresults | hangs", namespace="hangs")
    for _ in range(searches):
        service.jobs.create(
            "| makeresults count=9000000 | eval a=md5(tostring(random())), b=sha512(a) | sort 0 b | dedup b"
        )
    note = data / "etc" / "apps" / "hangs" / "bin" / "hangs.py.pid"
    return int(until(lambda: note.exists() and note.read_text(), "the script"))


def connect_to(port: int) -> client.Service:
    return client.connect(host="127.0.0.1", port=port, username="admin", password="pw")


@pytest.mark.parametrize("temporary", [False, True])
def test_a_busy_server_ends_when_it_is_told_to(tmp_path: Path, root: Path, hanging: Path, temporary: bool) -> None:
    """SIGTERM, whatever runs: its scripts, what they started, and a temporary directory are gone with it, long before its searches
    would end. How many seconds it takes is measured by benchmarks/ending.py."""
    data = tmp_path / "temporary" if temporary else tmp_path / "data"
    data.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(data))
        process, ports = serving(root, "--app", str(hanging), *([] if temporary else ["--data-dir", str(data)]))
    try:
        folder = next(data.glob("caltrop-server-*")) if temporary else data
        pid = busy(ports["management"], hanging, folder, searches=4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        ends(pid)
        assert not temporary or not list(data.glob("caltrop-server-*"))
    finally:
        process.kill()


def test_what_a_killed_server_leaves_goes_with_the_next_start(tmp_path: Path, root: Path, hanging: Path) -> None:
    data = tmp_path / "data"
    process, ports = serving(root, "--app", str(hanging), "--data-dir", str(data))
    # Nothing large beside it: where memory ends, the server ends searches, the one with the script too.
    pid = busy(ports["management"], hanging, data, searches=0)
    large = connect_to(ports["management"]).jobs.create(
        "| makeresults count=9000 | eval a=random()", exec_mode="blocking"
    )
    assert list((data / "var" / "run" / "dispatch").glob(f"{large.sid}/*.arrow"))
    process.kill()
    process.wait(PATIENCE)
    assert runs(pid)
    with Server(data, password="pw", addons=()) as server:
        assert not runs(pid)
        assert not (data / "var" / "run" / "dispatch").exists()
        assert count(connect(server), 'search index=_internal "left by a server that was killed"') == 1


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, root: Path) -> None:
    """The process is killed while ten senders are at work; the next one finds every event that was answered with 200."""
    token = "33333333-0000-0000-0000-000000000000"
    process = subprocess.Popen(
        [sys.executable, "-m", "caltrop", "serve", "--port", "0", "--hec-port", "0", "--web-port", "-1", "--hec-token", token,
         "--data-dir", str(tmp_path), "--password", "pw"],
        stdout=subprocess.PIPE, text=True, cwd=root,
    )  # fmt: skip
    acknowledged: list[str] = []
    enough = threading.Event()

    def send(sender: int) -> None:
        collector = Raw(port, {"Authorization": f"Splunk {token}"})
        for number in range(1000):
            text = f"event {sender}-{number}"
            try:
                answer = collector(
                    "POST", "/services/collector/event", json.dumps({"event": text, "sourcetype": "kill"})
                )
            except (OSError, http.client.HTTPException):
                return  # killed
            assert answer.status == 200
            acknowledged.append(text)
            if len(acknowledged) > 40:
                enough.set()

    try:
        assert process.stdout is not None
        port = next(int(line.rsplit(":", 1)[1]) for line in process.stdout if line.startswith("hec"))
        assert any(line == "ready\n" for line in process.stdout)
        with ThreadPoolExecutor(10) as pool:
            sending = [pool.submit(send, n) for n in range(10)]
            assert enough.wait(PATIENCE)
            process.kill()
        for future in sending:
            future.result()
    finally:
        process.kill()
        process.wait(PATIENCE)
    with Server(tmp_path, password="pw") as server:
        stream = connect(server).jobs.oneshot("search sourcetype=kill | table _raw", output_mode="json", count=0)
        found = [row["_raw"] for row in results.JSONResultsReader(stream) if isinstance(row, dict)]
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


def test_install_command(server: Server, tmp_path: Path) -> None:
    app = tmp_path / "installed_app" / "default"
    app.mkdir(parents=True)
    (app / "app.conf").write_text("[launcher]\nversion = 3\n")
    run = CliRunner()
    arguments = [str(app.parent), "--target", server.url]
    done = run.invoke(install_command, [*arguments, "--password", PASSWORD])
    assert done.exit_code == 0, done.output
    assert "installed_app" in done.output
    failures = [
        ([*arguments, "--password", "wrong"], "refused"),
        (arguments, "no credentials"),
        ([str(app.parent), "--target", "https://splunk.example.com:8089", "--token", "t"], "own disk"),
        ([str(app.parent), "--target", "https://x.splunkcloud.com:8089", "--token", "t"], "Splunk Cloud"),
        ([str(app.parent), "--target", "ftp://x", "--token", "t"], "not a target URL"),
    ]
    for given, text in failures:
        failed = run.invoke(install_command, given)
        assert isinstance(failed.exception, CaltropError), failed.exc_info
        assert text in str(failed.exception)
